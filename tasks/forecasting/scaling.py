"""How 14 raw daily sales become the network's input, and its output units again."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.sales import WINDOW
from tasks.forecasting.season import SeasonalIndex

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scaled:
    """Windows as the network sees them; a forecast is `base + unit * output`.

    Attributes:
        inputs: Shape `(windows, 14, 1)`, no NaN.
        base: Units, shape `(windows,)`.
        unit: Units, shape `(windows,)`; 0 where the window sold nothing.
    """

    inputs: Floats
    base: Floats
    unit: Floats

    def forecast(self, outputs: Floats) -> Floats:
        """Units sold on the target day, never below zero, shape `(windows,)`."""
        return np.maximum(self.base + self.unit * outputs.reshape(-1), 0)

    @property
    def neutral(self) -> Floats:
        """The forecast of an output of 0: for a window mean, that mean times the target day's index."""
        return self.base

    def outputs(self, targets: Floats) -> Floats:
        """What the network should have answered, shape `(windows, 1)`. Undefined (NaN) where `unit` is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.unit > 0, (targets - self.base) / self.unit, np.nan)[:, None].astype(np.float32)


class Scaling(Protocol):
    """A reversible map between units and what the network sees; all of it travels in the manifest."""

    def apply(self, windows: Floats, targets: NDArray[np.datetime64]) -> Scaled:
        """Scale raw windows `(n, 14)`, NaN where a day is missing, for the target days `(n,)`."""
        ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class GlobalMinMax:
    """One scale for all series, from the training days' smallest and largest sales (the published benchmark's)."""

    low: float
    high: float

    def apply(self, windows: Floats, targets: NDArray[np.datetime64]) -> Scaled:  # noqa: ARG002  # the protocol's
        span = self.high - self.low or 1.0
        filled = np.where(np.isfinite(windows), windows, mean(windows)[:, None])
        ones = np.ones(len(windows), dtype=np.float32)
        return Scaled(((filled - self.low) / span)[:, :, None].astype(np.float32), self.low * ones, span * ones)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "global-min-max", "low": self.low, "high": self.high}


@dataclass(frozen=True)
class WindowMean:
    """Each day divided by its seasonal index, then each window by its own mean; 0 is "as the mean of the window"."""

    index: SeasonalIndex

    def apply(self, windows: Floats, targets: NDArray[np.datetime64]) -> Scaled:
        days = targets[:, None] + np.arange(-WINDOW, 0)
        level = windows / self.index.at(days)
        base = mean(level)
        relative = level / np.where(base > 0, base, 1)[:, None] - 1
        unit = base * self.index.at(targets)
        return Scaled(np.where(np.isfinite(level), relative, 0)[:, :, None].astype(np.float32), unit, unit)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "window-mean", **self.index.to_dict()}


def from_dict(record: dict[str, Any]) -> Scaling:
    """The scaling that a manifest describes.

    Raises:
        ValueError: If its kind is unknown.
    """
    match record:
        case {"kind": "global-min-max", "low": low, "high": high}:
            return GlobalMinMax(low, high)
        case {"kind": "window-mean", "weekday": weekday, "month": month}:
            return WindowMean(SeasonalIndex(tuple(weekday), tuple(month)))
    raise ValueError(f"unknown scaling; expected kind global-min-max or window-mean. Received: {record!r}")


def mean(windows: Floats) -> Floats:
    """Mean of the known days of each window `(n, 14)`; 0 where none is known."""
    known = np.isfinite(windows)
    return (np.where(known, windows, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)).astype(np.float32)
