"""Replay history: what a retraining cadence would have done."""

import time
from typing import Any

from prefect import flow

from flows.failure import run_failed
from flows.settings import home_at, load
from tasks.backtest import compare_cadences, replay_history
from tasks.forecasting.recipe import RECIPES
from tasks.forecasting.variants.plan import variant as named


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def backtest(
    home: str | None = None, variant: str = "lstm-16", recipe: str = "production", days: int = 364
) -> dict[str, Any]:
    """Retrain every 4 weeks, every 12 weeks or never over the last days of the history, and compare.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        variant: What to retrain. Defaults to `lstm-16`.
        recipe: How. Defaults to `production`.
        days: Days to replay. Defaults to 364.

    Returns:
        The JSON of `shelfcast backtest`.
    """
    start, settings, place = time.monotonic(), load(), home_at(home)
    first_day, periods = replay_history(place, named(variant), RECIPES[recipe], settings.days, days)
    cadences = compare_cadences(periods)
    return {
        "variant": variant,
        "recipe": recipe,
        "first_day": first_day,
        "days": days,
        "cadences": cadences,
        "best": cadences[0]["name"],
        "seconds": time.monotonic() - start,
    }
