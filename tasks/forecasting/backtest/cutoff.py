"""The past: what a retrain on one day knew of all sales."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.dtypes import Floats
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Split, SplitPolicy, Windows, windows


@dataclass(frozen=True)
class Cutoff:
    """The sales before one day, cut and split as a retrain on that day does.

    Attributes:
        panel: What takes part in the retrain.
        split: Where validation and holdout begin in it.
        rows: Where each of its series is in all sales, shape `(series,)`.
        offset: Where its first day is in all sales.
    """

    panel: Panel
    split: Split
    rows: NDArray[np.int64]
    offset: int

    @classmethod
    def before(cls, day: date, sales: Panel, history: History, days: SplitPolicy) -> "Cutoff":
        """What was known before `day`, as if nothing later had ever arrived.

        Raises:
            TooLittleHistory: If no series is long enough.
        """
        panel = history.cut(sales.until(day - timedelta(1)))
        row = {name: index for index, name in enumerate(zip(sales.stores.tolist(), sales.items.tolist(), strict=True))}
        names = zip(panel.stores.tolist(), panel.items.tolist(), strict=True)
        offset = int(np.searchsorted(sales.dates, panel.dates[0]))
        return cls(panel, days.split(len(panel.dates)), np.array([row[name] for name in names]), offset)

    @property
    def holdout(self) -> Windows:
        """The days that only measure."""
        return windows(self.panel, self.split.holdout, len(self.panel.dates))

    @property
    def start(self) -> int:
        """Where the holdout begins in all sales."""
        return self.offset + self.split.holdout

    def onward(self, sales: Panel) -> Panel:
        """All series of all sales, from the first day of this panel to the end."""
        return replace(sales, dates=sales.dates[self.offset :], sales=sales.sales[:, self.offset :])

    def everywhere(self, chosen: Windows) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Series and column in all sales of windows of this panel, both of shape `(windows,)`."""
        return self.rows[chosen.series], chosen.column + self.offset


def to_matrix(chosen: Windows, first: int, units: Floats) -> Floats:
    """Forecasts as a table of the panel's series from column `first` to the last window's; NaN where there is none.

    Args:
        chosen: Which days were forecast, one at least.
        first: Column of the table's first day.
        units: Of each window, shape `(windows,)`.
    """
    table = np.full((len(chosen.panel.stores), int(chosen.column.max()) + 1 - first), np.nan, np.float32)
    table[chosen.series, chosen.column - first] = units
    return table
