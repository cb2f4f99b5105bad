"""Replay history: what a retraining cadence, and a limit of the gate, would have done."""

import time

from flows.preflight.backtest import backtest_request
from flows.runtime.watched import watched
from tasks.backtest.models import open_backtest
from tasks.backtest.simulate import cadences, replay_history, show, train_models, write_report
from tasks.report.backtest_result import BacktestResult


@watched
def backtest(
    home: str | None = None, variant: str = "lstm-16", profile: str = "quick", days: int = 364
) -> BacktestResult:
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
    start, asked = time.monotonic(), backtest_request(home, variant, profile)
    settings, spec = asked.settings, asked.spec
    replayed = open_backtest(asked.home, spec, variant)
    retrains = cadences(replayed, days, asked.before_seasons, settings.gate.min_days)
    trained = train_models(replayed, retrains)
    replay = replay_history(replayed, retrains, settings.gate, settings.costs)
    result = BacktestResult(
        **dict(replay),
        variant=variant,
        profile=profile,
        recipe=spec.recipe_name,
        first_day=min(each[0] for each in retrains.values()),
        last_day=replayed.last_day,
        days=days,
        report=str(replayed.report),
        trained=trained,
        seconds=time.monotonic() - start,
    )
    show(result)
    write_report(replayed, result)
    return result
