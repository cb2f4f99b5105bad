"""Steps: replay history as if day by day, with models retrained on a cadence, gated, promoted and scored."""

import logging
import math
from collections.abc import Iterable, Mapping
from datetime import date

from prefect import task
from prefect.artifacts import create_table_artifact

from tasks import workers
from tasks.backtest.models import Backtest, train_model
from tasks.forecasting.backtest.cadence import retrain_days
from tasks.forecasting.backtest.cost_benefit import (
    SETTINGS,
    Usage,
    beyond_noise,
    cheapest_first,
    compared_limits,
    summary,
    yearly_cost,
)
from tasks.forecasting.backtest.replay import Decision, Replay, ReplayScore
from tasks.forecasting.backtest.simulation import Simulation
from tasks.forecasting.data.panel import WINDOW, TooLittleHistory
from tasks.forecasting.gate.comparison import Comparison, Estimate
from tasks.forecasting.gate.evidence import Evidence, Forecast
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.costs import Cost, CostModel
from tasks.report import backtest_report
from tasks.report.backtest_result import (
    BacktestResult,
    CadenceRecord,
    DecisionRecord,
    DifferenceRecord,
    LimitRecord,
    OwnCadence,
    ReplayRecord,
    WithoutNetwork,
)
from tasks.report.sentences import backtest as sentences
from tasks.report.sentences.checks import reasons, would_have_passed
from tasks.state.atomic import write_file
from tasks.state.variant_record import CostRecord

log = logging.getLogger("shelfcast.backtest")

Cadences = Mapping[str, tuple[date, ...]]
"""The days on which each cadence retrains."""

Key = tuple[str, str]
"""A cadence and a limit of the gate."""


def cadences(backtest: Backtest, length: int, before_seasons: Iterable[date], min_days: int) -> Cadences:
    """The days on which each cadence retrains, over the last days of the sales.

    Args:
        backtest: The backtest whose sales are replayed.
        length: Number of days to replay.
        before_seasons: A day for each season, of which only month and day count.
        min_days: Number of days that the gate needs in a holdout.

    Raises:
        TooLittleHistory: If there is not enough before the replay for the first model and its holdout.
    """
    dates = backtest.sales.dates
    held_back, window = backtest.spec.history.held_back_days, backtest.spec.history.days or len(dates) + WINDOW
    needed = next(days for days in range(WINDOW, 10**6) if days - backtest.spec.split.split(days).holdout >= min_days)
    before = len(dates) - length - held_back
    if min(before, window) < needed:
        most = len(dates) - needed - held_back
        more = "Widen [history] days" if window < needed else "Ingest more history"
        remedy = f"Use --days {most} or fewer" if most >= min_days and window >= needed else more
        raise TooLittleHistory(
            f"a replay of {length} days needs {length + needed + held_back} days of history, as the gate asks for "
            f"{min_days} days of holdout; received {len(dates)}. {remedy}"
        )
    first, last = (dates[index].astype(date) for index in (len(dates) - length, -1))
    return retrain_days(first, last, before_seasons)


@task
def train_models(backtest: Backtest, cadences: Cadences) -> int:
    """Train a model for each day on which a cadence retrains, unless it is there.

    Returns:
        The number of models that were not there yet.

    Raises:
        LostWork: If a model's worker was lost twice; the next run trains what is missing.
    """
    days = sorted({day for days in cadences.values() for day in days})
    missing = [day for day in days if not backtest.has(day)]
    names = " and ".join(each.name for each in backtest.spec.variants)
    there, to_do = len(days) - len(missing), workers.to_do(len(missing))
    log.info("%d models of %s: %d are there, %d to train", len(days), names, there, len(missing), extra=to_do)
    for day, mape in workers.arriving(train_model, [(backtest, day) for day in missing]):
        model = f"model {days.index(day) + 1} of {len(days)}"
        log.info("%s, sales before %s: MAPE %.2f %%", model, day, mape, extra=workers.DONE)
    return len(missing)


@task
def replay_history(backtest: Backtest, cadences: Cadences, gate: Limits, costs: CostModel) -> ReplayRecord:
    """What each cadence would have done under each limit: errors, promotions, refusals, costs; and which one pays."""
    simulation, compared = _simulation(backtest, cadences), compared_limits(gate)
    replays = {
        (name, limit): simulation.replay(days, limits)
        for limit, limits in compared.items()
        for name, days in cadences.items()
    }
    scores = {key: simulation.score(replay) for key, replay in replays.items()}
    cost = _costs(simulation, replays, scores, costs)
    rows = {key: _row(key[0], replay, scores[key], cost[key]) for key, replay in replays.items()}
    own = {name: cost[name, SETTINGS] for name in cadences}
    order = cheapest_first(own)
    differences = _differences(simulation, {name: replays[name, SETTINGS] for name in order}, gate)
    sentence = sentences.summary(summary(own, differences, gate.confidence), costs.currency)
    return ReplayRecord(
        best=order[0],
        sentence=sentence + ("" if replays[order[0], SETTINGS].promoted else sentences.NOTHING_PASSED),
        currency=costs.currency,
        prices=costs,
        stores=_stores(simulation),
        cadences=tuple(
            OwnCadence(**dict(rows[name, SETTINGS]), **_over_time(scores[name, SETTINGS])) for name in order
        ),
        limits=tuple(
            LimitRecord(name=limit, changes=_changes(limits, gate), cadences=tuple(rows[name, limit] for name in order))
            for limit, limits in compared.items()
        ),
        differences=tuple(_difference(order[0], name, each) for name, each in differences.items()),
        without_network=_without_network(simulation),
        policy=simulation.policy.hash,
    )


