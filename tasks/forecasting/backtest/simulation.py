"""Replays of history: the gate decides on each retrain of a cadence, and each day is forecast by what stores ran."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.metrics import Accuracy, ErrorTotals
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.backtest.cutoff import Cutoff
from tasks.forecasting.backtest.replay import Decision, Replay, ReplayScore, Trained
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Floats, Panel
from tasks.forecasting.data.windows import SplitPolicy, Windows, windows
from tasks.forecasting.gate.evidence import (
    BUDGET,
    CHAMPION,
    INCUMBENT,
    LAST_YEAR,
    QUARTERS,
    REFERENCE,
    SAME_SEASON,
    SAME_WEEKDAY_YEAR,
    Evidence,
    Forecast,
)
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

FOUR_WEEKS = 28

Comparators = tuple[tuple[str, date], ...]
"""What a candidate is compared with: each role, and the day on which its model was trained."""


@dataclass(frozen=True)
class Simulation:
    """What all replays of one history have in common, once every model is trained.

    Attributes:
        sales: All sales.
        trained: What each retrain made, by its day.
        first: The first day that is forecast.
        history: Which days and series take part in a retrain.
        days: How a retrain splits the days.
        policy: Which days count in errors.
        groups: Items of each item class. Defaults to none, and classes are then A, B and C by sales.
    """

    sales: Panel
    trained: Mapping[date, Trained]
    first: date
    history: History
    days: SplitPolicy
    policy: MapePolicy
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _seen: dict[tuple[date, Comparators], Evidence] = field(default_factory=dict, repr=False, compare=False)
    _judged: dict[tuple[date, Comparators, Limits], Verdict] = field(default_factory=dict, repr=False, compare=False)

    def replay(self, days: Sequence[date], limits: Limits | None) -> Replay:
        """Retrain on each of these days, and promote what the gate passes.

        Args:
            days: Days of the retrains, in order.
            limits: The gate's limits; `None` promotes every file that works.
        """
        replay = Replay()
        for day in days:
            replay = Replay((*replay.decisions, self._decide(day, replay, limits)))
        return replay

    def forecast(self, replay: Replay, chosen: Windows) -> Floats:
        """Units that the champion of each day forecasts, or the forecast without a network before the first promotion.

        Args:
            replay: Which model was champion when.
            chosen: Windows of `sales`, on the replay's first day or later.

        Returns:
            Units, shape `(windows,)`.
        """
        units = np.full(len(chosen), np.nan)
        ends = [*(self._column(each.day) for each in replay.decisions), len(self.sales.dates)]
        for decision, (start, end) in zip(replay.decisions, pairwise(ends), strict=True):
            within = (chosen.column >= start) & (chosen.column < end)
            champion = replay.runs_on(decision.day)
            model = self.trained[champion or decision.day]
            table = model.units if champion else model.reference
            units[within] = model.at(table, chosen.series[within], chosen.column[within])
        return units

    @cached_property
    def evaluation(self) -> EvaluationSet:
        """The days of a replay, and how forecasts of them are measured."""
        start = self._column(self.first)
        return EvaluationSet(windows(self.sales, start, len(self.sales.dates)), start, self.policy, self.groups)

    def score(self, replay: Replay) -> ReplayScore:
        """Errors of what stores ran."""
        totals = self.evaluation.daily(self.forecast(replay, self.evaluation.windows))
        _, days = self.evaluation.segments
        since = (days - days[0]).astype(int) // FOUR_WEEKS
        after_the_last = self.sales.dates[-1].astype(date) + timedelta(1)
        (overall,) = self._by(totals, np.zeros(len(days), str)).values()
        return ReplayScore(
            overall,
            self._by(totals, days.astype("datetime64[M]").astype(str)),
            self._by(totals, (days[0] + since * FOUR_WEEKS).astype(str)),
            (next(iter(replay.promoted), after_the_last) - self.first).days,
        )

    def _by(self, totals: ErrorTotals, labels: NDArray[np.str_]) -> dict[str, Accuracy]:
        """Errors by the label of each day, shape `(days,)`."""
        names, group = np.unique(labels, return_inverse=True)
        summed = ErrorTotals(*(np.bincount(group, each.sum(axis=0), len(names)).astype(np.float64) for each in totals))
        return dict(zip(names.tolist(), summed.accuracy(self.policy.min_coverage), strict=True))

    def _decide(self, day: date, replay: Replay, limits: Limits | None) -> Decision:
        if limits is None:
            return Decision(day, self.trained[day].files[-1].fault is None)
        comparators = self._comparators(day, replay)
        key = (day, comparators, limits)
        if key not in self._judged:
            self._judged[key] = judge(self._evidence(day, comparators), limits)[-1]
        verdict = self._judged[key]
        return Decision(day, verdict.outcome == "pass", verdict)

    def _comparators(self, day: date, replay: Replay) -> Comparators:
        """The champion, what ran earlier within the year, and the release of the same season last year."""
        first = next(iter(replay.promoted), None)
        models = {CHAMPION: replay.runs_on(day)}
        models |= {f"{BUDGET} {ago}": replay.runs_on(day - timedelta(ago)) or first for ago in QUARTERS}
        models[LAST_YEAR] = _same_season(day, replay.promoted)
        return tuple((role, model) for role, model in models.items() if model)

    def _evidence(self, day: date, comparators: Comparators) -> Evidence:
        """The candidate of `day` and its comparators on its holdout, which is measured once."""
        if (day, comparators) not in self._seen:
            self._seen[day, comparators] = self._measure(day, comparators)
        return self._seen[day, comparators]

    def _measure(self, day: date, comparators: Comparators) -> Evidence:
        candidate, cutoff = self.trained[day], Cutoff.before(day, self.sales, self.history, self.days)
        holdout = EvaluationSet(cutoff.holdout, cutoff.split.holdout, self.policy, self.groups)
        places = cutoff.everywhere(holdout.windows)
        reference = candidate.at(candidate.reference, *places)
        forecasts = {name: Forecast(name, candidate.at(table, *places)) for name, table in candidate.tables.items()}
        for role, trained_on in comparators:
            model = self.trained[trained_on]
            forecasts[role] = Forecast(_label(role, trained_on), model.at(model.units, *places))
        forecasts[REFERENCE] = Forecast(candidate.label, reference)
        forecasts[INCUMBENT] = forecasts.get(CHAMPION, Forecast("the reference forecast", reference))
        return Evidence.of(holdout, candidate.files, forecasts, candidate.age_days)

    def _column(self, day: date) -> int:
        return int(np.searchsorted(self.sales.dates, np.datetime64(day, "D")))


def _same_season(day: date, promoted: Sequence[date]) -> date | None:
    """The promoted model that was trained nearest to a year before `day`; `None` where none was in that season."""
    off = {model: abs((day - model).days - SAME_WEEKDAY_YEAR) for model in promoted}
    near = [model for model in promoted if off[model] <= SAME_SEASON]
    return min(near, key=lambda model: off[model], default=None)


def _label(role: str, day: date) -> str:
    """What a comparator is, in words."""
    if role == CHAMPION:
        return f"what the stores run, the model of {day}"
    if role == LAST_YEAR:
        return f"the model of {day}, the same season last year"
    return f"what the stores ran {QUARTERS[int(role.removeprefix(f'{BUDGET} '))]} ago, or first, the model of {day}"
