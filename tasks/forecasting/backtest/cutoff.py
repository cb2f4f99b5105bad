"""A cutoff: what a retrain on one day knows of all sales."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Floats, Panel
from tasks.forecasting.data.windows import Split, SplitPolicy, Windows, windows


@dataclass(frozen=True)
class Cutoff:
    """The sales before one day, cut and split as a retrain on that day does.

    Its panel may have fewer series and days than all sales. If all sales have the series a, b and c from 1 January on
    and the panel has a and c from 1 March on, `rows` is `[0, 2]` and `offset` is 59.

    Attributes:
        panel: The series and days that take part in the retrain.
        split: Where validation and holdout begin in `panel`.
        rows: Row of each series of `panel` in all sales, shape `(series,)`.
        offset: Column of the first day of `panel` in all sales.
    """

    panel: Panel
    split: Split
    rows: NDArray[np.int64]
    offset: int

    @classmethod
    def before(cls, day: date, sales: Panel, history: History, split: SplitPolicy) -> "Cutoff":
        """Cut all sales before `day`, as if nothing later had ever arrived.

        Args:
            day: The day of the retrain.
            sales: All sales.
            history: Which days and series take part in the retrain.
            split: Which of these days train, choose and measure.

        Raises:
            TooLittleHistory: If no series is long enough.
        """
        panel = history.cut(sales.until(day - timedelta(1)))
        row_of = {name: row for row, name in enumerate(zip(sales.stores.tolist(), sales.items.tolist(), strict=True))}
        rows = [row_of[name] for name in zip(panel.stores.tolist(), panel.items.tolist(), strict=True)]
        offset = int(np.searchsorted(sales.dates, panel.dates[0]))
        return cls(panel, split.split(len(panel.dates)), np.array(rows), offset)

    @property
    def holdout(self) -> Windows:
        """The windows that only measure."""
        return windows(self.panel, self.split.holdout, len(self.panel.dates))

    @property
    def start(self) -> int:
        """Column of all sales at which the holdout begins."""
        return self.offset + self.split.holdout

    def onward(self, sales: Panel) -> Panel:
        """All sales from the first day of this panel on, of all series."""
        return replace(sales, dates=sales.dates[self.offset :], sales=sales.sales[:, self.offset :])

    def everywhere(self, chosen: Windows) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Rows and columns of this panel's windows in all sales, both of shape `(windows,)`."""
        return self.rows[chosen.series], chosen.column + self.offset


def to_matrix(chosen: Windows, first: int, units: Floats) -> Floats:
    """Lay forecasts out by series and day; NaN where there is none.

    With 3 series in the panel and 4 as `first`, forecasts of 7 units for series 0 and 8 units for series 2, both on
    day 5, give `[[nan, 7], [nan, nan], [nan, 8]]`.

    Args:
        chosen: The windows that were forecast, at least one.
        first: Column of the panel that becomes the first column.
        units: Units forecast for each window, shape `(windows,)`.

    Returns:
        Units, shape `(series, days)`, from `first` to the last window's day.
    """
    table = np.full((len(chosen.panel.stores), int(chosen.column.max()) + 1 - first), np.nan, np.float32)
    table[chosen.series, chosen.column - first] = units
    return table
