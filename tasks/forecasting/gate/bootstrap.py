"""Intervals of error ratios by a block bootstrap over days, which keeps weeks together."""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tasks.forecasting.data.dtypes import Floats

WEEK = 7


@dataclass(frozen=True)
class Draws:
    """A ratio in each draw.

    Attributes:
        ratios: In rising order, shape `(draws,)`.
        blocks: How many of its blocks make up the series.
    """

    ratios: Floats
    blocks: float

    def bounds(self, confidence: float) -> tuple[float, float]:
        """One-sided lower and upper bound, each at `confidence` (a share); NaN with fewer than two blocks.

        Bounds are order statistics, so that they never fall if a draw rises; the first and last one at most.

        Source:
            Hesterberg (2015), "What Teachers Should Know About the Bootstrap", 4.2: the expanded percentile interval,
            which goes as much further out as Student's t does with so few blocks.
        """
        if self.blocks < 2:
            return math.nan, math.nan
        further = student(confidence, self.blocks - 1) * math.sqrt(self.blocks / (self.blocks - 1))
        rank = max(int(math.erfc(further / math.sqrt(2)) / 2 * (1 + len(self.ratios))), 1)
        return float(self.ratios[rank - 1]), float(self.ratios[-rank])


@dataclass(frozen=True)
class Bootstrap:
    """Circular block bootstrap of a series of consecutive days.

    Each draw joins blocks of whole weeks, which start on any day and wrap around the end, to a series of equal length.
    Nothing is ever subtracted, so every bound of a sum or ratio rises, or stays, if an error of any day rises.

    Attributes:
        days: Length of the series.
        block_weeks: Length of a block at most.
        draws: How many.
        blocks: How many blocks a series has at least, if it has so many weeks; shorter series have shorter blocks.
        seed: The same seed gives the same draws.

    Source:
        Politis & Romano (1992), "A circular block-resampling procedure for stationary data".
    """

    days: int
    block_weeks: int = 4
    draws: int = 1000
    blocks: int = 4
    seed: int = 0

    @property
    def length(self) -> int:
        """Days of a block."""
        weeks = min(self.block_weeks, self.days // (self.blocks * WEEK))
        return min(max(weeks, 1) * WEEK, self.days)

    def sums(self, values: Floats) -> Floats:
        """ErrorTotals of values by day, shape `(days, k)`, in each draw, shape `(draws, k)`."""
        whole, rest = divmod(self.days, self.length)
        total = np.zeros((self.draws, values.shape[1]))
        for length, blocks in ((self.length, self._starts[:whole]), (rest, self._starts[whole:])):
            if len(blocks):
                wrapped = np.concatenate([values, values[: length - 1]]).astype(np.float64)
                by_start = sliding_window_view(wrapped, length, axis=0).sum(axis=-1)
                for starts in blocks:
                    total += by_start.take(starts, axis=0)
        return total

    def ratio(self, numerator: Floats, denominator: Floats) -> Draws:
        """Sum of the numerator over sum of the denominator in each draw.

        A draw without any day that counts has the ratio of all days.

        Args:
            numerator: By day, shape `(days,)`.
            denominator: By day, at least one above zero.
        """
        top, over = self.sums(np.stack([numerator, denominator], axis=1)).T
        ratios = np.full(self.draws, numerator.sum() / denominator.sum())
        np.divide(top, over, out=ratios, where=over > 0)
        return Draws(np.sort(ratios), self.days / self.length)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """First days of blocks, shape `(blocks, draws)`; the last block is shorter where the days do not divide."""
        return np.random.default_rng(self.seed).integers(self.days, size=(-(-self.days // self.length), self.draws))


def student(confidence: float, freedom: float) -> float:
    """Quantile of Student's t distribution; with few degrees of freedom too large far out, by 2 % for 99 % and 3.

    Source:
        Wallace (1959), "Bounds on normal approximations to Student's and the chi-square distributions".
    """
    normal = NormalDist().inv_cdf(confidence) * (8 * freedom + 3) / (8 * freedom + 1)
    return math.copysign(math.sqrt(freedom * math.expm1(normal**2 / freedom)), normal)
