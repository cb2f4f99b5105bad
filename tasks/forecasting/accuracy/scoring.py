"""Which days an error counts on, and errors of any set of forecasts under that policy, overall and by groups."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.accuracy.metrics import Floats
from tasks.forecasting.data.days import weekday
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Windows

WEEK = 7
OPEN = 10.0
"""Units that a store sells a day so that a day without any sale is taken for one on which it was closed."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SERIES_AT_ONCE = 512

CLASSES = (("A", 0.80), ("B", 0.95), ("C", 1.0))
"""Item classes by the share of sales that the better-selling items make up."""


class DifferentPolicies(ValueError):
    """Scores under different policies do not compare."""


class MapePolicy(BaseModel):
    """The MAPE contract: which days count. Its hash is part of every score."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    zero_days: Literal["leave out", "as one unit"] = Field(
        "leave out", description="what MAPE makes of days without a sale; `as one unit`: errors are divided by 1"
    )
    returns: Literal["leave out", "as no sales"] = Field(
        "leave out", description="what becomes of days with more returns than sales, in every error"
    )
    closed_days: Literal["leave out", "count"] = Field(
        "leave out", description=f"days on which a store that sells {OPEN:g} units a day sells nothing, in every error"
    )
    min_volume: float = Field(
        0.0, ge=0, description="units a day that a series must have sold before the holdout to count in MAPE"
    )
    min_coverage: float = Field(
        25.0, ge=0, le=100, description="share of the days that MAPE must cover, in percent, else it is undefined"
    )

    @property
    def hash(self) -> str:
        """Names the policy: 12 hexadecimal digits."""
        return sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()[:12]


DEFAULT_POLICY = MapePolicy()


def require_same_policy(measured: str, now: str, what: str) -> None:
    """Scores compare only if they were measured alike.

    Args:
        measured: Hash of the policy that something was measured under.
        now: Hash of the policy that it is to be compared under.
        what: What was measured, for the message.

    Raises:
        DifferentPolicies: If they differ.
    """
    if measured != now:
        raise DifferentPolicies(
            f"{what} was measured under MAPE policy {measured}, the settings' [mape] is {now}: their scores do not "
            "compare. Retrain, or set [mape] back"
        )


@dataclass(frozen=True)
class Accuracy:
    """How well one forecaster did on one set of days; NaN where undefined, never 0.

    Attributes:
        mape: Mean absolute percentage error over the days that count in it, in percent.
        coverage: Share of the days that MAPE covers, in percent.
        wape: Absolute errors over sales, in percent.
        bias_pct: Forecast minus sales, in percent of sales; below zero is forecasting low.
        mase: Absolute errors over those of last week's same day before the holdout; below 1 is better than these.
        rmsse: The same of squared errors, as a root.
        days: Days and series measured.

    Source:
        Hyndman & Koehler (2006), "Another look at measures of forecast accuracy"; Hyndman & Athanasopoulos,
        "Forecasting: Principles and Practice" (3rd ed.), 5.8, for the seasonal RMSSE.
    """

    mape: float
    coverage: float
    wape: float
    bias_pct: float
    mase: float
    rmsse: float
    days: int


class Sums(NamedTuple):
    """What all errors are ratios of, summed over groups of forecasts; arrays of one shape, a number a group.

    Attributes:
        forecasts: How many were measured.
        counted: How many count in MAPE.
        sold: Units.
        scaled: How many have a scale for MASE and RMSSE.
        percentage: Absolute percentage errors, in percent.
        absolute: Absolute errors, in units.
        signed: Forecast minus sales, in units.
        scaled_absolute: Absolute errors over the series' scale.
        scaled_squared: Squared errors over the series' squared scale.
    """

    forecasts: Floats
    counted: Floats
    sold: Floats
    scaled: Floats
    percentage: Floats
    absolute: Floats
    signed: Floats
    scaled_absolute: Floats
    scaled_squared: Floats

    def accuracy(self, min_coverage: float) -> list[Accuracy]:
        """The errors of each group."""
        with np.errstate(divide="ignore", invalid="ignore"):
            coverage = 100 * self.counted / self.forecasts
            mape = np.where(coverage >= min_coverage, self.percentage / _positive(self.counted), np.nan)
            sold, scaled = _positive(self.sold), _positive(self.scaled)
            errors = (
                mape,
                coverage,
                100 * self.absolute / sold,
                100 * self.signed / sold,
                self.scaled_absolute / scaled,
                np.sqrt(self.scaled_squared / scaled),
            )
        columns = [np.ravel(error).tolist() for error in errors]
        return [Accuracy(*each) for each in zip(*columns, np.ravel(self.forecasts).astype(int).tolist(), strict=True)]


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


@dataclass(frozen=True)
class Yardstick:
    """A set of days to forecast and what they are measured by; the same for every forecaster.

    Attributes:
        windows: The days.
        learned: The panel's first days, which come before all of them: volumes and scales are taken from these.
        policy: Which of the days count.
        groups: Items of each item class; without any, classes are A, B and C by sales.
    """

    windows: Windows
    learned: int
    policy: MapePolicy = DEFAULT_POLICY
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def accuracy(self, forecast: Floats) -> Accuracy:
        """Errors of units forecast, shape `(windows,)`."""
        (overall,) = self._sums(forecast, np.zeros(len(self.windows), int), 1).accuracy(self.policy.min_coverage)
        return overall

    def by(self, forecast: Floats) -> dict[str, dict[str, Accuracy]]:
        """Errors by store, item, item class, store x item class, weekday and month, each group by its name."""
        return {kind: self._by(forecast, kind) for kind in self._groupings}

    def percentage_errors(self, forecast: Floats) -> Floats:
        """Absolute percentage error of each window in percent, shape `(windows,)`; NaN where a day does not count."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            errors = 100 * np.abs(np.asarray(forecast, np.float64) - self._actual) / self._divisor
        return np.where(self._counted, errors, np.nan)

    def by_store(self, forecast: Floats) -> dict[str, float]:
        """MAPE of each store that has days, in percent."""
        return {store: each.mape for store, each in self._by(forecast, "store").items()}

    @property
    def cells(self) -> tuple[list[tuple[str, str]], NDArray[np.datetime64]]:
        """Store and item class of each cell, and the days, that `daily` sums by."""
        labels, _ = self._cells
        first, last = int(self.windows.column.min()), int(self.windows.column.max())
        return labels, self.windows.panel.dates[first : last + 1]

    def daily(self, forecast: Floats) -> Sums:
        """Sums by cell and day, arrays of shape `(cells, days)`."""
        (labels, group), (_, days) = self._cells, self.cells
        column = self.windows.column - self.windows.column.min()
        sums = self._sums(forecast, group * len(days) + column, len(labels) * len(days))
        return Sums(*(each.reshape(len(labels), len(days)) for each in sums))

    def _by(self, forecast: Floats, kind: str) -> dict[str, Accuracy]:
        labels, group = self._groupings[kind]
        sums = self._sums(forecast, group, len(labels))
        return dict(zip(labels, sums.accuracy(self.policy.min_coverage), strict=True))

    def _sums(self, forecast: Floats, group: NDArray[np.integer], groups: int) -> Sums:
        """Sums over the windows of each group, which `group` numbers, shape `(windows,)`."""
        here = self.measured
        error = np.asarray(forecast, np.float64) - self._actual
        absolute, scale, square = np.abs(error), *self._scales
        scaled, counted = here & np.isfinite(scale), self._counted
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            weights = (
                here,
                counted,
                np.where(here, self._actual, 0),
                scaled,
                np.where(counted, self.percentage_errors(forecast), 0),
                np.where(here, absolute, 0),
                np.where(here, error, 0),
                np.where(scaled, absolute / scale, 0),
                np.where(scaled, error**2 / square, 0),
            )
        return Sums(*(np.bincount(group, weight, groups).astype(np.float64) for weight in weights))

    @cached_property
    def _actual(self) -> Floats:
        actual = self.windows.actual.astype(np.float64)
        return np.maximum(actual, 0) if self.policy.returns == "as no sales" else actual

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Which windows count in any error, shape `(windows,)`."""
        measured = self._actual >= 0
        if self.policy.closed_days == "leave out":
            measured &= ~closed(self.windows.panel)[self.windows.series, self.windows.column]
        return measured

    @cached_property
    def _counted(self) -> NDArray[np.bool_]:
        """Which count in MAPE."""
        counted = self.measured & (self._actual > 0) if self.policy.zero_days == "leave out" else self.measured
        if not self.policy.min_volume:
            return counted
        return counted & (_mean(self._before.sales) >= self.policy.min_volume)[self.windows.series]

    @cached_property
    def _divisor(self) -> Floats:
        return np.maximum(self._actual, 1) if self.policy.zero_days == "as one unit" else self._actual

    @cached_property
    def _scales(self) -> tuple[Floats, Floats]:
        """Mean absolute and mean squared change from the same day of the week before, of each window's series."""
        sales, scales = self._before.sales, np.empty((2, len(self.windows.panel.sales)))
        for start in range(0, len(sales), _SERIES_AT_ONCE):
            few = sales[start : start + _SERIES_AT_ONCE].astype(np.float64)
            change = few[:, WEEK:] - few[:, :-WEEK]
            scales[:, start : start + len(few)] = _mean(np.abs(change)), _mean(change**2)
        absolute, square = _positive(scales)[:, self.windows.series]
        return absolute, square

    @property
    def _before(self) -> Panel:
        return self.windows.panel.first(self.learned)

    @cached_property
    def _groupings(self) -> dict[str, tuple[list[str], NDArray[np.int64]]]:
        """For each kind of group the labels, and which of them each window has."""
        panel, series, column = self.windows.panel, self.windows.series, self.windows.column
        cells, cell = self._cells
        return {
            "store": _numbered(panel.stores, series),
            "item": _numbered(panel.items, series),
            "item class": _numbered(self.classes, series),
            "store x item class": ([" x ".join(each) for each in cells], cell),
            "weekday": (list(WEEKDAYS), weekday(panel.dates)[column]),
            "month": _numbered(panel.dates.astype("datetime64[M]").astype(str), column),
        }

    @cached_property
    def classes(self) -> NDArray[np.str_]:
        """Item class of each series, shape `(series,)`."""
        return item_classes(self._before, self.groups)

    @cached_property
    def _cells(self) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
        """Each store's item classes that have days, and which of them each window is in."""
        panel = self.windows.panel
        pairs = list(zip(panel.stores.tolist(), self.classes.tolist(), strict=True))
        present = dict.fromkeys(pairs[series] for series in np.unique(self.windows.series))
        number = {pair: index for index, pair in enumerate(present)}
        return list(present), np.array([number.get(pair, -1) for pair in pairs])[self.windows.series]


