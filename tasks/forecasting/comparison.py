"""How much worse one forecaster is than another on the same days, how sure that is, and what it comes from."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.bootstrap import WEEK, Bootstrap, interval
from tasks.forecasting.evidence import Evidence
from tasks.forecasting.limits import Limits
from tasks.forecasting.metrics import Floats

Mask = NDArray[np.bool_]


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
        flagged: Surely over the limit, the worst first.
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

    def difference(self, name: str, other: str, cells: Mask | None = None, days: Mask | None = None) -> Estimate:
        """MAPE of one forecaster above another's, in percentage points, where the other forecasts.

        Args:
            name: The one.
            other: The other.
            cells: Only some cells, shape `(cells,)`. Defaults to all.
            days: Only some days, shape `(days,)`. Defaults to all.
        """
        if not {name, other} <= set(self.evidence.errors):
            return UNDEFINED
        return self._estimate(*self._excess(name, other, cells, days))

    def worst(self, name: str, other: str, groups: NDArray[np.str_], limit: float) -> Worst:
        """The difference in each group of cells, and in which it is surely over `limit`.

        A group is flagged if its difference is over the limit, and is in all but a share of draws that is small enough
        for so many groups: Holm's step-down procedure keeps the chance that any group is flagged whose true difference
        is within the limit at 1 - `confidence`, however many groups there are and however they depend on each other.

        Source:
            Holm (1979), "A simple sequentially rejective multiple test procedure".
        """
        names, row = np.unique(groups, return_inverse=True)
        sums = np.zeros((2, len(names), len(self.evidence.days)))
        for index, values in enumerate(self._excess(name, other)):
            np.add.at(sums[index], row, np.where(self.evidence.errors[other].runs[:, None], values, 0))
        measured = (sums[1] > 0).sum(axis=1)
        judged = measured >= self.limits.min_days
        excess, counted = sums[0][judged].T, sums[1][judged].T
        with np.errstate(invalid="ignore", divide="ignore"):
            difference = excess.sum(axis=0) / counted.sum(axis=0)
        known = np.isfinite(difference)
        kept = names[judged]
        order = np.argsort(-np.where(known, difference, -np.inf), kind="stable")[: known.sum()]
        flagged, enough = self._flagged(excess, counted, difference, limit)
        subject = flagged[:1] if len(flagged) else order[:1]
        return Worst(
            tuple(Group(str(kept[index]), float(difference[index])) for index in order),
            tuple(kept[flagged].tolist()),
            self._bounds_for_all(excess[:, subject], counted[:, subject], len(kept)),
            enough,
            tuple(kept[~known].tolist()),
            tuple(names[~judged & (measured > 0)].tolist()),
        )

    def _flagged(
        self, excess: Floats, counted: Floats, difference: Floats, limit: float
    ) -> tuple[NDArray[np.int64], float]:
        """Columns that Holm's procedure finds over the limit, the worst first; and the limit that would find none."""
        suspects = np.flatnonzero(np.nan_to_num(difference, nan=-np.inf) > limit)
        if not len(suspects):
            return suspects, math.nan
        draws = self._bootstrap(self._draws_for(len(difference))).ratio(excess[:, suspects], counted[:, suspects])
        draws = np.sort(np.nan_to_num(draws, nan=-np.inf), axis=0)
        chance = (1 + (draws <= limit).sum(axis=0)) / (1 + len(draws))
        order, level = np.argsort(chance, kind="stable"), 1 - self.limits.confidence
        surely = np.cumprod(chance[order] <= level / (len(difference) - np.arange(len(order)))).astype(bool)
        found = suspects[order[surely]]
        if not len(found):
            return found, math.nan
        rank = max(int(level / len(difference) * (1 + len(draws))), 1)
        enough = np.minimum(draws[rank - 1], difference[suspects]).max()
        return found[np.argsort(-difference[found], kind="stable")], float(enough)

    def _bounds_for_all(self, excess: Floats, counted: Floats, groups: int) -> Estimate:
        if not excess.size:
            return UNDEFINED
        draws = self._bootstrap(self._draws_for(groups)).ratio(excess[:, 0], counted[:, 0])
        level = (1 - self.limits.confidence) / groups
        return Estimate(float(excess.sum() / counted.sum()), *interval(draws, 1 - level))

    def _draws_for(self, groups: int) -> int:
        """Enough for a chance that is divided among so many groups."""
        return max(self.limits.draws, math.ceil(2 * groups / (1 - self.limits.confidence)))

    def contributions(self, name: str, other: str | None, groups: NDArray[np.str_]) -> list[Group]:
        """What each group of cells adds to the difference, or to the MAPE if there is no other, the most first."""
        names, row = np.unique(groups, return_inverse=True)
        excess, counted = self._excess(name, other)
        added = np.bincount(row, excess.sum(axis=1), len(names)) / max(counted.sum(), 1)
        return [Group(str(names[index]), float(added[index])) for index in np.argsort(-added, kind="stable")]

    def weeks(self, name: str, other: str | None) -> list[Group]:
        """What each week, named by its Monday, adds to it, the most first."""
        excess, counted = self._excess(name, other)
        names, row = np.unique(mondays(self.evidence.days), return_inverse=True)
        added = np.bincount(row, excess.sum(axis=0), len(names)) / max(counted.sum(), 1)
        return [Group(str(names[index]), float(added[index])) for index in np.argsort(-added, kind="stable")]

    def without(self, name: str, other: str | None, cells: Mask, days: Mask) -> Estimate:
        """The difference, or the MAPE, as if some cells and days had not been measured."""
        return self._estimate(*self._excess(name, other, ~cells, ~days))

    def _excess(
        self, name: str, other: str | None, cells: Mask | None = None, days: Mask | None = None
    ) -> tuple[Floats, Floats]:
        """Percentage errors above the other's, and how many count, both of shape `(cells, days)`."""
        excess, counted = self.evidence.errors[name].percentage, self.evidence.counted
        if other is not None:
            compared = self.evidence.errors[other]
            excess = excess - compared.percentage
            cells = compared.runs if cells is None else cells & compared.runs
        for mask in (cells[:, None] if cells is not None else None, days):
            if mask is not None:
                excess, counted = np.where(mask, excess, 0), np.where(mask, counted, 0)
        return excess, counted

    def _estimate(self, numerator: Floats, denominator: Floats) -> Estimate:
        by_day, over = numerator.sum(axis=0), denominator.sum(axis=0)
        if not over.sum() or not np.isfinite(by_day).all():
            return UNDEFINED
        draws = self._bootstrap(self.limits.draws).ratio(by_day, over)
        return Estimate(float(by_day.sum() / over.sum()), *interval(draws, self.limits.confidence))

    def _bootstrap(self, draws: int) -> Bootstrap:
        return _drawn(len(self.evidence.days), self.limits.block_weeks, draws)


@lru_cache(maxsize=4)
def _drawn(days: int, block_weeks: int, draws: int) -> Bootstrap:
    return Bootstrap(days, block_weeks, draws)


def mondays(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The first day of each day's week."""
    return days - (days.astype("datetime64[D]").astype(np.int64) + 3) % WEEK


def names(items: Iterable[str], at_most: int = 5) -> str:
    """A few of many names, and how many more there are."""
    listed = list(items)
    more = f" and {len(listed) - at_most:,} more" if len(listed) > at_most else ""
    return ", ".join(listed[:at_most]) + more
