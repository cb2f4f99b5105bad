"""Actuals against forecasts -> scores, alerts; the drift event starts a retrain where that is deployed."""

from datetime import UTC, date, datetime

from flows.preflight.monitor import monitor_request
from flows.runtime.watched import watched
from tasks.monitor.result import MonitorResult, monitored
from tasks.monitor.score import score
from tasks.monitor.watch import watch
from tasks.notify import tell
from tasks.state.alerts import open_alerts, standing
from tasks.state.ledger import Ledger


@watched
def monitor(home: str | None = None, as_of: str | None = None) -> MonitorResult:
    """Score each store's model on the sales that arrived since it was gated; tell once what drifts or runs too long.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        as_of: The last day to look at, YYYY-MM-DD. Defaults to the last day with sales.

    Returns:
        The JSON of `shelfcast monitor`.
    """
    asked = monitor_request(home, as_of)
    settings, place = asked.settings, asked.home
    with place.writing():
        decided = Ledger.of(place)
        scored = score(place, decided, asked.as_of, settings.drift, settings.mape)
        changes = watch(decided, scored, asked.as_of, settings.drift, date.today())
        tell(place, lambda _: changes, settings.alert_urls)
    return monitored(asked.as_of, scored, standing(open_alerts(decided), datetime.now(UTC)), changes)
