"""How 14 raw daily sales become the network's input, and its output units again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tasks.forecasting.data.dtypes import Floats32
from tasks.forecasting.data.panel import WINDOW, Panel
from tasks.forecasting.data.windows import Windows
from tasks.forecasting.model.seasonality import Seasons
from tasks.forecasting.model.smoothing import Levels, running

SLOWEST = np.float32(1 / 28)
"""Units a day, half a unit in 14 days, that a level is taken to be at least: an item that did not sell for 14 days may
sell on the next, and how much it does is for the network to learn."""


@dataclass(frozen=True)
class Scaled:
    """Windows as the network sees them; a forecast is `base + unit * output`.

    Attributes:
        inputs: Shape `(windows, 14, 1)`, no NaN.
        base: Units, shape `(windows,)`.
        unit: Units, shape `(windows,)`.
        level: Running level before the target day in units a day, shape `(windows,)`; `None` where none is kept.
    """

    inputs: Floats32
    base: Floats32
    unit: Floats32
    level: Floats32 | None = None

    def forecast(self, outputs: Floats32) -> Floats32:
        """Units sold on the target day, never below zero, shape `(windows,)`."""
        return np.maximum(self.base + self.unit * outputs.reshape(-1), 0)

    @property
    def neutral(self) -> Floats32:
        """The forecast of an output of 0: for a window mean, that mean times the target day's index."""
        return self.base

    def outputs(self, targets: Floats32) -> Floats32:
        """What the network should have answered, shape `(windows, 1)`."""
        return ((targets - self.base) / self.unit)[:, None].astype(np.float32)


Scale = Callable[[Windows], Scaled]
"""Scales windows of the panel that it was made for."""


class Scaling(Protocol):
    """A reversible map between units and what the network sees; all of it travels in the manifest."""

    def over(self, panel: Panel, levels: Levels | None = None) -> Scale:
        """What scales windows of `panel`; only days before a window's target are looked at.

        Args:
            panel: Raw sales, NaN where a day is missing.
            levels: Running levels before the panel's later days, where the panel does not reach back to the first
                sales; of no use to scalings that keep none. Defaults to `None`.
        """
        ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class GlobalMinMax:
    """One scale for all series, from the training days' smallest and largest sales (the published benchmark's)."""

    low: float
    high: float

    def over(self, panel: Panel, levels: Levels | None = None) -> Scale:  # noqa: ARG002  # the protocol's
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

    A mean below `SLOWEST` is taken to be that.
    """

    seasons: Seasons

    def over(self, panel: Panel, levels: Levels | None = None) -> Scale:  # noqa: ARG002  # the protocol's
        index = _Index(self.seasons, panel)

        def scale(windows: Windows) -> Scaled:
            level, target = index.divided(windows)
            return _relative(level, mean(level), target)

        return scale

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "window-mean", **self.seasons.to_dict()}


@dataclass(frozen=True)
class RunningLevel:
    """Each day divided by its seasonal index, then by the series' own running level, one number that a device keeps.

    Attributes:
        seasons: Indices.
        span: Days that the level looks back over, see `levels.running`.
    """

    seasons: Seasons
    span: int

    def over(self, panel: Panel, levels: Levels | None = None) -> Scale:
        index = _Index(self.seasons, panel)
        before, _ = running(panel, index.of_day, self.span, levels)

        def scale(windows: Windows) -> Scaled:
            history, target = index.divided(windows)
            level = before[windows.series, windows.column]
            scaled = _relative(history, level, target)
            return Scaled(scaled.inputs, scaled.base, scaled.unit, level)

        return scale

    def after(self, panel: Panel) -> Levels:
        """The levels after the panel's last day."""
        return running(panel, _Index(self.seasons, panel).of_day, self.span)[1]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "running-level", "span": self.span, **self.seasons.to_dict()}


class _Index:
    """The seasonal index of every day of a panel."""

    def __init__(self, seasons: Seasons, panel: Panel) -> None:
        self._table, self._row = seasons.table(panel.items, panel.dates)

    def of_day(self, column: int) -> Floats32:
        """Of each series on one day, shape `(series,)`."""
        return self._table[self._row, column]

    def divided(self, windows: Windows) -> tuple[Floats32, Floats32]:
        """Histories divided by their index, shape `(windows, 14)`, and the target days' index, shape `(windows,)`."""
        days = windows.column[:, None] + np.arange(-WINDOW, 1)
        index = self._table[self._row[windows.series][:, None], days]
        return windows.history / index[:, :-1], index[:, -1]


def _relative(history: Floats32, level: Floats32, index: Floats32) -> Scaled:
    level = np.maximum(level, SLOWEST)
    relative = np.where(np.isfinite(history), history / level[:, None] - 1, 0)
    unit = (level * index).astype(np.float32)
    return Scaled(relative[:, :, None].astype(np.float32), unit, unit)


def from_dict(record: Mapping[str, Any]) -> Scaling:
    """The scaling that a manifest describes.

    Raises:
        ValueError: If its kind is unknown.
    """
    match record:
        case {"kind": "global-min-max", "low": low, "high": high}:
            return GlobalMinMax(low, high)
        case {"kind": "window-mean", "weekday": _, "month": _}:
            return WindowMean(Seasons.from_dict(record))
        case {"kind": "running-level", "span": span, "weekday": _, "month": _}:
            return RunningLevel(Seasons.from_dict(record), span)
    raise ValueError(
        f"unknown scaling; expected kind global-min-max, window-mean or running-level. Received: {record!r}"
    )


def forecast(scale: Scale, windows: Windows, network: Callable[[Floats32], Floats32]) -> Floats32:
    """Units that a network forecasts, shape `(windows,)`; a piece of them is scaled at a time.

    Args:
        scale: Of the windows' panel.
        windows: What to forecast.
        network: From inputs `(n, 14, 1)` to outputs `(n, 1)`.
    """
    chunks = [scaled.forecast(network(scaled.inputs)) for scaled in map(scale, windows.chunks())]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def neutral(scale: Scale, windows: Windows) -> Floats32:
    """The forecast without a network: level times the target day's index, shape `(windows,)`."""
    return forecast(scale, windows, lambda inputs: np.zeros((len(inputs), 1), np.float32))


def mean(windows: Floats32) -> Floats32:
    """Mean of the known days of each window `(n, 14)`; 0 where none is known."""
    known = np.isfinite(windows)
    return (np.where(known, windows, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)).astype(np.float32)
