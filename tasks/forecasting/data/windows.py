"""Windows of 14 days, and the days after them that are forecast; which of them train, choose and measure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.data.panel import WINDOW, Panel

KNOWN = 7
"""Number of days of a window that must be known for it to be used."""

CHUNK = 65_536
"""Windows that are in memory at once while many of them are gone through."""


@dataclass(frozen=True)
class Windows:
    """Days to forecast: two numbers for each window; all else is looked up in the panel.

    Attributes:
        panel: The panel whose days are forecast.
        series: Row of the panel, shape `(windows,)`.
        column: Column of the target day, shape `(windows,)`.
    """

    panel: Panel
    series: NDArray[np.int32]
    column: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, chosen: Any) -> "Windows":
        """Some of the windows, by a slice, indices or a mask."""
        return Windows(self.panel, self.series[chosen], self.column[chosen])

    @property
    def history(self) -> NDArray[np.float32]:
        """The 14 days before each target in units, oldest first, shape `(windows, 14)`; NaN where one is missing."""
        return self.panel.sales[self.series[:, None], self.column[:, None] + np.arange(-WINDOW, 0)]

    @property
    def actual(self) -> NDArray[np.float32]:
        """Sales of the target day, shape `(windows,)`."""
        return self.panel.sales[self.series, self.column]

    @property
    def day(self) -> NDArray[np.datetime64]:
        """The target day, shape `(windows,)`."""
        return self.panel.dates[self.column]

    def chunks(self, size: int = CHUNK) -> Iterator["Windows"]:
        """All windows, `size` at a time."""
        return (self[start : start + size] for start in range(0, len(self), size))


class SplitPolicy(BaseModel):
    """Which days train, which choose and which only measure. Days are always split by date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holdout: float = Field(0.2, gt=0, lt=1, description="share of the target days, the last ones, that only measure")
    validation: float = Field(0.1, gt=0, lt=1, description="share of the training days, the last ones, that choose")

    def split(self, days: int) -> "Split":
        """Split the days of a panel.

        Of 114 days, 14 are the first window and 100 are targets. With the default shares the last 20 of these are the
        holdout and the last 8 of the other 80 are for validation: `Split(validation=86, holdout=94)`.

        Args:
            days: Number of days of the panel.
        """
        holdout = WINDOW + int((days - WINDOW) * (1 - self.holdout))
        return Split(WINDOW + int((holdout - WINDOW) * (1 - self.validation)), holdout)


@dataclass(frozen=True)
class Split:
    """Where a panel's days are split. Days before the holdout may be learned from, those of the holdout never.

    Attributes:
        validation: Column of the first validation day; the last training days, from there on, make choices.
        holdout: Column of the first holdout day.
    """

    validation: int
    holdout: int


def windows(panel: Panel, first: int, last: int, at_most: int | None = None) -> Windows:
    """Windows whose target day is in the columns `[first, last)`, with 7 or more known days and a known target.

    Args:
        panel: The panel whose days are forecast.
        first: Column of the first target day.
        last: Column after the last target day.
        at_most: Number of windows to draw without replacement, always the same ones. Defaults to `None`, all.
    """
    first = max(first, WINDOW)
    if at_most is None:
        targets = [_usable(panel, block, first, last) for block in panel.blocks()]
    else:
        targets = _draw(panel, first, last, at_most)
    pairs = np.concatenate([np.empty((0, 2), np.int32), *targets])
    return Windows(panel, pairs[:, 0].copy(), pairs[:, 1].copy())


def _draw(panel: Panel, first: int, last: int, at_most: int) -> list[NDArray[np.int32]]:
    """Draw usable targets from each block of series, `at_most` in all, without ever holding all of them in memory.

    With 3 usable targets in the first block and 2 in the second they have the ranks 0 to 4. If the ranks 1, 3 and 4
    are drawn, the first block gives its target 1, the second its targets 0 and 1.
    """
    blocks = panel.blocks()
    ends = np.cumsum([0, *(len(_usable(panel, block, first, last)) for block in blocks)])
    if ends[-1] <= at_most:
        ranks = np.arange(ends[-1])
    else:
        ranks = np.sort(np.random.default_rng(0).choice(ends[-1], at_most, replace=False, shuffle=False))
    of_blocks = np.split(ranks, np.searchsorted(ranks, ends[1:-1]))
    return [
        _usable(panel, block, first, last)[drawn - start]
        for block, drawn, start in zip(blocks, of_blocks, ends[:-1], strict=True)
    ]


def _usable(panel: Panel, block: slice, first: int, last: int) -> NDArray[np.int32]:
    """Row and column of each usable target of some series, shape `(targets, 2)`.

    Days known before a target are a difference of running totals: with totals 0, 1, 2, 2, 3 over the days known, known,
    missing, known there are 3 - 1 = 2 known days among the last three.
    """
    known = np.isfinite(panel.sales[block, first - WINDOW : last])
    total = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    enough = total[:, WINDOW:-1] - total[:, : -WINDOW - 1] >= KNOWN
    return np.argwhere(known[:, WINDOW:] & enough).astype(np.int32) + np.array([block.start, first], np.int32)
