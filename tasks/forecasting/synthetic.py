"""Synthetic sales of a retail chain. Their true mean is known, and with it the lowest error that can be reached."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.forecasting.accuracy.metrics import mape
from tasks.forecasting.data.days import weekday
from tasks.forecasting.data.panel import Floats64
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.model.seasonal_index import SeasonalIndex

SEASONS = SeasonalIndex(
    weekday=(0.79, 0.93, 0.93, 0.99, 1.06, 1.12, 1.18),
    month=(0.75, 0.80, 0.90, 1.00, 1.10, 1.20, 1.25, 1.20, 1.05, 0.95, 0.90, 0.90),
)
"""The true seasons of every series."""

BLOCK = 500_000
"""Rows that are in memory at once."""


class Chain(BaseModel):
    """A made-up retail chain: sales are Poisson around store level x item level x weekday x month x growth.

    A series depends on the seed and its own codes only. More stores, items or days, a closed weekday or a later shift
    change no other row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stores: int = Field(5, ge=1, description="stores, with the codes 1 to this")
    items: int = Field(4, ge=1, description="items that each store sells, with the codes 1 to this")
    first_day: date = Field(date(2022, 1, 1), description="day of the first sales")
    days: int = Field(1096, ge=1, le=3660, description="consecutive days from the first on")
    seed: int = Field(0, ge=0, lt=2**32, description="the same seed gives the same rows")
    growth: float = Field(1.05, gt=0, le=2, description="factor of the mean from one year to the next")
    zero_heavy: float = Field(
        0.0, ge=0, le=1, description="share of items that sell on few days, well under 1 unit a day"
    )
    promotions: float = Field(0.0, ge=0, lt=1, description="share of weeks in which a series is on promotion")
    uplift: float = Field(1.5, gt=0, le=10, description="factor of the mean while on promotion")
    closed_weekday: int | None = Field(
        None, ge=0, le=6, description="weekday without any rows, as stores are closed; 0 is Monday"
    )
    shift_on: date | None = Field(None, description="day on which the level of all series shifts")
    shift_by: float = Field(1.5, gt=0, le=10, description="factor of the mean from that day on")

    @model_validator(mode="after")
    def _shift_is_seen(self) -> Self:
        if self.shift_on and np.datetime64(self.shift_on, "D") not in self.dates:
            raise ValueError(
                f"shift_on must be one of the days {self.dates[0]} to {self.dates[-1]}. Received: {self.shift_on}"
            )
        return self

    @property
    def dates(self) -> NDArray[np.datetime64]:
        """All days, also those that stores are closed on, shape `(days,)`."""
        return np.datetime64(self.first_day, "D") + np.arange(self.days)

    @property
    def open(self) -> NDArray[np.bool_]:
        """Whether stores are open, shape `(days,)`."""
        return np.asarray(weekday(self.dates) != (-1 if self.closed_weekday is None else self.closed_weekday))

    @property
    def rows(self) -> int:
        """Rows of all series; a closed day has none."""
        return self.stores * self.items * int(self.open.sum())


def blocks(chain: Chain, rows: int = BLOCK) -> Iterator[pd.DataFrame]:
    """All sales, series after series, in frames of limited size, on which the rows do not depend.

    Columns are `date`, `store`, `item`, `sales` (units) and `mean`, the truth that the sales are drawn around.

    Args:
        chain: What to make up.
        rows: Greatest number of rows of one frame, though it holds at least one series. Defaults to `BLOCK`.
    """
    calendar, dates, opened = _calendar(chain), chain.dates, chain.open
    by_store, by_item = _store_levels(chain), _item_levels(chain)
    series, step = chain.stores * chain.items, max(1, rows // chain.days)
    for first in range(0, series, step):
        store, item = np.divmod(np.arange(first, min(first + step, series)), chain.items)
        mean = (by_store[store] * by_item[item])[:, None] * calendar
        mean *= np.stack([_promotion(chain, *codes) for codes in zip(store + 1, item + 1, strict=True)])
        sales = np.stack([_noise(chain, *drawn) for drawn in zip(store + 1, item + 1, mean, strict=True)])
        yield pd.DataFrame(
            {
                "date": np.tile(dates[opened], len(store)),
                "store": np.repeat(store + 1, opened.sum()).astype(np.int32),
                "item": np.repeat(item + 1, opened.sum()).astype(np.int32),
                "sales": sales[:, opened].reshape(-1),
                "mean": mean[:, opened].reshape(-1),
            }
        )


def noise_floor(chain: Chain, last: float = 1.0) -> float:
    """MAPE of the true mean, in percent, which no forecaster can be much below; NaN if nothing is sold.

    MAPE rewards low forecasts, so that a forecast that is a little low can have a MAPE a little below it.

    Args:
        chain: What the forecaster sees.
        last: Share of the days to measure on: below 1, the holdout of `SplitPolicy(holdout=last)`. Defaults to 1, all.
    """
    start = chain.dates[SplitPolicy(holdout=last).split(chain.days).holdout if last < 1 else 0]
    total, sold = 0.0, 0
    for block in blocks(chain):
        measured = block[(block["date"] >= start) & (block["sales"] > 0)]
        if len(measured):
            total += mape(measured["sales"].to_numpy(), measured["mean"].to_numpy()) * len(measured)
            sold += len(measured)
    return total / sold if sold else float("nan")


def _calendar(chain: Chain) -> Floats64:
    """What a day multiplies the level of each series by, shape `(days,)`."""
    growth = chain.growth ** (np.arange(chain.days) / 365)
    shifted = chain.dates >= (np.datetime64(chain.shift_on, "D") if chain.shift_on else np.datetime64("9999-12-31"))
    return SEASONS.at(chain.dates) * growth * np.where(shifted, chain.shift_by, 1.0)


def _store_levels(chain: Chain) -> Floats64:
    """Sales of each store, compared with the average store, shape `(stores,)`."""
    return np.array([_random(chain, store).uniform(0.7, 1.3) for store in range(1, chain.stores + 1)])


def _item_levels(chain: Chain) -> Floats64:
    """Units a day of each item, shape `(items,)`; the slow-moving items are spread evenly among the others."""
    count = np.round(np.arange(chain.items + 1) * chain.zero_heavy)
    bounds = [(0.1, 0.4) if slow else (20.0, 100.0) for slow in np.diff(count)]
    return np.array([_random(chain, 0, item).uniform(*bound) for item, bound in enumerate(bounds, 1)])


def _promotion(chain: Chain, store: int, item: int) -> Floats64:
    """What promotions multiply the mean of a series by, whole weeks at a time, shape `(days,)`."""
    if not chain.promotions:
        return np.ones(chain.days)
    promoted = _random(chain, store, item, 1).random(math.ceil(chain.days / 7)) < chain.promotions
    return np.where(np.repeat(promoted, 7)[: chain.days], chain.uplift, 1.0)


def _noise(chain: Chain, store: int, item: int, mean: Floats64) -> NDArray[np.int32]:
    """Sales of one series, drawn day after day, so that later days change no earlier one."""
    return _random(chain, store, item).poisson(mean).astype(np.int32)


def _random(chain: Chain, *codes: int) -> np.random.Generator:
    return np.random.default_rng([chain.seed, *codes])
