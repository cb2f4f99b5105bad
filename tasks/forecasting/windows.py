"""Windows of 14 days and the day after, cut from a panel, split by date."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.sales import WINDOW, Panel

KNOWN = 7
"""Days of a window that must be known before it is used."""


@dataclass(frozen=True)
class Windows:
    """Raw windows, in units.

    Attributes:
        history: Shape `(windows, 14)`; NaN where a day is missing.
        actual: Sales of the target day, shape `(windows,)`.
        day: The target day, shape `(windows,)`.
        series: Row of the panel, shape `(windows,)`.
    """

    history: NDArray[np.float32]
    actual: NDArray[np.float32]
    day: NDArray[np.datetime64]
    series: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.actual)


class Days(BaseModel):
    """Which days train, which choose and which only measure; always split by date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holdout: float = Field(0.2, gt=0, lt=1, description="share of the target days, the last ones, that only measure")
    validation: float = Field(0.1, gt=0, lt=1, description="share of the training days, the last ones, that choose")

    def split(self, days: int) -> "Split":
        """Where validation and holdout begin in a panel of `days` days."""
        holdout = WINDOW + int((days - WINDOW) * (1 - self.holdout))
        return Split(WINDOW + int((holdout - WINDOW) * (1 - self.validation)), holdout)


@dataclass(frozen=True)
class Split:
    """Indices into a panel's days: targets from `WINDOW` to `holdout` train, later ones are never learned from.

    `validation` is where the last training days begin, on which choices are made.
    """

    validation: int
    holdout: int


def windows(panel: Panel, first: int, last: int) -> Windows:
    """Windows whose target day has an index in `[first, last)`, with 7 or more known days and a known target."""
    first = max(first, WINDOW)
    rows = np.lib.stride_tricks.sliding_window_view(panel.sales, WINDOW, axis=1)
    history = rows[:, first - WINDOW : last - WINDOW]
    actual = panel.sales[:, first:last]
    usable = np.isfinite(actual) & (np.isfinite(history).sum(axis=2) >= KNOWN)
    series, offset = np.nonzero(usable)
    return Windows(history[usable], actual[usable], panel.dates[first + offset], series)
