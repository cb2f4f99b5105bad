"""Smoothed levels: what each series has sold on an average day lately, one number that is updated day by day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.panel import Floats32, Floats64, Panel


class Level(NamedTuple):
    """A series' smoothed level.

    Attributes:
        units: Units a day, without the seasons.
        days: Number of known days that went into it.
    """

    units: float
    days: int


@dataclass(frozen=True)
class Levels:
    """Smoothed levels after the sales of one day.

    Attributes:
        day: The last day that went into them.
        of: The level of each item, by store.
    """

    day: date
    of: Mapping[str, Mapping[str, Level]]


def alpha(span: int) -> float:
    """The smoothing parameter for a span in days: the share of a day's deviation that goes into the level."""
    return 2 / (span + 1)


def smooth(
    panel: Panel, index: Callable[[int], Floats32], span: int, levels: Levels | None = None
) -> tuple[Floats32, Levels]:
    """Smooth each series exponentially, day by day.

    After `k` known days the level is their mean while `1 / k` is above `alpha(span)`. A missing day changes nothing.
    Before the first known day the level is 0.

    Args:
        panel: Raw sales.
        index: The seasonal index of each series on the day with a given column.
        span: Days that the level looks back over.
        levels: Levels to start from, for the series that it names; their days up to `levels.day` are skipped. Defaults
            to `None`.

    Returns:
        The level of each series before each day in units a day, shape `(series, days)`, and the levels after the last.

    Source:
        Simple exponential smoothing, Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", ch. 8.
    """
    start_levels = [(levels.of.get(store, {}).get(item) if levels else None) for store, item in _series(panel)]
    level = np.array([start.units if start else 0.0 for start in start_levels])
    seen = np.array([start.days if start else 0 for start in start_levels])
    fresh = np.array([start is None for start in start_levels])
    first = panel.column_after(levels.day) if levels else 0
    before = np.empty(panel.sales.shape, np.float32)
    for column in range(len(panel.dates)):
        before[:, column] = level
        units = panel.sales[:, column] / index(column)
        counts = np.isfinite(units) & (fresh | (column >= first))
        seen += counts
        step = np.maximum(alpha(span), 1 / np.maximum(seen, 1))
        level = level + np.where(counts, step * (np.where(counts, units, 0) - level), 0)
    return before, Levels(panel.dates[-1].astype(date), _by_store(panel, level, seen))


def _by_store(panel: Panel, level: Floats64, seen: NDArray[np.int64]) -> dict[str, dict[str, Level]]:
    """The level of each item of each store."""
    of: dict[str, dict[str, Level]] = {}
    for (store, item), units, days in zip(_series(panel), level, seen, strict=True):
        of.setdefault(store, {})[item] = Level(float(units), int(days))
    return of


def _series(panel: Panel) -> list[tuple[str, str]]:
    """Store and item of each series."""
    return list(zip(panel.stores.tolist(), panel.items.tolist(), strict=True))
