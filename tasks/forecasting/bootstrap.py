"""Intervals of error ratios by a block bootstrap over days, which keeps weeks together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.metrics import Floats

WEEK = 7


@dataclass(frozen=True)
class Bootstrap:
    """Circular block bootstrap of a series of consecutive days.

    Each draw is a weight for every day: how often it was drawn, in blocks of whole weeks that start on any day and wrap
    around the end. As weights are never negative, every quantile of a draw's errors rises if an error of any day does.

    Attributes:
        days: Length of the series.
        block_weeks: Length of a block; shorter series are drawn in blocks of their own length.
        draws: How many.
        seed: The same seed gives the same draws.

    Source:
        Politis & Romano (1992), "A circular block-resampling procedure for stationary data"; percentile intervals as in
        Efron & Tibshirani (1993), "An Introduction to the Bootstrap", 13.
    """

    days: int
    block_weeks: int = 2
    draws: int = 1000
    seed: int = 0

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """How often each day is drawn, shape `(draws, days)`; each row adds up to `days`."""
        length = min(self.block_weeks * WEEK, self.days)
        rng = np.random.default_rng(self.seed)
        whole, rest = divmod(self.days, length)
        starts = rng.integers(self.days, size=(self.draws, whole + (rest > 0)))
        lengths = np.full(starts.shape[1], length)
        if rest:
            lengths[-1] = rest
        change = np.zeros((self.draws, 2 * self.days + 1), np.float32)
        row = np.arange(self.draws)[:, None]
        np.add.at(change, (row, starts), 1)
        np.add.at(change, (row, starts + lengths), -1)
        drawn = np.cumsum(change, axis=1)[:, :-1]
        return drawn[:, : self.days] + drawn[:, self.days :]

    def ratio(self, numerator: Floats, denominator: Floats) -> Floats:
        """Sum of the numerator over sum of the denominator in each draw.

        Args:
            numerator: By day, shape `(days,)` or `(days, k)`.
            denominator: By day, of the same shape.

        Returns:
            Shape `(draws,)` or `(draws, k)`; NaN where nothing was drawn that counts.
        """
        over = self.weights @ denominator.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.weights @ numerator.astype(np.float64)) / np.where(over > 0, over, np.nan)


def interval(draws: Floats, confidence: float) -> tuple[float, float]:
    """One-sided lower and upper bound, each at `confidence` (a share); NaN where a draw is undefined.

    Quantiles are order statistics, rounded outwards, so that they never fall if a draw rises.
    """
    if not np.isfinite(draws).all():
        return float("nan"), float("nan")
    low = np.quantile(draws, 1 - confidence, method="lower")
    return float(low), float(np.quantile(draws, confidence, method="higher"))
