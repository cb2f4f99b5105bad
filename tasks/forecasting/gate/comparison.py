"""How much worse one forecaster is than another on the same days, with bounds from a bootstrap over these days."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.days import mondays
from tasks.forecasting.data.panel import Floats
from tasks.forecasting.gate.bootstrap import Bootstrap, Draws
from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.gate.limits import Limits

BLOCKS = 4
"""Least number of blocks of days in a comparison over all stores."""


class Estimate(NamedTuple):
    """What was measured, and its one-sided bounds; all are NaN where it is undefined."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a value with an upper bound."""
        return math.isfinite(self.value) and math.isfinite(self.high)


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


class Excess(NamedTuple):
    """Percentage errors above those of another forecaster, and how many of them count, by segment or by day.

    Both are sums over forecasts, so that the sum of the first over the sum of the second is a difference of MAPE.
    """

    errors: Floats
    counted: Floats


class Parts(NamedTuple):
    """An excess cut into parts, such as stores or weeks; its arrays have shape `(parts, days)`."""

    names: NDArray[np.str_]
    errors: Floats
    counted: Floats

    @property
    def difference(self) -> Floats:
        """Difference of MAPE in each part, in percentage points, shape `(parts,)`; NaN where it is undefined."""
        return self.errors.sum(axis=1) / self.counted.sum(axis=1)

    @property
    def days(self) -> NDArray[np.int64]:
        """Number of days of each part on which anything counts, shape `(parts,)`."""
        return (self.counted > 0).sum(axis=1)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Parts":
        """Some of the parts, by a mask, by indices in the order of these, or by a slice."""
        return Parts(self.names[which], self.errors[which], self.counted[which])

    def by_day(self, index: int) -> Excess:
        """One part's errors and how many count, each of shape `(days,)`."""
        return Excess(self.errors[index], self.counted[index])


@dataclass(frozen=True)
class Comparison:
    """Answers about the forecasters of one candidate, all from the same draws of days."""

    evidence: Evidence
    limits: Limits

    @cached_property
    def days(self) -> int:
        """Number of days on which any forecast counts in MAPE."""
        return int((self.evidence.counted.sum(axis=0) > 0).sum())

    def has(self, *names: str) -> bool:
        """Whether all these forecasters were measured."""
        return set(names) <= set(self.evidence.errors)

    def mape(self, name: str) -> Estimate:
        """MAPE of a forecaster, in percent."""
        if not self.has(name):
            return UNDEFINED
        errors = self.evidence.errors[name]
        return self.estimate(Excess(errors.percentage[errors.covers], self.evidence.counted[errors.covers]))

    def bias(self, name: str) -> Estimate:
        """Forecast minus sales, in percent of sales."""
        if not self.has(name):
            return UNDEFINED
        return self.estimate(Excess(100 * self.evidence.errors[name].signed, self.evidence.sold))

    def difference(self, name: str, other: str) -> Estimate:
        """MAPE of one forecaster above another's, in percentage points, where the other forecasts."""
        return self.estimate(self.excess(name, other)) if self.has(name, other) else UNDEFINED

    def excess(self, name: str, other: str | None) -> Excess:
        """Errors of one forecaster above another's, shape `(segments, days)`, or its own where there is no other.

        In segments that the other does not cover, nothing counts.
        """
        errors, counted = self.evidence.errors[name].percentage, self.evidence.counted
        if other is None:
            return Excess(errors, counted)
        compared = self.evidence.errors[other]
        with np.errstate(invalid="ignore"):
            above = errors - compared.percentage
        covers = compared.covers[:, None]
        return Excess(np.where(covers, above, 0), np.where(covers, counted, 0))

    def by_group(self, name: str, other: str | None, groups: NDArray[np.str_]) -> Parts:
        """The excess of each group of segments, by the group's name.

        Args:
            name: The forecaster.
            other: What it is compared with; `None` for its own errors.
            groups: The group of each segment, shape `(segments,)`.
        """
        names, row = np.unique(groups, return_inverse=True)
        order = np.argsort(row, kind="stable")
        starts = np.searchsorted(row[order], np.arange(len(names)))
        return Parts(names, *(np.add.reduceat(each[order], starts, axis=0) for each in self.excess(name, other)))

    def by_week(self, name: str, other: str | None) -> Parts:
        """The excess of each week, named by its Monday; arguments as for `by_group`."""
        errors, counted = (each.sum(axis=0) for each in self.excess(name, other))
        names, row = np.unique(mondays(self.evidence.days), return_inverse=True)
        within = row == np.arange(len(names))[:, None]
        return Parts(names.astype(str), np.where(within, errors, 0), np.where(within, counted, 0))

    def estimate(self, excess: Excess | Parts) -> Estimate:
        """The ratio over all segments and days, with its bounds; undefined if an error is, or if none counts."""
        errors, counted = excess.errors.sum(axis=0), excess.counted.sum(axis=0)
        if not counted.sum() or not np.isfinite(errors).all():
            return UNDEFINED
        bounds = self.draws(Excess(errors, counted)).bounds(self.limits.confidence)
        return Estimate(float(errors.sum() / counted.sum()), *bounds)

    def draws(self, by_day: Excess, blocks: int = BLOCKS, times: int = 1) -> Draws:
        """The ratio in each draw of days, from the first to the last day that counts.

        Args:
            by_day: Errors and how many count, each of shape `(days,)`.
            blocks: Least number of blocks of days. Defaults to `BLOCKS`.
            times: How many times the usual number of draws to make. Defaults to 1.
        """
        known = np.flatnonzero(by_day.counted)
        span = slice(known[0], known[-1] + 1)
        errors, counted = by_day.errors[span], by_day.counted[span]
        bootstrap = _bootstrap(len(counted), self.limits.block_weeks, times * self.limits.draws, blocks)
        return bootstrap.ratio(errors, counted)


@lru_cache(maxsize=8)
def _bootstrap(days: int, block_weeks: int, draws: int, blocks: int) -> Bootstrap:
    return Bootstrap(days, block_weeks, draws, blocks)
