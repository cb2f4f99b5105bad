"""How much worse one forecaster is than another on the same days, with bounds from a bootstrap over these days."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from tasks.forecasting.data.panel import Floats
from tasks.forecasting.gate.bootstrap import Bootstrap, Draws
from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.gate.limits import Limits

BLOCKS = 4
"""Least number of blocks of days in a comparison over all stores."""


class Estimate(NamedTuple):
    """What was measured, and one-sided bounds of it; all NaN where it is undefined."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a value with an upper bound."""
        return math.isfinite(self.value) and math.isfinite(self.high)


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


class Excess(NamedTuple):
    """Percentage errors above those of another forecaster, and how many of them count.

    Both are summed over forecasts, so that the sum of the first over the sum of the second is a difference of MAPE.
    """

    errors: Floats
    counted: Floats


@dataclass(frozen=True)
class Comparison:
    """Answers about the forecasters of one candidate, all from the same draws of days."""

    evidence: Evidence
    limits: Limits

    @cached_property
    def days(self) -> int:
        """Number of days on which anything counts in MAPE."""
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
        """Errors of one forecaster above another's, of shape `(segments, days)`; its own errors if there is no other.

        Segments that the other does not cover have no errors of which any counts.
        """
        errors, counted = self.evidence.errors[name].percentage, self.evidence.counted
        if other is None:
            return Excess(errors, counted)
        compared = self.evidence.errors[other]
        with np.errstate(invalid="ignore"):
            above = errors - compared.percentage
        covers = compared.covers[:, None]
        return Excess(np.where(covers, above, 0), np.where(covers, counted, 0))

    def estimate(self, excess: Excess) -> Estimate:
        """The ratio over all segments and days, with its bounds; undefined if an error is, or if none counts."""
        errors, counted = (each.sum(axis=0) for each in excess)
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
        return _bootstrap(len(counted), self.limits.block_weeks, times * self.limits.draws, blocks).ratio(
            errors, counted
        )


@lru_cache(maxsize=8)
def _bootstrap(days: int, block_weeks: int, draws: int, blocks: int) -> Bootstrap:
    return Bootstrap(days, block_weeks, draws, blocks)
