"""Daily sales as a dense panel, with a row for each series and a column for each day; and the types of arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
"""What networks and their files compute in."""

Floats64 = NDArray[np.float64]
"""What errors and seasonal indices are summed in."""

Floats = NDArray[np.floating]
"""Either of them."""

WINDOW = 14
"""Days of history that one forecast reads."""

SERIES_AT_ONCE = 512
"""Series that are in memory at once while all of them are gone through."""


class TooLittleHistory(ValueError):
    """No series is long enough to learn from or to measure on."""


@dataclass(frozen=True)
class Panel:
    """Sales of `n` series on `d` consecutive days.

    Attributes:
        stores: Store code of each series, shape `(n,)`.
        items: Item code of each series, shape `(n,)`.
        dates: Consecutive days, shape `(d,)`, `datetime64[D]`.
        sales: Units sold, shape `(n, d)`, float32; NaN where no row arrived.
        skipped: Number of series left out because they have too few days: `WINDOW` or fewer, unless the settings ask
            for more. Defaults to 0.
    """

    stores: NDArray[np.str_]
    items: NDArray[np.str_]
    dates: NDArray[np.datetime64]
    sales: Floats32
    skipped: int = 0

    def first(self, days: int) -> "Panel":
        """All series on the first `days` days."""
        return replace(self, dates=self.dates[:days], sales=self.sales[:, :days])

    def until(self, last: date) -> "Panel":
        """All series without the days after `last`."""
        return self.first(self.column_after(last))

    def column_after(self, day: date) -> int:
        """Index of the first day after `day`."""
        return int(np.searchsorted(self.dates, np.datetime64(day, "D"), side="right"))

    def blocks(self) -> list[slice]:
        """Rows of at most `SERIES_AT_ONCE` series each, for work that should not hold all series in memory at once."""
        return [slice(row, row + SERIES_AT_ONCE) for row in range(0, len(self.sales), SERIES_AT_ONCE)]

    def extremes(self) -> tuple[float, float]:
        """Smallest and largest sales of all series and days."""
        return float(np.nanmin(self.sales)), float(np.nanmax(self.sales))


class Rows(NamedTuple):
    """Some rows of sales, as numbers; all arrays have shape `(rows,)`.

    Attributes:
        series: Index of each row's series in the names that the source keeps.
        day: Days since 1970-01-01.
        sales: Units sold.
    """

    series: NDArray[np.int64]
    day: NDArray[np.int64]
    sales: NDArray[np.generic]


def to_panel(
    names: Sequence[tuple[str, str]], lengths: NDArray[np.int64], days: tuple[int, int], chunks: Iterable[Rows]
) -> Panel:
    """Lay rows out as a panel, without the series of fewer than 15 days.

    Args:
        names: Store and item of each series.
        lengths: Number of rows of each series, shape `(series,)`.
        days: The first and the last day of all rows, since 1970-01-01.
        chunks: All rows, one for each series and day, in any order.

    Raises:
        TooLittleHistory: If no series has 15 days.
    """
    enough = lengths > WINDOW
    if not enough.any():
        raise TooLittleHistory(
            f"no series has the {WINDOW + 1} days that one window and its target need "
            f"(received {len(lengths)} series, the longest of {lengths.max(initial=0)} days); ingest more history"
        )
    stores, items = np.array([name for name, kept in zip(names, enough, strict=True) if kept], dtype=str).T
    order = np.lexsort((_padded(items), _padded(stores)))
    row_of = np.full(len(enough), -1)
    row_of[np.flatnonzero(enough)[order]] = np.arange(len(order))
    first, last = days
    sales = np.full((len(order), last - first + 1), np.nan, dtype=np.float32)
    for chunk in chunks:
        row = row_of[chunk.series]
        kept = row >= 0
        sales[row[kept], chunk.day[kept] - first] = chunk.sales[kept]
    seen = np.flatnonzero(np.isfinite(sales).any(axis=0))
    used = slice(seen[0], seen[-1] + 1)
    dates = np.datetime64(0, "D") + np.arange(first, last + 1)
    return Panel(stores[order], items[order], dates[used], sales[:, used], int((~enough).sum()))


def _padded(codes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Codes of equal width, so that "2" sorts before "10"."""
    return np.char.rjust(codes, np.char.str_len(codes).max())
