"""An evaluation set: days to forecast and how they are measured, overall, by groups and by day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.groups import WEEKDAYS, item_classes, numbered
from tasks.forecasting.accuracy.metrics import Accuracy, ErrorTotals, positive
from tasks.forecasting.accuracy.policy import MapePolicy, closed
from tasks.forecasting.data.days import WEEK, Dates, weekday
from tasks.forecasting.data.panel import Floats, Panel
from tasks.forecasting.data.windows import Windows


@dataclass(frozen=True)
class EvaluationSet:
    """Days to forecast, and how forecasts of them are measured: in the same way for every forecaster.

    A segment is an item class in a store.

    Attributes:
        windows: The days to forecast.
        training_days: Number of the panel's days before all of these; volumes, scales and item classes are taken from
            them.
        policy: Which of the days count.
        groups: Items of each item class. Defaults to none, and classes are then A, B and C by sales.
    """

    windows: Windows
    training_days: int
    policy: MapePolicy
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def accuracy(self, forecast: Floats) -> Accuracy:
        """Errors of units forecast, shape `(windows,)`."""
        (overall,) = self._totals(forecast, np.zeros(len(self.windows), int), 1).accuracy(self.policy.min_coverage)
        return overall

    def by(self, forecast: Floats) -> dict[str, dict[str, Accuracy]]:
        """Errors of each group, by its name, for every kind of group: store, item, item class, weekday and more."""
        return {kind: self._by(forecast, kind) for kind in self._groupings}

    def by_store(self, forecast: Floats) -> dict[str, float]:
        """MAPE of each store that has days, in percent."""
        return {store: accuracy.mape for store, accuracy in self._by(forecast, "store").items()}

    def percentage_errors(self, forecast: Floats) -> Floats:
        """Absolute percentage error of each window in percent, shape `(windows,)`; NaN where a day does not count."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            errors = 100 * np.abs(np.asarray(forecast, np.float64) - self._actual) / self._divisor
        return np.where(self._counted, errors, np.nan)

    @property
    def segments(self) -> tuple[list[tuple[str, str]], Dates]:
        """Store and item class of each segment, and the days, that `daily` sums by."""
        labels, _ = self._segments
        first, last = int(self.windows.column.min()), int(self.windows.column.max())
        return labels, self.windows.panel.dates[first : last + 1]

    def daily(self, forecast: Floats) -> ErrorTotals:
        """Totals by segment and day, arrays of shape `(segments, days)`."""
        (labels, segment), (_, days) = self._segments, self.segments
        column = self.windows.column - self.windows.column.min()
        totals = self._totals(forecast, segment * len(days) + column, len(labels) * len(days))
        return ErrorTotals(*(array.reshape(len(labels), len(days)) for array in totals))

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Which windows count in any error, shape `(windows,)`."""
        measured = self._actual >= 0
        if self.policy.closed_days == "leave out":
            measured &= ~closed(self.windows.panel)[self.windows.series, self.windows.column]
        return measured

    @cached_property
    def classes(self) -> NDArray[np.str_]:
        """Item class of each series, shape `(series,)`."""
        return item_classes(self._training, self.groups)

    def _by(self, forecast: Floats, kind: str) -> dict[str, Accuracy]:
        labels, group = self._groupings[kind]
        totals = self._totals(forecast, group, len(labels))
        return dict(zip(labels, totals.accuracy(self.policy.min_coverage), strict=True))

    def _totals(self, forecast: Floats, group: NDArray[np.integer], groups: int) -> ErrorTotals:
        """Totals over the windows of each group, which `group` numbers, shape `(windows,)`."""
        measured, counted = self.measured, self._counted
        error = np.asarray(forecast, np.float64) - self._actual
        absolute, scale, square = np.abs(error), *self._scales
        scaled = measured & np.isfinite(scale)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            of_windows: dict[str, NDArray[Any]] = {
                "forecasts": measured,
                "counted": counted,
                "sold": np.where(measured, self._actual, 0),
                "scaled": scaled,
                "percentage": np.where(counted, self.percentage_errors(forecast), 0),
                "absolute": np.where(measured, absolute, 0),
                "signed": np.where(measured, error, 0),
                "scaled_absolute": np.where(scaled, absolute / scale, 0),
                "scaled_squared": np.where(scaled, error**2 / square, 0),
            }
        summed = {name: np.bincount(group, values, groups) for name, values in of_windows.items()}
        return ErrorTotals(**{name: totals.astype(np.float64) for name, totals in summed.items()})

    @cached_property
    def _actual(self) -> Floats:
        actual = self.windows.actual.astype(np.float64)
        return np.maximum(actual, 0) if self.policy.returns == "as no sales" else actual

    @cached_property
    def _counted(self) -> NDArray[np.bool_]:
        """Which windows count in MAPE, shape `(windows,)`."""
        counted = self.measured & (self._actual > 0) if self.policy.zero_days == "leave out" else self.measured
        if not self.policy.min_volume:
            return counted
        return counted & (_mean(self._training.sales) >= self.policy.min_volume)[self.windows.series]

    @cached_property
    def _divisor(self) -> Floats:
        return np.maximum(self._actual, 1) if self.policy.zero_days == "as one unit" else self._actual

    @cached_property
    def _scales(self) -> tuple[Floats, Floats]:
        """Mean absolute and mean squared change from the same weekday a week before, of each window's series."""
        training, scales = self._training, np.empty((2, len(self.windows.panel.sales)))
        for block in training.blocks():
            sales = training.sales[block].astype(np.float64)
            change = sales[:, WEEK:] - sales[:, :-WEEK]
            scales[:, block] = _mean(np.abs(change)), _mean(change**2)
        absolute, square = positive(scales)[:, self.windows.series]
        return absolute, square

    @property
    def _training(self) -> Panel:
        return self.windows.panel.first(self.training_days)

    @cached_property
    def _groupings(self) -> dict[str, tuple[list[str], NDArray[np.int64]]]:
        """For each kind of group its labels, and the number of each window's label, shape `(windows,)`."""
        panel, series, column = self.windows.panel, self.windows.series, self.windows.column
        segments, segment = self._segments
        return {
            "store": numbered(panel.stores, series),
            "item": numbered(panel.items, series),
            "item class": numbered(self.classes, series),
            "store x item class": ([" x ".join(pair) for pair in segments], segment),
            "weekday": (list(WEEKDAYS), weekday(panel.dates)[column]),
            "month": numbered(panel.dates.astype("datetime64[M]").astype(str), column),
        }

    @cached_property
    def _segments(self) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
        """Store and item class of each segment that has days, and the number of each window's segment."""
        panel = self.windows.panel
        pairs = list(zip(panel.stores.tolist(), self.classes.tolist(), strict=True))
        present = dict.fromkeys(pairs[series] for series in np.unique(self.windows.series))
        number = {pair: index for index, pair in enumerate(present)}
        return list(present), np.array([number.get(pair, -1) for pair in pairs])[self.windows.series]


def _mean(values: Floats) -> Floats:
    """Mean over known days of each row; NaN without one."""
    known = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, values, 0).sum(axis=1, dtype=float) / known.sum(axis=1)
