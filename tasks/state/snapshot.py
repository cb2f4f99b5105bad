"""The snapshot of the sales table that a retrain or a backtest starts from."""

from datetime import date

from tasks.forecasting.data.history import History
from tasks.forecasting.rollout.waves import require_known
from tasks.state import sales_table
from tasks.state.home import Home


def latest_for(home: Home, history: History) -> tuple[int, date]:
    """Version and last day of the latest snapshot, once every store that the excluded periods name has sales in it.

    Args:
        home: The home of the sales table.
        history: Which days and series take part; its excluded periods may name stores.

    Raises:
        NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
    """
    latest, known = sales_table.latest(home), sales_table.stores(home)
    for period in history.exclude:
        require_known(period.stores or (), known, f"the excluded period {period.reason!r}")
    return latest