def _simulation(backtest: Backtest, cadences: Cadences) -> Simulation:
    """The sales and the models that all replays have in common."""
    spec, trained = backtest.spec, {day: backtest.model(day) for days in cadences.values() for day in days}
    parts = (spec.history, spec.split, spec.policy, spec.calendar.groups)
    return Simulation(backtest.sales, trained, min(trained), *parts)


def _stores(simulation: Simulation) -> int:
    return len(set(simulation.sales.stores.tolist()))


def _costs(
    simulation: Simulation, replays: Mapping[Key, Replay], scores: Mapping[Key, ReplayScore], costs: CostModel
) -> dict[Key, Cost | None]:
    """What each cadence under each limit costs a store in a year."""
    mapes = [score.overall.mape for score in scores.values()]
    best = min(filter(math.isfinite, mapes), default=math.nan)
    _, days = simulation.evaluation.segments
    usage = {key: _usage(simulation, replay, scores[key]) for key, replay in replays.items()}
    return {key: yearly_cost(each, best, len(days), _stores(simulation), costs) for key, each in usage.items()}


def _usage(simulation: Simulation, replay: Replay, scored: ReplayScore) -> Usage:
    sent = sum(simulation.trained[day].files[-1].transfer_bytes for day in replay.promoted)
    return Usage(scored.overall.mape, len(replay.decisions) - 1, sent)


def _row(name: str, replay: Replay, scored: ReplayScore, cost: Cost | None) -> CadenceRecord:
    """A cadence under one limit."""
    return CadenceRecord(
        name=name,
        retrains=len(replay.decisions) - 1,
        **vars(scored.overall),
        promotions=len(replay.promoted),
        refusals=len(replay.refused),
        days_without_a_model=scored.without_a_model,
        cost=cost and cost.total,
        costs=cost and CostRecord.model_validate(cost),
        decisions=tuple(_decision(each) for each in replay.decisions),
    )


def _over_time(scored: ReplayScore) -> dict[str, dict[str, float]]:
    """The attributes of `MapeOverTime`."""
    over = {"mape_by_month": scored.months, "mape_by_4_weeks": scored.four_weeks}
    return {name: {start: each.mape for start, each in errors.items()} for name, errors in over.items()}


def _decision(decision: Decision) -> DecisionRecord:
    checks = decision.verdict.checks if decision.verdict else ()
    return DecisionRecord(
        day=decision.day,
        outcome=decision.verdict.outcome if decision.verdict else "no gate",
        promoted=decision.promoted,
        reasons=tuple(reasons(checks)),
        counterfactuals=tuple(would for check in checks if (would := would_have_passed(check))),
    )


def _changes(limits: Limits | None, gate: Limits) -> dict[str, float]:
    """The limits that differ from the settings', except the device, which no replay asks for."""
    return {name: value for name, value in limits or () if value != getattr(gate, name) and name != "fit_a_device"}


def _difference(cheapest: str, against: str, estimate: Estimate) -> DifferenceRecord:
    more = beyond_noise(estimate)
    return DifferenceRecord(cadence=cheapest, against=against, **estimate._asdict(), more_than_noise=more)


def _differences(simulation: Simulation, replays: Mapping[str, Replay], gate: Limits) -> dict[str, Estimate]:
    """MAPE of the first replay above that of each other one, on the same days, with bounds by the gate's bootstrap."""
    days = simulation.evaluation
    forecasts = {name: Forecast(name, simulation.forecast(each, days.windows)) for name, each in replays.items()}
    comparison = Comparison(Evidence.of(days, (), forecasts), gate)
    first, *others = replays
    return {name: comparison.difference(first, name) for name in others}


def _without_network(simulation: Simulation) -> WithoutNetwork:
    """How accurate the first model's reference forecast would have been on all days."""
    scored = simulation.score(Replay((Decision(simulation.first, promoted=False),)))
    label = simulation.trained[simulation.first].label
    return WithoutNetwork(name=label, **vars(scored.overall), **_over_time(scored))


@task
def write_report(backtest: Backtest, result: BacktestResult) -> None:
    """Write the HTML report, beside the models."""
    write_file(backtest.report, backtest_report.report(result).encode())
    log.info("report %s", backtest.report)


@task
def show(result: BacktestResult) -> None:
    """The table of cadences and limits, as a Prefect artifact."""
    create_table_artifact(backtest_report.rows(result), key="backtest", description=result.sentence)
