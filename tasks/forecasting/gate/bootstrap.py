"""Confidence intervals of error ratios by a block bootstrap over days, which keeps weeks together."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from tasks.forecasting.data.days import WEEK
from tasks.forecasting.data.panel import Floats


@dataclass(frozen=True)
class Draws:
    """A ratio in each draw.

    Attributes:
        ratios: The ratios in rising order, shape `(draws,)`.
        blocks: Number of blocks that make up the series.
    """

    ratios: Floats
    blocks: float

    def bounds(self, confidence: float) -> tuple[float, float]:
        """One-sided lower and upper bound, each at `confidence` (a share); NaN with fewer than two blocks.

        Bounds are order statistics, so that they never fall if a draw rises, and never lie beyond the draws.

        Source:
            Hesterberg (2015), "What Teachers Should Know About the Bootstrap", 4.2: the expanded percentile interval,
            which goes as much further out as Student's t does with so few blocks.
        """
        if self.blocks < 2:
            return math.nan, math.nan
        beyond = _share_beyond(confidence, self.blocks)
        rank = max(int(beyond * (1 + len(self.ratios))), 1)
        return float(self.ratios[rank - 1]), float(self.ratios[-rank])


@dataclass(frozen=True)
class Bootstrap:
    """Circular block bootstrap of a series of consecutive days.

    Each draw joins blocks of whole weeks, which start on any day and wrap around the end, to a series of equal length.
    Nothing is ever subtracted, so that no bound of a sum or ratio falls where an error of any day rises.

    Attributes:
        days: Length of the series.
        block_weeks: Greatest length of a block, in weeks. Defaults to 4.
        draws: Number of draws. Defaults to 1,000.
        blocks: Least number of blocks; a short series has shorter blocks, of one week at least. Defaults to 4.
        seed: Equal seeds give equal draws. Defaults to 0.

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
        """Number of days in a block."""
        weeks = min(self.block_weeks, self.days // (self.blocks * WEEK))
        return min(max(weeks, 1) * WEEK, self.days)

    def sums(self, values: Floats) -> Floats:
        """Sums over each draw, shape `(draws, k)`, of values by day, shape `(days, k)`."""
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
            numerator: Values by day, shape `(days,)`.
            denominator: Values by day, of which at least one is above zero.
        """
        top, over = self.sums(np.stack([numerator, denominator], axis=1)).T
        ratios = np.full(self.draws, numerator.sum() / denominator.sum())
        np.divide(top, over, out=ratios, where=over > 0)
        return Draws(np.sort(ratios), self.days / self.length)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """First days of blocks, shape `(blocks, draws)`; the last block is shorter where the days do not divide."""
        blocks = math.ceil(self.days / self.length)
        return np.random.default_rng(self.seed).integers(self.days, size=(blocks, self.draws))


def _share_beyond(confidence: float, blocks: float) -> float:
    """Share of the draws beyond a bound: the share of a normal distribution beyond Student's t quantile."""
    # what `scipy.stats.t.ppf` calls, which takes a second to import
    quantile = float(stdtrit(blocks - 1, confidence))
    return float(ndtr(-quantile * math.sqrt(blocks / (blocks - 1))))
