"""Drift: how much worse a model does in its store than on the days it was gated on."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.forecasting.data.dtypes import Floats


class DriftPolicy(BaseModel):
    """When a store's accuracy is alarming."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_pp: float = Field(4.0, gt=0, description="drift above which an alert opens, in percentage points")
    resolve_pp: float = Field(3.0, gt=0, description="drift at or below which an open alert is resolved")
    days: int = Field(28, ge=1, description="days that drift looks back over")
    min_days: int = Field(7, ge=1, description="scored days below which nothing is said")

    @model_validator(mode="after")
    def _alerts_can_open_and_close(self) -> Self:
        if self.resolve_pp > self.limit_pp:
            raise ValueError(
                f"resolve_pp must be at most limit_pp, else an alert opens anew each day. "
                f"Received: {self.resolve_pp:g} and {self.limit_pp:g}"
            )
        if self.min_days > self.days:
            raise ValueError(
                f"min_days must be at most days, else no alert ever opens. Received: {self.min_days} and {self.days}"
            )
        return self


@dataclass(frozen=True)
class Live:
    """How a model did lately in one store; MAPE in percent, NaN where undefined.

    Attributes:
        mape_7: Over the last 7 days.
        mape_28: Over the days that the policy looks back over.
        gated_mape: What the release was gated at, for this store.
        days: Scored days within the latter.
    """

    mape_7: float
    mape_28: float
    gated_mape: float
    days: int

    @property
    def drift_pp(self) -> float:
        """Live minus gated MAPE, in percentage points."""
        return self.mape_28 - self.gated_mape


def live(
    day: NDArray[np.datetime64],
    error: Floats,
    gated_mape: float,
    as_of: np.datetime64,
    policy: DriftPolicy,
    min_coverage: float = 0.0,
) -> Live:
    """Score one store's forecasts on the days up to `as_of`.

    Args:
        day: Of each forecast, shape `(forecasts,)`.
        error: Its absolute percentage error in percent, the same shape; NaN where the day does not count.
        gated_mape: What the release was gated at, in percent.
        as_of: The last day to look at.
        policy: How far to look back.
        min_coverage: Share of the forecasts that must count, in percent. Defaults to 0.
    """
    week = (day > as_of - 7) & (day <= as_of)
    recent = (day > as_of - policy.days) & (day <= as_of)
    return Live(
        mean(error[week], min_coverage),
        mean(error[recent], min_coverage),
        gated_mape,
        len(np.unique(day[recent])),
    )


def mean(error: Floats, min_coverage: float) -> float:
    """Mean of the errors that count; NaN if none does, or fewer than `min_coverage` percent of them."""
    counts = np.isfinite(error)
    enough = counts.any() and 100 * counts.mean() >= min_coverage
    return float(np.mean(error[counts], dtype=float)) if enough else math.nan


def alarming(now: Live, policy: DriftPolicy, already_open: bool) -> bool | None:
    """Whether an alert should be open; `None` where too little is known to change anything."""
    if now.days < policy.min_days or math.isnan(now.drift_pp):
        return None
    return now.drift_pp > (policy.resolve_pp if already_open else policy.limit_pp)
