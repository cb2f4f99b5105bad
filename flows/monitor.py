"""Actuals against forecasts -> scores, alerts; the drift event starts a retrain where that is deployed."""

from datetime import date
from typing import Any

from prefect import flow

from flows.runtime.on_failure import run_failed
from flows.settings import home_at, load
from tasks.monitor.expire import expire, remember_expired
from tasks.monitor.score import remember, score, summary, watch
from tasks.notify import send


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def monitor(home: str | None = None, as_of: str | None = None) -> dict[str, Any]:
    """Score each store's model on the sales that arrived since it was gated; say once what drifts or runs too long.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        as_of: The last day to look at, YYYY-MM-DD. Defaults to the last day with sales.

    Returns:
        The JSON of `shelfcast monitor`.
    """
    settings, place = load(), home_at(home)
    last, scored = score(place, date.fromisoformat(as_of) if as_of else None, settings.drift, settings.mape)
    alerts, expired = watch(place, scored, last, settings.drift), expire(place)
    send(alerts + expired, settings.alert_urls)
    remember(place, alerts, scored)
    remember_expired(place, expired)
    return summary(last, scored, alerts + expired, place)
