"""How much worse one forecaster is than another on the same days, how sure that is, and what it comes from."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.days import mondays
from tasks.forecasting.data.dtypes import Floats
from tasks.forecasting.gate.bootstrap import Bootstrap, Draws
from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.gate.limits import Limits

BLOCKS, GROUP_BLOCKS = 4, 12
"""Blocks of days at least, in a comparison of all and in that of one group: a group is allowed only a share of the
chance to be wrong, which few blocks can never be sure of."""
GROUP_DRAWS = 20
"""Times as many draws for groups, for the same reason."""

MOST_NAMED = 20
"""Stores or weeks named as what drove a refusal; a longer list explains nothing."""


class Estimate(NamedTuple):
    """What was measured, and one-sided bounds of it; all NaN where it is undefined."""

    value: float
    low: float
    high: float


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


class Group(NamedTuple):
    """The difference in one store or item class."""

    name: str
    difference: float


@dataclass(frozen=True)
class Worst:
    """The differences of all groups of a kind, and which are surely over a limit.

    Attributes:
        groups: Those with days enough, the worst first.
        flagged: Surely over the limit, the surest first.
        estimate: Of the first flagged, else of the worst, with bounds that hold for all groups at once.
        enough: The smallest limit that would have flagged none; NaN where none is.
        undefined: Groups whose difference is NaN.
        short: Groups with too few days to be judged.
    """

    groups: tuple[Group, ...]
    flagged: tuple[str, ...]
    estimate: Estimate
    enough: float
    undefined: tuple[str, ...]
    short: tuple[str, ...]


class Drivers(NamedTuple):
    """Which groups put a difference over its limit.

    Attributes:
        most: The one that adds most.
        fewest: The fewest, the worst first, without which it would keep to the limit; none if that takes too many.
    """

    most: str
    fewest: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Answers about forecasters of one candidate, all from the same draws of days."""

    evidence: Evidence
    limits: Limits

    @cached_property
    def days(self) -> int:
        """Days on which anything counts in MAPE."""
        return int((self.evidence.counted.sum(axis=0) > 0).sum())

    def mape(self, name: str) -> Estimate:
        """MAPE of a forecaster, in percent."""
        if name not in self.evidence.errors:
            return UNDEFINED
        errors = self.evidence.errors[name]
        return self._estimate(errors.percentage[errors.runs], self.evidence.counted[errors.runs])

    def bias(self, name: str) -> Estimate:
        """Forecast minus sales, in percent of sales."""
        if name not in self.evidence.errors:
            return UNDEFINED
        return self._estimate(100 * self.evidence.errors[name].signed, self.evidence.sold)

    def difference(self, name: str, other: str) -> Estimate:
        """MAPE of one forecaster above another's, in percentage points, where the other forecasts."""
        if not {name, other} <= set(self.evidence.errors):
            return UNDEFINED
        return self._estimate(*self._excess(name, other))

    def worst(self, name: str, other: str, groups: NDArray[np.str_], limit: float) -> Worst:
        """The difference in each group of cells, and in which it is surely over `limit`.

        A group is flagged if its difference is over the limit, and its lower bound is too, at a confidence that is
        high enough for so many groups: Holm's step-down procedure keeps the chance that any group is flagged whose true
        difference is within the limit at 1 - `confidence`, however many groups there are and however they depend on
        each other. A group of which only some of the days are known is drawn from these.

        Source:
            Holm (1979), "A simple sequentially rejective multiple test procedure".
        """
        (kept, excess, counted), short = self._judged(name, other, groups)
        difference = excess.sum(axis=1) / counted.sum(axis=1)
        order = _worst_first(difference)
        drawn = {
            int(index): self._draws(excess[index], counted[index], GROUP_BLOCKS, GROUP_DRAWS)
            for number, index in enumerate(order)
            if not number or difference[index] > limit
        }
        over = {index: draws for index, draws in drawn.items() if difference[index] > limit}
        at = 1 - (1 - self.limits.confidence) / max(len(kept), 1)
        lows = {index: min(draws.bounds(at)[0], float(difference[index])) for index, draws in over.items()}
        flagged = _surely_over(over, limit, len(kept), 1 - self.limits.confidence)
        flagged.sort(key=lambda index: -lows[index])
        subject = next(iter(flagged or drawn), None)
        return Worst(
            _named(kept, difference, order),
            tuple(kept[flagged].tolist()),
            UNDEFINED if subject is None else Estimate(float(difference[subject]), *drawn[subject].bounds(at)),
            max(lows.values()) if flagged else math.nan,
            tuple(kept[~np.isfinite(difference)].tolist()),
            short,
        )

    def ranked(self, name: str, other: str, groups: NDArray[np.str_]) -> tuple[Group, ...]:
        """The difference in each group of cells with days enough, the worst first, without bounds."""
        (kept, excess, counted), _ = self._judged(name, other, groups)
        difference = excess.sum(axis=1) / counted.sum(axis=1)
        return _named(kept, difference, _worst_first(difference))

    def _judged(self, name: str, other: str, groups: NDArray[np.str_]) -> tuple["_Parts", tuple[str, ...]]:
        """What each group with days enough adds, and the names of those with too few."""
        parts = self._parts(name, other, groups)
        measured = (parts.counted > 0).sum(axis=1)
        judged = measured >= self.limits.min_days
        return _Parts(*(each[judged] for each in parts)), tuple(parts.names[~judged & (measured > 0)].tolist())

    def drivers(self, name: str, other: str | None, groups: NDArray[np.str_], limit: float) -> Drivers:
        """Which groups of cells put the difference, or the MAPE if there is no other, over `limit`."""
        return self._drivers(self._parts(name, other, groups), 0.5, limit)

    def weeks(self, name: str, other: str | None, limit: float) -> Drivers:
        """Which weeks do, each named by its Monday."""
        excess, counted = (each.sum(axis=0) for each in self._excess(name, other))
        names, row = np.unique(mondays(self.evidence.days), return_inverse=True)
        mine = row == np.arange(len(names))[:, None]
        parts = _Parts(names.astype(str), np.where(mine, excess, 0), np.where(mine, counted, 0))
        return self._drivers(parts, 0.25, limit)

    def _drivers(self, parts: "_Parts", share: float, limit: float) -> Drivers:
        over = parts.excess.sum(axis=1) - limit * parts.counted.sum(axis=1)
        order = np.argsort(-over, kind="stable")
        worst = parts.names[order].tolist()
        for count in range(1, min(int(share * len(worst)), MOST_NAMED) + 1):
            rest = order[count:]
            if self._estimate(parts.excess[rest], parts.counted[rest]).high <= limit:
                return Drivers(worst[0], tuple(worst[:count]))
        return Drivers(worst[0], ())

    def _parts(self, name: str, other: str | None, groups: NDArray[np.str_]) -> "_Parts":
        """What each group of cells adds."""
        names, row = np.unique(groups, return_inverse=True)
        order = np.argsort(row, kind="stable")
        starts = np.searchsorted(row[order], np.arange(len(names)))
        return _Parts(names, *(np.add.reduceat(each[order], starts, axis=0) for each in self._excess(name, other)))

    def _excess(self, name: str, other: str | None) -> tuple[Floats, Floats]:
        """Percentage errors above the other's, and how many count, both of shape `(cells, days)`."""
        excess, counted = self.evidence.errors[name].percentage, self.evidence.counted
        if other is None:
            return excess, counted
        compared = self.evidence.errors[other]
        with np.errstate(invalid="ignore"):
            excess = excess - compared.percentage
        runs = compared.runs[:, None]
        return np.where(runs, excess, 0), np.where(runs, counted, 0)

    def _estimate(self, numerator: Floats, denominator: Floats) -> Estimate:
        by_day, over = numerator.sum(axis=0), denominator.sum(axis=0)
        if not over.sum() or not np.isfinite(by_day).all():
            return UNDEFINED
        bounds = self._draws(by_day, over).bounds(self.limits.confidence)
        return Estimate(float(by_day.sum() / over.sum()), *bounds)

    def _draws(self, by_day: Floats, over: Floats, blocks: int = BLOCKS, times: int = 1) -> Draws:
        """Of the ratio, from the first to the last day that counts."""
        known = np.flatnonzero(over)
        span = slice(known[0], known[-1] + 1)
        bootstrap = _bootstrap(len(over[span]), self.limits.block_weeks, times * self.limits.draws, blocks)
        return bootstrap.ratio(by_day[span], over[span])


