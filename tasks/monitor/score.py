"""Step: score each store's model on the sales that arrived since it was gated."""

import logging
import math
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from prefect import task

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import DifferentPolicies, MapePolicy
from tasks.forecasting.data.days import natural
from tasks.forecasting.data.panel import WINDOW, TooLittleHistory
from tasks.forecasting.data.windows import windows
from tasks.forecasting.rollout.drift import DriftPolicy, Live, live
from tasks.monitor.result import StoreScore
from tasks.state import sales_table, scores
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tasks.state.releases import Releases

log = logging.getLogger("shelfcast.score")


@task
def score(home: Home, decided: Ledger, as_of: date, drift: DriftPolicy, policy: MapePolicy) -> list[StoreScore]:
    """Score each store's champion on the sales after its release's last day, and keep the scores.

    A release that was gated under another MAPE policy is scored, but its drift is undefined. Stores that run a damaged
    release are not scored, which stops no other.

    Args:
        home: Where sales, releases and scores are.
        decided: The ledger, which says what each store runs.
        as_of: The last day to score.
        drift: How far to look back.
        policy: Which days count in MAPE.

    Returns:
        The stores' scores, in the order of their codes.
    """
    scored, known = dict[str, StoreScore](), Releases.of(home)
    for champion, stores in _by_champion(decided).items():
        release, fault = known.release(champion.release), None
        try:
            forecasts = _forecasts(home, release, champion.variant, stores, as_of, policy)
            gated = _gated(release, champion.variant, stores, policy)
        except (DamagedRelease, NoSuchRelease) as error:
            log.error("what runs %s of %s cannot be scored: %s", champion.variant, champion.release, error)
            forecasts, gated, fault = _none(), dict.fromkeys(stores, math.nan), str(error)
        scores.append(home, forecasts)
        for store in stores:
            own = forecasts[forecasts["store"] == store]
            now = _live(own, gated[store], as_of, drift, policy)
            scored[store] = StoreScore(store, champion.release, champion.variant, now, fault)
    log.info("scored %d stores as of %s", len(scored), as_of)
    return [scored[store] for store in natural(scored)]


def _none() -> pd.DataFrame:
    """No forecasts."""
    return scores.SCHEMA.empty_table().to_pandas()


def _by_champion(decided: Ledger) -> dict[Champion, list[str]]:
    grouped: dict[Champion, list[str]] = {}
    for store, champion in decided.running().items():
        grouped.setdefault(champion, []).append(store)
    return grouped


def _gated(release: Release, variant: str, stores: Sequence[str], policy: MapePolicy) -> dict[str, float]:
    """The MAPE at which the model was gated in each store, in percent; NaN where the policies differ."""
    try:
        return {store: release.gated_mape(variant, store, policy) for store in stores}
    except DifferentPolicies as error:
        log.warning("%s", error)
        return dict.fromkeys(stores, math.nan)


def _forecasts(
    home: Home, release: Release, variant: str, stores: Sequence[str], last: date, policy: MapePolicy
) -> pd.DataFrame:
    """Forecast and actual of each item and day since the release's last day, columns of `scores.SCHEMA`."""
    evaluation = _days_since(home, release.manifest.snapshot.last_day, stores, last, policy)
    if evaluation is None:
        return _none()
    since, sales = evaluation.windows, evaluation.windows.panel
    forecast = release.forecast(variant, since, release.levels)
    return pd.DataFrame(
        {
            "date": since.day.astype("datetime64[D]").tolist(),
            "store": sales.stores[since.series],
            "item": sales.items[since.series],
            "actual": since.actual,
            "forecast": forecast,
            "release": release.id,
            "variant": variant,
            "percentage_error": evaluation.percentage_errors(forecast),
            "policy": policy.hash,
        }
    )


def _days_since(home: Home, day: date, stores: Sequence[str], last: date, policy: MapePolicy) -> EvaluationSet | None:
    """The days after `day` that are measured, and how; `None` where there is none."""
    try:
        sales = sales_table.panel(home, after=day - timedelta(WINDOW), until=last, stores=stores)
    except TooLittleHistory:
        return None
    days = len(sales.dates)
    since = windows(sales, sales.column_after(day), days)
    measured = since[EvaluationSet(since, days, policy).measured]
    return EvaluationSet(measured, days, policy) if len(measured) else None


def _live(own: pd.DataFrame, gated_mape: float, last: date, drift: DriftPolicy, policy: MapePolicy) -> Live:
    """The live accuracy of one store's forecasts."""
    day = np.array(own["date"].to_list(), dtype="datetime64[D]")
    error = own["percentage_error"].to_numpy()
    return live(day, error, gated_mape, np.datetime64(last), drift, policy.min_coverage)
