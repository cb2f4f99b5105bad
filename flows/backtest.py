"""Replay history: what a retraining cadence, and a limit of the gate, would have done."""

import time
from typing import Any

from flows.runtime import seasons
from flows.runtime.watched import watched
from flows.settings import home_at, load
from tasks.backtest.models import open_backtest
from tasks.backtest.simulate import cadences, replay_history, show, train_models, write_report
from tasks.forecasting.model.recipe import RECIPES


@watched
def backtest(
    home: str | None = None, variant: str = "lstm-16", profile: str = "quick", days: int = 364
) -> dict[str, Any]:
    """Retrain never, quarterly, monthly or before each season over the last days of the history, gate, and compare.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        variant: What to retrain. Defaults to `lstm-16`.
        profile: One of the settings' profiles, whose recipe is taken; each model is trained once, whatever its runs.
            Defaults to `quick`.
        days: Days to replay. Defaults to 364.

    Returns:
        The JSON of `shelfcast backtest`.
    """
    start, settings, place = time.monotonic(), load(), home_at(home)
    recipe = settings.profile(profile).recipe
    parts = (settings.days, settings.history, settings.calendar, settings.mape)
    replayed = open_backtest(place, RECIPES[recipe], variant, *parts)
    before_seasons = [season.retrain_on for season in seasons.load()]
    retrains = cadences(replayed, days, before_seasons, settings.gate.min_days)
    trained = train_models(replayed, retrains)
    result = {
        "variant": variant,
        "profile": profile,
        "recipe": recipe,
        "first_day": str(min(each[0] for each in retrains.values())),
        "last_day": str(replayed.sales.dates[-1]),
        "days": days,
        **replay_history(replayed, retrains, settings.gate, settings.costs),
    }
    show(result)
    return result | {"report": write_report(replayed, result), "trained": trained, "seconds": time.monotonic() - start}