class _Parts(NamedTuple):
    """Percentage errors above the other's and how many count, by group and day, shape `(groups, days)`."""

    names: NDArray[np.str_]
    excess: Floats
    counted: Floats


def _worst_first(difference: Floats) -> NDArray[np.int64]:
    """Indices of the known differences, the largest first."""
    known = np.isfinite(difference)
    return np.argsort(-np.where(known, difference, -np.inf), kind="stable")[: known.sum()]


def _named(names: NDArray[np.str_], difference: Floats, order: NDArray[np.int64]) -> tuple[Group, ...]:
    return tuple(Group(str(names[index]), float(difference[index])) for index in order)


@lru_cache(maxsize=8)
def _bootstrap(days: int, block_weeks: int, draws: int, blocks: int) -> Bootstrap:
    return Bootstrap(days, block_weeks, draws, blocks)


def _surely_over(suspects: Mapping[int, Draws], limit: float, groups: int, chance: float) -> list[int]:
    """Those whose lower bound is over the limit, each round at a chance that fewer groups have to share."""
    found: list[int] = []
    while len(found) < groups:
        confidence = 1 - chance / (groups - len(found))
        now = [index for index, draws in suspects.items() if draws.bounds(confidence)[0] > limit]
        if len(now) == len(found):
            break
        found = now
    return found


def names(items: Iterable[str], at_most: int = 5) -> str:
    """A few of many names, and how many more there are."""
    listed = list(items)
    more = f" and {len(listed) - at_most:,} more" if len(listed) > at_most else ""
    return ", ".join(listed[:at_most]) + more
