"""Steps: score what stores run against the sales that arrived since, and say what drifts."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from prefect import task

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import DEFAULT_POLICY, DifferentPolicies, MapePolicy
from tasks.forecasting.data.panel import WINDOW, TooLittleHistory
from tasks.forecasting.data.windows import windows
from tasks.forecasting.rollout.drift import DriftPolicy, Live, alarming, live
from tasks.state import ledger, sales_table, scores
from tasks.state.alerts import Alert
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.release import Release

log = logging.getLogger("shelfcast.score")


@dataclass(frozen=True)
class StoreScore:
    """How a store's model does."""

    store: str
    release: str
    variant: str
    live: Live


@task
def score(
    home: Home, as_of: date | None, drift: DriftPolicy, policy: MapePolicy = DEFAULT_POLICY
) -> tuple[str, list[StoreScore]]:
    """Score each store's champion on the sales after its release's last day; the day it is as of, and the scores.

    A release that was gated under another MAPE policy is scored, but does not compare: its drift is unknown.

    Raises:
        sales_table.NoSales: If nothing was ingested yet.
    """
    last = as_of or sales_table.latest(home)[1]
    scored = []
    for champion, stores in _by_champion(home).items():
        forecasts = _forecasts(home, champion, stores, last, policy)
        scores.append(home, forecasts)
        gated = _gated(home, champion, stores, policy)
        parts = (forecasts, last, drift, policy)
        scored += [_store(store, champion, gated[store], *parts) for store in stores]
    log.info("scored %d stores as of %s", len(scored), last)
    return str(last), sorted(scored, key=lambda each: (len(each.store), each.store))


def _by_champion(home: Home) -> dict[Champion, list[str]]:
    grouped: dict[Champion, list[str]] = {}
    for store, champions in ledger.champions(home).items():
        grouped.setdefault(champions[-1], []).append(store)
    return grouped


def _gated(home: Home, champion: Champion, stores: Sequence[str], policy: MapePolicy) -> dict[str, float]:
    """What the model was gated at in each store; NaN where that does not compare."""
    release = Release(home.releases / champion.release)
    try:
        return {store: release.gated_mape(champion.variant, store, policy) for store in stores}
    except DifferentPolicies as error:
        log.warning("%s", error)
        return dict.fromkeys(stores, math.nan)


def _forecasts(home: Home, champion: Champion, stores: Sequence[str], last: date, policy: MapePolicy) -> pd.DataFrame:
    """Forecast and actual of each item and day since the release's last day, columns of `scores.SCHEMA`."""
    release = Release(home.releases / champion.release)
    learned = release.manifest.snapshot.last_day
    empty = scores.SCHEMA.empty_table().to_pandas()
    try:
        sales = sales_table.panel(home, after=learned - timedelta(WINDOW), until=last, stores=stores)
    except TooLittleHistory:
        return empty
    since = windows(sales, sales.column_after(learned), len(sales.dates))
    since = since[EvaluationSet(since, len(sales.dates), policy).measured]
    if not len(since):
        return empty
    forecast = release.forecast(champion.variant, since, release.levels)
    return pd.DataFrame(
        {
            "date": since.day.astype("datetime64[D]").tolist(),
            "store": sales.stores[since.series],
            "item": sales.items[since.series],
            "actual": since.actual,
            "forecast": forecast,
            "release": champion.release,
            "variant": champion.variant,
            "percentage_error": EvaluationSet(since, len(sales.dates), policy).percentage_errors(forecast),
            "policy": policy.hash,
        }
    )


def _store(
    store: str,
    champion: Champion,
    gated: float,
    forecasts: pd.DataFrame,
    last: date,
    drift: DriftPolicy,
    policy: MapePolicy,
) -> StoreScore:
    mine = forecasts[forecasts["store"] == store]
    day = np.array(mine["date"].to_list(), dtype="datetime64[D]")
    error = mine["percentage_error"].to_numpy()
    now = live(day, error, gated, np.datetime64(last), drift, policy.min_coverage)
    return StoreScore(store, champion.release, champion.variant, now)


@task
def watch(home: Home, scored: Sequence[StoreScore], as_of: str, policy: DriftPolicy) -> list[Alert]:
    """Alerts to open where drift went over its limit, and to resolve where it came back."""
    before = {name: entry for name, entry in ledger.open_alerts(home).items() if entry.details["kind"] == "drift"}
    alerts = [alert for each in scored if (alert := _change(each, as_of, policy, before))]
    return alerts + _moved_on(scored, before)


@task
def remember(home: Home, alerts: Sequence[Alert], scored: Sequence[StoreScore]) -> None:
    """Record alerts after they were said, so that one is rather said twice than never."""
    before = ledger.open_alerts(home)
    ledger.record(home, [_entry(alert, before, scored) for alert in alerts])


def _id(score: StoreScore) -> str:
    return f"drift-{score.store}-{score.release}-{score.variant}"


def _change(score: StoreScore, as_of: str, policy: DriftPolicy, before: dict[str, ledger.Entry]) -> Alert | None:
    is_open = _id(score) in before
    alarm = alarming(score.live, policy, is_open)
    if alarm is None or alarm == is_open:
        return None
    now = score.live
    figures = (
        f"store {score.store}, {score.variant} of {score.release}: MAPE {now.mape_28:.2f} % over the {now.days} days "
        f"to {as_of}, gated at {now.gated_mape:.2f} %, drift {now.drift_pp:+.2f} pp"
    )
    if alarm:
        message = f"{figures}, limit {policy.limit_pp:g}. Retrain, or `shelfcast rollback {score.store}`"
    else:
        message = f"{figures}, back within {policy.resolve_pp:g}"
    return Alert(_id(score), "drift", "warning", f"store.{score.store}", "open" if alarm else "resolved", message)


def _moved_on(scored: Sequence[StoreScore], before: dict[str, ledger.Entry]) -> list[Alert]:
    """Alerts about models that their stores no longer run."""
    current = {_id(each) for each in scored}
    return [
        Alert(name, "drift", "warning", f"store.{entry.details['store']}", "resolved", "the store runs another model")
        for name, entry in before.items()
        if name not in current
    ]


def _entry(alert: Alert, before: dict[str, ledger.Entry], scored: Sequence[StoreScore]) -> ledger.Entry:
    if alert.state == "resolved":
        opened = before[alert.id]
        return ledger.Entry("resolved", alert.id, alert.message, opened.release, opened.variant, opened.details)
    score = next(each for each in scored if _id(each) == alert.id)
    details = {"kind": alert.kind, "store": score.store, "severity": alert.severity}
    return ledger.Entry("alert", alert.id, alert.message, score.release, score.variant, details)


def summary(as_of: str, scored: Sequence[StoreScore], alerts: Sequence[Alert], home: Home) -> dict[str, Any]:
    """The JSON of a monitor run; `alerts` are those it opened or resolved, `open_alerts` the ids of all open ones."""
    return {
        "as_of": as_of,
        "stores": [
            {
                "store": each.store,
                "release": each.release,
                "variant": each.variant,
                "mape": _defined(each.live.mape_28),
                "mape_7": _defined(each.live.mape_7),
                "gated_mape": _defined(each.live.gated_mape),
                "drift_pp": _defined(each.live.drift_pp),
                "days": each.live.days,
            }
            for each in scored
        ],
        "alerts": [vars(alert) for alert in alerts],
        "open_alerts": sorted(ledger.open_alerts(home)),
    }


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
