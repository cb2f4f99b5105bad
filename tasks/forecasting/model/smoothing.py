"""Running levels: what a series sells on an average day lately, one number a series, updated day by day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from tasks.forecasting.data.dtypes import Floats32
from tasks.forecasting.data.panel import Panel


class Level(NamedTuple):
    """A series' running level.

    Attributes:
        units: A day, without the seasons.
        days: That it has seen.
    """

    units: float
    days: int


@dataclass(frozen=True)
class Levels:
    """Running levels after the sales of one day.

    Attributes:
        day: The last day that they have seen.
        of: The level of each item of each store.
    """

    day: date
    of: Mapping[str, Mapping[str, Level]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "day": str(self.day),
            "of": {store: {item: list(level) for item, level in items.items()} for store, items in self.of.items()},
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Levels":
        """What `to_dict` gave."""
        stores = record["of"].items()
        return cls(
            date.fromisoformat(record["day"]),
            {store: {item: Level(*level) for item, level in items.items()} for store, items in stores},
        )


def gain(span: int) -> float:
    """How much of a day's surprise goes into the level: `2 / (span + 1)`, as exponential smoothing over `span` days."""
    return 2 / (span + 1)


def running(
    panel: Panel, index: Callable[[int], Floats32], span: int, levels: Levels | None = None
) -> tuple[Floats32, Levels]:
    """The level of each series before each day, shape `(series, days)`, and the levels after the last.

    Of `k` known days it is the mean while `1 / k` is above the gain, then exponential smoothing. A missing day changes
    nothing. The level is 0 before the first known day.

    Args:
        panel: Raw sales.
        index: The seasonal index of each series on the day with a given column.
        span: Days that the level looks back over.
        levels: To go on from, for the series that it names; their days up to `levels.day` are passed over. Defaults
            to `None`.

    Source:
        Simple exponential smoothing, Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", ch. 8.
    """
    known = [(levels.of.get(store, {}).get(item) if levels else None) for store, item in _series(panel)]
    level = np.array([each.units if each else 0.0 for each in known])
    seen = np.array([each.days if each else 0 for each in known])
    fresh = np.array([each is None for each in known])
    start = panel.column_after(levels.day) if levels else 0
    before = np.empty(panel.sales.shape, np.float32)
    for column in range(len(panel.dates)):
        before[:, column] = level
        units = panel.sales[:, column] / index(column)
        counts = np.isfinite(units) & (fresh | (column >= start))
        seen += counts
        step = np.maximum(gain(span), 1 / np.maximum(seen, 1))
        level = level + np.where(counts, step * (np.where(counts, units, 0) - level), 0)
    of: dict[str, dict[str, Level]] = {}
    for (store, item), units, days in zip(_series(panel), level, seen, strict=True):
        of.setdefault(store, {})[item] = Level(float(units), int(days))
    return before, Levels(panel.dates[-1].astype(date), of)


def _series(panel: Panel) -> list[tuple[str, str]]:
    """Store and item of each series."""
    return list(zip(panel.stores.tolist(), panel.items.tolist(), strict=True))