def closed(panel: Panel) -> NDArray[np.bool_]:
    """Days on which a store that sells `OPEN` units a day or more sells none, shape of `panel.sales`."""
    stores, row = np.unique(panel.stores, return_inverse=True)
    total = np.array([np.nansum(panel.sales[row == store], axis=0, dtype=float) for store in range(len(stores))])
    return ((total <= 0) & (total.mean(axis=1, keepdims=True) >= OPEN))[row]


def item_classes(panel: Panel, groups: Mapping[str, Iterable[str]]) -> NDArray[np.str_]:
    """The class of each series' item, shape `(series,)`: its group's name, `other` in none; without groups A, B or C.

    A are the items that sell best over all stores and make up 80 % of the units, B the next 15 %, C the rest.
    """
    if groups:
        of_item = {item: name for name, items in groups.items() for item in items}
        return np.array([of_item.get(item, "other") for item in panel.items.tolist()])
    items, row = np.unique(panel.items, return_inverse=True)
    sold = np.bincount(row, np.nansum(panel.sales, axis=1, dtype=float), len(items))
    order = np.argsort(-sold, kind="stable")
    before = np.cumsum(sold[order]) - sold[order]
    share = np.empty(len(items))
    share[order] = before / max(sold.sum(), 1e-9)
    ends = np.array([end for _, end in CLASSES[:-1]])
    return np.array([name for name, _ in CLASSES])[np.searchsorted(ends, share, side="right")][row]


def _numbered(labels: NDArray[np.str_], place: NDArray[np.integer]) -> tuple[list[str], NDArray[np.int64]]:
    """Labels of the places that windows have, in the order of the panel, and the number of each window's."""
    used = np.unique(place)
    number = {label: index for index, label in enumerate(dict.fromkeys(labels[used].tolist()))}
    numbers = np.full(len(labels), -1)
    numbers[used] = [number[label] for label in labels[used].tolist()]
    return list(number), numbers[place]


def _mean(values: Floats) -> Floats:
    """Mean over known days of each row; NaN without one."""
    known = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, values, 0).sum(axis=1, dtype=float) / known.sum(axis=1)
