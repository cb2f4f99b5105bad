"""Daily sales as a dense panel: one row a series, one column a day."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WINDOW = 14
"""Days of history that one forecast reads."""


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
        skipped: Series left out because they have too few days, `WINDOW` or fewer unless settings ask for more.
    """

    stores: NDArray[np.str_]
    items: NDArray[np.str_]
    dates: NDArray[np.datetime64]
    sales: NDArray[np.float32]
    skipped: int = 0

    def first(self, days: int) -> "Panel":
        """The same series on the first `days` days."""
        return replace(self, dates=self.dates[:days], sales=self.sales[:, :days])

    def until(self, last: date) -> "Panel":
        """The same series, without the days after `last`."""
        return self.first(int(np.searchsorted(self.dates, np.datetime64(last, "D"), side="right")))

    def extremes(self) -> tuple[float, float]:
        """Smallest and largest sales of all series and days."""
        return float(np.nanmin(self.sales)), float(np.nanmax(self.sales))


def panel(rows: pd.DataFrame) -> Panel:
    """Lay rows out as a panel, leaving out series of fewer than 15 days.

    Args:
        rows: Columns `date`, `store`, `item`, `sales`, one row a key, any order.

    Raises:
        TooLittleHistory: If no series has 15 days.
    """
    names = rows["store"].astype(str).astype(object) + _SEPARATOR + rows["item"].astype(str).astype(object)
    series, key = np.unique(names.to_numpy(dtype=str), return_inverse=True)
    lengths = np.bincount(key, minlength=len(series))
    enough = lengths > WINDOW
    if not enough.any():
        raise TooLittleHistory(
            f"no series has the {WINDOW + 1} days that one window and its target need "
            f"(received {len(series)} series, the longest of {lengths.max(initial=0)} days); ingest more history"
        )
    stores, items = np.array([name.split(_SEPARATOR) for name in series[enough]], dtype=str).T
    order = np.lexsort((_natural(items), _natural(stores)))
    place = np.full(len(series), -1)
    place[np.flatnonzero(enough)[order]] = np.arange(len(order))
    kept = enough[key]
    days = rows["date"].to_numpy().astype("datetime64[D]")[kept]
    dates = np.arange(days.min(), days.max() + 1)
    sales = np.full((len(order), len(dates)), np.nan, dtype=np.float32)
    sales[place[key[kept]], (days - dates[0]).astype(int)] = rows["sales"].to_numpy()[kept]
    return Panel(stores[order], items[order], dates, sales, int((~enough).sum()))


_SEPARATOR = "\x1f"


def _natural(codes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Sort keys that put "2" before "10"."""
    width = max(len(code) for code in codes)
    return np.char.rjust(codes, width)
