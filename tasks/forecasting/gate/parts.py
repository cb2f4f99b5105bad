"""A comparison cut into parts: what each store, item class or week adds to it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.days import mondays
from tasks.forecasting.data.panel import Floats
from tasks.forecasting.gate.comparison import Comparison, Excess


class Parts(NamedTuple):
    """Errors above another forecaster's and how many count, by part and day, each of shape `(parts, days)`."""

    names: NDArray[np.str_]
    errors: Floats
    counted: Floats

    @property
    def difference(self) -> Floats:
        """Difference of MAPE in each part, in percentage points, shape `(parts,)`; NaN where it is undefined."""
        return self.errors.sum(axis=1) / self.counted.sum(axis=1)

    @property
    def days(self) -> NDArray[np.int64]:
        """Number of days of each part on which anything counts, shape `(parts,)`."""
        return (self.counted > 0).sum(axis=1)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Parts":
        """Some of the parts, by a mask or in the order of their indices."""
        return Parts(self.names[which], self.errors[which], self.counted[which])

    def by_day(self, index: int) -> Excess:
        """One part's errors and how many count, each of shape `(days,)`."""
        return Excess(self.errors[index], self.counted[index])


def by_group(comparison: Comparison, name: str, other: str | None, groups: NDArray[np.str_]) -> Parts:
    """What each group of segments adds, by name.

    Args:
        comparison: The evidence and the draws.
        name: The forecaster.
        other: Whom it is compared with; `None` for its own MAPE.
        groups: The group of each segment, shape `(segments,)`.
    """
    names, row = np.unique(groups, return_inverse=True)
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(len(names)))
    return Parts(names, *(np.add.reduceat(each[order], starts, axis=0) for each in comparison.excess(name, other)))


def by_week(comparison: Comparison, name: str, other: str | None) -> Parts:
    """What each week adds, named by its Monday; arguments as for `by_group`."""
    errors, counted = (each.sum(axis=0) for each in comparison.excess(name, other))
    names, row = np.unique(mondays(comparison.evidence.days), return_inverse=True)
    within = row == np.arange(len(names))[:, None]
    return Parts(names.astype(str), np.where(within, errors, 0), np.where(within, counted, 0))
