"""How 14 raw daily sales become the network's input, and its output units again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tasks.forecasting.data.panel import WINDOW, Floats32, Panel
from tasks.forecasting.data.windows import Windows
from tasks.forecasting.model.seasonal_index import Seasons
from tasks.forecasting.model.smoothing import Levels, smooth

MIN_LEVEL = np.float32(1 / 28)
"""Least level that a window is divided by, in units a day: half a unit in 14 days.

An item that did not sell for 14 days may sell on the next; how much it sells is for the network to learn.
"""


@dataclass(frozen=True)
class Scaled:
    """Windows as the network sees them; a forecast is `offset + scale * output`.

    Attributes:
        inputs: What the network reads, shape `(windows, 14, 1)`, without NaN.
        offset: Forecast for an output of 0, in units, shape `(windows,)`.
        scale: Units that an output of 1 adds, shape `(windows,)`.
        level: Smoothed level before the target day in units a day, shape `(windows,)`. Defaults to `None`, no level.
    """

    inputs: Floats32
    offset: Floats32
    scale: Floats32
    level: Floats32 | None = None

    def forecast(self, outputs: Floats32) -> Floats32:
        """Units sold on the target day, never below zero, shape `(windows,)`."""
        return np.maximum(self.offset + self.scale * outputs.reshape(-1), 0)

    def outputs(self, targets: Floats32) -> Floats32:
        """What the network should have answered for sales of the target days, shape `(windows, 1)`."""
        return ((targets - self.offset) / self.scale)[:, None].astype(np.float32)


Scaler = Callable[[Windows], Scaled]
"""Scales windows of the panel that it was made for."""


class Scaling(Protocol):
    """A reversible map between units and what the network sees; the manifest holds all of it."""

    def for_panel(self, panel: Panel, levels: Levels | None = None) -> Scaler:
        """A scaler of windows of `panel`; only days before a window's target are looked at.

        Args:
            panel: Raw sales, NaN where a day is missing.
            levels: Smoothed levels to start from if the panel does not reach back to the first sales; ignored by
                scalings that keep none. Defaults to `None`.
        """
        ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class GlobalMinMax:
    """One scale for all series, from the training days' smallest and largest sales (the published benchmark's)."""

    low: float
    high: float

    def for_panel(self, panel: Panel, levels: Levels | None = None) -> Scaler:  # noqa: ARG002  # the protocol's
        return self._scale

    def _scale(self, windows: Windows) -> Scaled:
        span, history = self.high - self.low or 1.0, windows.history
        filled = np.where(np.isfinite(history), history, mean(history)[:, None])
        ones = np.ones(len(windows), dtype=np.float32)
        return Scaled(((filled - self.low) / span)[:, :, None].astype(np.float32), self.low * ones, span * ones)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "global-min-max", "low": self.low, "high": self.high}


@dataclass(frozen=True)
class WindowMean:
    """Each day divided by its seasonal index, then each window by its own mean; 0 is "as the mean of the window".

    A mean below `MIN_LEVEL` is taken to be `MIN_LEVEL`.
    """

    seasons: Seasons

    def for_panel(self, panel: Panel, levels: Levels | None = None) -> Scaler:  # noqa: ARG002  # the protocol's
        index = _Index(self.seasons, panel)

        def scale(windows: Windows) -> Scaled:
            history, target = index.divided(windows)
            return _relative(history, mean(history), target)

        return scale

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "window-mean", **self.seasons.to_dict()}


@dataclass(frozen=True)
class SmoothedLevel:
    """Each day divided by its seasonal index, then by the series' smoothed level, one number that a device keeps.

    Attributes:
        seasons: Seasonal indices.
        span: Days that the level looks back over, see `smoothing.smooth`.
    """

    seasons: Seasons
    span: int

    def for_panel(self, panel: Panel, levels: Levels | None = None) -> Scaler:
        index = _Index(self.seasons, panel)
        before, _ = smooth(panel, index.of_day, self.span, levels)

        def scale(windows: Windows) -> Scaled:
            history, target = index.divided(windows)
            level = before[windows.series, windows.column]
            return replace(_relative(history, level, target), level=level)

        return scale

    def after(self, panel: Panel) -> Levels:
        """The smoothed levels after the panel's last day."""
        return smooth(panel, _Index(self.seasons, panel).of_day, self.span)[1]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "running-level", "span": self.span, **self.seasons.to_dict()}


class _Index:
    """The seasonal index of every day of a panel."""

    def __init__(self, seasons: Seasons, panel: Panel) -> None:
        self._table, self._row = seasons.table(panel.items, panel.dates)

    def of_day(self, column: int) -> Floats32:
        """Index of each series on the day of a column, shape `(series,)`."""
        return self._table[self._row, column]

    def divided(self, windows: Windows) -> tuple[Floats32, Floats32]:
        """Histories divided by their index, shape `(windows, 14)`, and the target days' index, shape `(windows,)`."""
        days = windows.column[:, None] + np.arange(-WINDOW, 1)
        index = self._table[self._row[windows.series][:, None], days]
        return windows.history / index[:, :-1], index[:, -1]


def _relative(history: Floats32, level: Floats32, index: Floats32) -> Scaled:
    """Windows relative to their level: at a level of 10 a day of 12 units is 0.2, and a missing day is 0.

    Args:
        history: Sales divided by their seasonal index, shape `(windows, 14)`.
        level: Units a day, shape `(windows,)`.
        index: Seasonal index of the target day, shape `(windows,)`.
    """
    level = np.maximum(level, MIN_LEVEL)
    relative = np.where(np.isfinite(history), history / level[:, None] - 1, 0)
    forecast = (level * index).astype(np.float32)
    return Scaled(relative[:, :, None].astype(np.float32), offset=forecast, scale=forecast)


def from_dict(record: Mapping[str, Any]) -> Scaling:
    """Read the scaling that a manifest describes.

    Raises:
        ValueError: If its kind is unknown.
    """
    match record:
        case {"kind": "global-min-max", "low": low, "high": high}:
            return GlobalMinMax(low, high)
        case {"kind": "window-mean", "weekday": _, "month": _}:
            return WindowMean(Seasons.from_dict(record))
        case {"kind": "running-level", "span": span, "weekday": _, "month": _}:
            return SmoothedLevel(Seasons.from_dict(record), span)
    raise ValueError(
        f"unknown scaling; expected kind global-min-max, window-mean or running-level. Received: {record!r}"
    )


def forecast(scale: Scaler, windows: Windows, network: Callable[[Floats32], Floats32]) -> Floats32:
    """Units that a network forecasts, shape `(windows,)`. Only some windows are scaled at a time, to bound memory.

    Args:
        scale: Scaler of the windows' panel.
        windows: What to forecast.
        network: Function from inputs `(n, 14, 1)` to outputs `(n, 1)`.
    """
    chunks = [scaled.forecast(network(scaled.inputs)) for scaled in map(scale, windows.chunks())]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def naive_forecast(scale: Scaler, windows: Windows) -> Floats32:
    """The forecast without a network: level times the target day's index, shape `(windows,)`."""
    return forecast(scale, windows, lambda inputs: np.zeros((len(inputs), 1), np.float32))


def mean(windows: Floats32) -> Floats32:
    """Mean of the known days of each window `(n, 14)`; 0 where none is known."""
    known = np.isfinite(windows)
    return (np.where(known, windows, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)).astype(np.float32)
