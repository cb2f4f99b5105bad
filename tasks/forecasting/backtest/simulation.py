"""A replay of history: the gate decides at each retrain of a cadence, and each day is forecast by what stores ran."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.metrics import Accuracy, ErrorTotals
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.backtest.cutoff import Cutoff
from tasks.forecasting.data.dtypes import Floats
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import SplitPolicy, Windows, windows
from tasks.forecasting.gate.evidence import (
    BUDGET,
    CHAMPION,
    INCUMBENT,
    LAST_YEAR,
    QUARTERS,
    REFERENCE,
    SAME_SEASON,
    YEAR,
    Evidence,
    File,
    Forecast,
)
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

FOUR_WEEKS = 28

Rivals = tuple[tuple[str, date], ...]
"""Whom a candidate is compared with: the role, and the day on which that model was trained."""


@dataclass(frozen=True)
class Trained:
    """What a retrain on one day made, and what it forecasts from the start of its holdout to the end of all sales.

    Attributes:
        start: Column of all sales at which the holdout begins.
        files: Of the baseline first, each after its parent's; the last is what would ship.
        units: What that forecasts, shape `(series, days)` of all sales from `start` on; NaN where it does not.
        reference: The same of the forecast without a network.
        label: What that is, in words.
        others: The same of the other files on the holdout alone, by variant.
        age_days: Days from the last sales to the retrain.
    """

    start: int
    files: tuple[File, ...]
    units: Floats
    reference: Floats
    label: str
    others: Mapping[str, Floats]
    age_days: int

    def at(self, table: Floats, series: NDArray[np.integer], column: NDArray[np.integer]) -> Floats:
        """Units of a table at places of all sales, the shape of `column`; NaN outside it."""
        place = column - self.start
        inside = (place >= 0) & (place < table.shape[1])
        return np.where(inside, table[series, np.where(inside, place, 0)], np.nan)

    @property
    def tables(self) -> dict[str, Floats]:
        """What each file forecasts, by variant."""
        return {**self.others, self.files[-1].variant: self.units}


@dataclass(frozen=True)
class Decision:
    """What became of one retrain.

    Attributes:
        day: On which it ran.
        promoted: Whether stores run it from that day on.
        verdict: The gate's; nothing without a gate.
    """

    day: date
    promoted: bool
    verdict: Verdict | None = None


class Course(NamedTuple):
    """How a replay went: its decisions, in order."""

    decisions: tuple[Decision, ...]

    def runs_on(self, day: date) -> date | None:
        """The day on which the model was trained that stores run on `day`; nothing before the first promotion."""
        return next((each.day for each in reversed(self.decisions) if each.promoted and each.day <= day), None)

    @property
    def promoted(self) -> tuple[date, ...]:
        return tuple(each.day for each in self.decisions if each.promoted)

    @property
    def refused(self) -> tuple[Decision, ...]:
        return tuple(each for each in self.decisions if not each.promoted)


@dataclass(frozen=True)
class Scored:
    """How well a course forecast.

    Attributes:
        overall: Over all days.
        months: By month, as YYYY-MM.
        four_weeks: By the first day of each four weeks.
        without_a_model: Days on which no model was promoted yet, which the forecast without a network is scored for.
    """

    overall: Accuracy
    months: Mapping[str, Accuracy]
    four_weeks: Mapping[str, Accuracy]
    without_a_model: int


@dataclass(frozen=True)
class Simulation:
    """All that replays of one history have in common; training is over.

    Attributes:
        sales: All of them.
        trained: By the day of the retrain.
        first: The first day that is forecast.
        history: Which days and series take part in a retrain.
        days: How it splits them.
        policy: Which days count in errors.
        groups: Items of each item class.
    """

    sales: Panel
    trained: Mapping[date, Trained]
    first: date
    history: History
    days: SplitPolicy
    policy: MapePolicy
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _seen: dict[tuple[date, Rivals], Evidence] = field(default_factory=dict, repr=False, compare=False)
    _judged: dict[tuple[date, Rivals, Limits], Verdict] = field(default_factory=dict, repr=False, compare=False)

    def course(self, days: Sequence[date], limits: Limits | None) -> Course:
        """Retrain on these days, the first model on the first of them, and promote what the gate passes.

        Args:
            days: In order.
            limits: The gate's; `None` promotes every file that works.
        """
        course = Course(())
        for day in days:
            course = Course((*course.decisions, self._decide(day, course, limits)))
        return course

    def forecast(self, course: Course, chosen: Windows) -> Floats:
        """Units that were forecast, shape `(windows,)`: by the champion of the day, without one by no network.

        Args:
            course: Who was champion when.
            chosen: Windows of `sales`, on the course's first day or later.
        """
        units = np.full(len(chosen), np.nan)
        ends = [*(self._column(each.day) for each in course.decisions), len(self.sales.dates)]
        for decision, (start, end) in zip(course.decisions, pairwise(ends), strict=True):
            mine = (chosen.column >= start) & (chosen.column < end)
            champion = course.runs_on(decision.day)
            model = self.trained[champion or decision.day]
            table = model.units if champion else model.reference
            units[mine] = model.at(table, chosen.series[mine], chosen.column[mine])
        return units

    @property
    def yardstick(self) -> EvaluationSet:
        """The days of the replay."""
        start = self._column(self.first)
        return EvaluationSet(windows(self.sales, start, len(self.sales.dates)), start, self.policy, self.groups)

    def score(self, course: Course, yardstick: EvaluationSet) -> Scored:
        """Errors of what stores ran.

        Args:
            course: Who was champion when.
            yardstick: That of this simulation; it is asked for so that it is made once.
        """
        sums = yardstick.daily(self.forecast(course, yardstick.windows))
        _, days = yardstick.segments
        since = (days - days[0]).astype(int) // FOUR_WEEKS
        end = course.promoted[0] if course.promoted else self.sales.dates[-1].astype(date) + timedelta(1)
        (overall,) = self._by(sums, np.zeros(len(days), str)).values()
        return Scored(
            overall,
            self._by(sums, days.astype("datetime64[M]").astype(str)),
            self._by(sums, (days[0] + since * FOUR_WEEKS).astype(str)),
            (end - self.first).days,
        )

    def _by(self, sums: ErrorTotals, labels: NDArray[np.str_]) -> dict[str, Accuracy]:
        """Errors by the label of each day, shape `(days,)`."""
        names, group = np.unique(labels, return_inverse=True)
        summed = ErrorTotals(*(np.bincount(group, each.sum(axis=0), len(names)).astype(np.float64) for each in sums))
        return dict(zip(names.tolist(), summed.accuracy(self.policy.min_coverage), strict=True))

    def _decide(self, day: date, course: Course, limits: Limits | None) -> Decision:
        if limits is None:
            return Decision(day, self.trained[day].files[-1].fault is None)
        key = (day, self._rivals(day, course), limits)
        if key not in self._judged:
            self._judged[key] = judge(self._evidence(*key[:2]), limits)[-1]
        verdict = self._judged[key]
        return Decision(day, verdict.outcome == "pass", verdict)

    def _rivals(self, day: date, course: Course) -> Rivals:
        """The champion, what ran earlier within the year, and the release of the same season last year."""
        found = {CHAMPION: course.runs_on(day)}
        first = next(iter(course.promoted), None)
        found |= {f"{BUDGET} {ago}": course.runs_on(day - timedelta(ago)) or first for ago in QUARTERS}
        off = {each: abs((day - each).days - YEAR) for each in course.promoted}
        found[LAST_YEAR] = min(
            (each for each in off if off[each] <= SAME_SEASON), key=lambda each: off[each], default=None
        )
        return tuple((role, model) for role, model in found.items() if model)

    def _evidence(self, day: date, rivals: Rivals) -> Evidence:
        """Everybody on the holdout of the candidate of `day`."""
        if (day, rivals) not in self._seen:
            self._seen[day, rivals] = self._measure(day, rivals)
        return self._seen[day, rivals]

    def _measure(self, day: date, rivals: Rivals) -> Evidence:
        candidate, cutoff = self.trained[day], Cutoff.before(day, self.sales, self.history, self.days)
        yardstick = EvaluationSet(cutoff.holdout, cutoff.split.holdout, self.policy, self.groups)
        places = cutoff.everywhere(yardstick.windows)
        reference = candidate.at(candidate.reference, *places)
        forecasts = {name: Forecast(name, candidate.at(table, *places)) for name, table in candidate.tables.items()}
        for role, trained_on in rivals:
            rival = self.trained[trained_on]
            forecasts[role] = Forecast(_label(role, trained_on), rival.at(rival.units, *places))
        forecasts[REFERENCE] = Forecast(candidate.label, reference)
        forecasts[INCUMBENT] = forecasts.get(CHAMPION, Forecast("the reference forecast", reference))
        return Evidence.of(yardstick, candidate.files, forecasts, candidate.age_days)

    def _column(self, day: date) -> int:
        return int(np.searchsorted(self.sales.dates, np.datetime64(day, "D")))


def _label(role: str, day: date) -> str:
    if role == CHAMPION:
        return f"what the stores run, the model of {day}"
    if role == LAST_YEAR:
        return f"the model of {day}, the same season last year"
    return f"what the stores ran {QUARTERS[int(role.removeprefix(f'{BUDGET} '))]} ago, or first, the model of {day}"
