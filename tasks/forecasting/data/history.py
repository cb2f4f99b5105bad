"""The training window: which days and series of a panel are learned from and measured on."""

from dataclasses import replace
from datetime import date
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.forecasting.data.days import SomeStores
from tasks.forecasting.data.panel import WINDOW, Panel, TooLittleHistory


class ExcludedPeriod(BaseModel):
    """Days whose sales do not show demand: a strike, a closure, a stock-out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date = Field(description="first day of the period")
    last: date = Field(description="last day of the period, excluded too")
    stores: SomeStores = Field(None, description="stores that the period concerns; all by default")
    reason: str = Field(min_length=1, description="what happened, for the release's manifest, card and report")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"the last day {self.last} is before the first, {self.first}; swap them")
        return self


class History(BaseModel):
    """The training window. The days that it leaves out are not learned from or measured on, but still monitored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int | None = Field(
        None, gt=WINDOW, le=36_600, description="length of the history in days, up to the last one used; `none` for all"
    )
    held_back_days: int = Field(
        0, ge=0, le=3660, description="most recent days left out, while corrections still arrive"
    )
    min_days: int = Field(
        WINDOW + 1, gt=WINDOW, le=36_600, description="days with sales below which a series is skipped"
    )
    exclude: tuple[ExcludedPeriod, ...] = Field((), description="periods left out, for all stores or some")

    @field_validator("days", mode="before")
    @classmethod
    def _none(cls, days: object) -> object:
        """TOML and the environment have no word for `None`."""
        return None if days == "none" else days

    @model_validator(mode="after")
    def _a_series_can_be_long_enough(self) -> Self:
        if self.days is not None and self.days < self.min_days:
            raise ValueError(
                f"days is {self.days} and min_days is {self.min_days}, so that every series would be skipped; "
                f"days must be at least min_days"
            )
        return self

    def cut(self, panel: Panel) -> Panel:
        """Leave out of a panel what is outside this window, as if it had never arrived; `panel` stays as it is.

        Held-back days count back from the panel's last day, the length from the last day that is left. Excluded days
        are missing (NaN), as days without a row are: no window has them as its target, and a window over them needs 7
        other days. Series are measured last, by the days that they have left.

        Raises:
            TooLittleHistory: If no series has `min_days` days left.
        """
        last = max(len(panel.dates) - self.held_back_days, 0)
        first = max(last - self.days, 0) if self.days else 0
        dates, sales = panel.dates[first:last], panel.sales[:, first:last]
        if self.exclude:
            sales = sales.copy()
        for period in self.exclude:
            days = (dates >= np.datetime64(period.first)) & (dates <= np.datetime64(period.last))
            within = np.isin(panel.stores, period.stores) if period.stores else np.ones(len(panel.stores), bool)
            sales[np.ix_(within, days)] = np.nan
        return _long_enough(replace(panel, dates=dates, sales=sales), self.min_days)


def _long_enough(panel: Panel, min_days: int) -> Panel:
    """Keep the series that have at least `min_days` known days, and the days from their first to their last sales."""
    known = np.isfinite(panel.sales)
    lengths = known.sum(axis=1)
    enough = lengths >= min_days
    if not enough.any():
        raise TooLittleHistory(
            f"no series has {min_days} days left in the training window (received {len(lengths)} series, the longest "
            f"of {lengths.max(initial=0)} days); widen [history] in the settings or ingest more history"
        )
    seen = np.flatnonzero(known[enough].any(axis=0))
    days = slice(seen[0], seen[-1] + 1)
    return Panel(
        panel.stores[enough],
        panel.items[enough],
        panel.dates[days],
        panel.sales[enough, days],
        panel.skipped + int((~enough).sum()),
    )
