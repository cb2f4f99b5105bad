"""Steps: replay history as if day by day, with models retrained at each cut-off."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import task

from tasks import sales_table, workers
from tasks.forecasting.lessons import lessons
from tasks.forecasting.lstm import Floats
from tasks.forecasting.metrics import Accuracy, accuracy
from tasks.forecasting.recipe import Recipe, learn_scaling, to_learn_from
from tasks.forecasting.sales import Panel, TooLittleHistory
from tasks.forecasting.scaling import forecast
from tasks.forecasting.variants import build, litert
from tasks.forecasting.variants.plan import Variant
from tasks.forecasting.windows import Days, Split, windows
from tasks.home import Home

log = logging.getLogger("shelfcast.backtest")

PERIOD = 28
"""Days from one cut-off to the next."""

CADENCES = {"never": 0, "every 12 weeks": 3, "every 4 weeks": 1}
"""How often to retrain, in periods."""


@dataclass(frozen=True)
class Period:
    """What a model forecasts from its cut-off to the end: day, actual and forecast of each window."""

    day: NDArray[np.datetime64]
    actual: Floats
    forecast: Floats


@task
def replay_history(home: Home, variant: Variant, recipe: Recipe, days: Days, length: int) -> tuple[str, list[Period]]:
    """Train one model a cut-off on what was known then, and forecast with its file what came after.

    Raises:
        sales_table.NoSales: If nothing was ingested yet.
        TooLittleHistory: If there are fewer than 28 days to learn from before the replay begins.
    """
    sales = sales_table.panel(home)
    known = len(sales.dates)
    cutoffs = list(range(known - length, known, PERIOD))
    if cutoffs[0] < PERIOD:
        raise TooLittleHistory(
            f"a replay of {length} days needs {length + PERIOD} days of history; received {known}. Use fewer --days"
        )
    log.info(
        "%d models, the first trained before %s, then every %d days", len(cutoffs), sales.dates[cutoffs[0]], PERIOD
    )
    periods = workers.gather(forecast_from, [(sales, variant, recipe, days, cutoff) for cutoff in cutoffs])
    return str(sales.dates[cutoffs[0]]), periods


def forecast_from(sales: Panel, variant: Variant, recipe: Recipe, days: Days, cutoff: int) -> Period:
    """Train on the days before index `cutoff` and run the file on those after. Runs in a worker."""
    split = Split(int(cutoff * (1 - days.validation)), cutoff)
    scale = learn_scaling(recipe, sales, split).over(sales)
    learned = lessons(recipe, scale, to_learn_from(recipe, sales, split)[0])
    weights = build.train(variant, recipe, learned, seed=0)
    file = litert.Forecaster(build.file(variant, recipe, weights, build.representative(learned, seed=0)))
    after = windows(sales, cutoff, len(sales.dates))
    return Period(after.day, after.actual, forecast(scale, after, file))


@task
def compare_cadences(periods: list[Period]) -> list[dict[str, Any]]:
    """How well each cadence would have done, the best MAPE first."""
    results = [
        {"name": name, "retrains": len(used) - 1, **asdict(_accuracy(used))}
        for name, every in CADENCES.items()
        if (used := periods[:: every or len(periods)])
    ]
    return sorted(results, key=lambda result: (result["mape"] != result["mape"], result["mape"]))


def _accuracy(periods: list[Period]) -> Accuracy:
    """Each day forecast by the newest of these models that was there then."""
    actual, forecast = [], []
    for period, following in zip(periods, [*periods[1:], None], strict=True):
        until = following.day.min() if following else np.datetime64("9999-12-31")
        mine = period.day < until
        actual.append(period.actual[mine])
        forecast.append(period.forecast[mine])
    return accuracy(np.concatenate(actual), np.concatenate(forecast))
