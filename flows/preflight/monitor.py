"""What `monitor` is asked for, checked; without Prefect, so that a mistake shows at once."""

from dataclasses import dataclass
from datetime import date

from flows.preflight.errors import RequestError
from flows.settings import Settings, home_at, load
from tasks.state import sales_table
from tasks.state.home import Home


@dataclass(frozen=True)
class MonitorRequest:
    """Sales to score stores' models on.

    Attributes:
        home: The home with the sales and the stores' models.
        settings: The settings.
        as_of: The last day to look at.
    """

    home: Home
    settings: Settings
    as_of: date


def monitor_request(home: str | None, as_of: str | None) -> MonitorRequest:
    """The scoring that is asked for, if it can be.

    Args:
        home: Folder of all state; `None` for the default.
        as_of: The last day to look at, YYYY-MM-DD; `None` for the last day with sales.

    Raises:
        RequestError: If `as_of` is not a day.
        NoSales: If nothing was ingested yet.
        SettingsError: If the settings cannot be used.
    """
    settings, place = load(), home_at(home)
    latest = sales_table.latest(place)[1]
    try:
        return MonitorRequest(place, settings, date.fromisoformat(as_of) if as_of else latest)
    except ValueError:
        raise RequestError(f"is the last day to look at, YYYY-MM-DD. Received: {as_of}", "as_of") from None
