"""Seasonal indices: how much a weekday, a time of year or a special day sells, compared with the average day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.days import Dates, month, weekday
from tasks.forecasting.data.panel import Floats32, Floats64


@dataclass(frozen=True)
class SeasonalIndex:
    """Multiplicative indices, 1 on the average training day.

    Attributes:
        weekday: 7 factors, from Monday to Sunday. Defaults to ones.
        month: 12 factors, from January to December. Defaults to ones.
        annual: Cosine and sine of each harmonic of the year, in the logarithm of the index. Defaults to none.
        days: Factors of single days, by ISO date. Defaults to none.
    """

    weekday: tuple[float, ...] = (1.0,) * 7
    month: tuple[float, ...] = (1.0,) * 12
    annual: tuple[tuple[float, float], ...] = ()
    days: Mapping[str, float] = field(default_factory=dict)

    def at(self, dates: Dates) -> Floats32:
        """The index of each day, the shape of `dates`."""
        factors = np.asarray(self.weekday)[weekday(dates)] * np.asarray(self.month)[month(dates)]
        if self.annual:
            factors = factors * np.exp(waves(dates, len(self.annual)) @ np.asarray(self.annual).reshape(-1))
        if self.days:
            special = np.array(sorted(self.days), "datetime64[D]")
            place = np.minimum(np.searchsorted(special, dates), len(special) - 1)
            factor = np.array([self.days[str(day)] for day in special])[place]
            factors = factors * np.where(special[place] == dates, factor, 1.0)
        return np.asarray(factors, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        return {
            "weekday": list(self.weekday),
            "month": list(self.month),
            "annual": [list(pair) for pair in self.annual],
            "days": dict(self.days),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "SeasonalIndex":
        """Read what `to_dict` gave."""
        annual = tuple((cosine, sine) for cosine, sine in record["annual"])
        return cls(tuple(record["weekday"]), tuple(record["month"]), annual, record["days"])


@dataclass(frozen=True)
class Seasons:
    """The indices of all items.

    Attributes:
        index: The index of items that are in no group.
        groups: Items of each group, with the group's index.
    """

    index: SeasonalIndex = SeasonalIndex()  # frozen
    groups: tuple[tuple[tuple[str, ...], SeasonalIndex], ...] = ()

    def table(self, items: NDArray[np.str_], dates: Dates) -> tuple[Floats32, NDArray[np.int64]]:
        """The index of each group and day, and which of its rows each item has.

        Args:
            items: Item codes, shape `(items,)`.
            dates: Days, shape `(days,)`.

        Returns:
            Indices, shape `(groups + 1, days)`, and rows of it, shape `(items,)`; row 0 is of items in no group.
        """
        indices = [self.index, *(index for _, index in self.groups)]
        row_of = {item: row for row, (members, _) in enumerate(self.groups, 1) for item in members}
        table = np.stack([index.at(dates) for index in indices])
        return table, np.array([row_of.get(str(item), 0) for item in items])

    def to_dict(self) -> dict[str, Any]:
        groups = [{"items": list(items), **index.to_dict()} for items, index in self.groups]
        return self.index.to_dict() | ({"groups": groups} if groups else {})

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Seasons":
        """Read what `to_dict` gave."""
        groups = tuple((tuple(group["items"]), SeasonalIndex.from_dict(group)) for group in record.get("groups", ()))
        return cls(SeasonalIndex.from_dict(record), groups)


def waves(dates: Dates, harmonics: int) -> Floats64:
    """Cosine and sine of each harmonic of the year, a last axis of `2 * harmonics`; 1 January has phase 0."""
    day = (dates.astype("datetime64[D]") - dates.astype("datetime64[Y]")).astype(float)
    angles = 2 * np.pi * day[..., None] / 365.25 * np.arange(1, harmonics + 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(*dates.shape, 2 * harmonics)
