"""Drift: how much higher a model's MAPE is in its store than on the days that it was gated on."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.forecasting.data.panel import Floats


class DriftPolicy(BaseModel):
    """When a store's accuracy is alarming."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_pp: float = Field(
        4.0, gt=0, le=1000, description="drift above which an alert opens, in percentage points of MAPE"
    )
    resolve_pp: float = Field(
        3.0,
        gt=0,
        le=1000,
        description="drift at or below which an open alert is resolved, in percentage points of MAPE",
    )
    days: int = Field(28, ge=1, le=366, description="number of most recent days over which drift is measured")
    min_days: int = Field(
        7, ge=1, le=366, description="number of scored days below which no alert opens or is resolved"
    )

    @model_validator(mode="after")
    def _alerts_can_open_and_close(self) -> Self:
        if self.resolve_pp > self.limit_pp:
            raise ValueError(
                f"resolve_pp must be at most limit_pp, else an alert opens again each day. "
                f"Received: {self.resolve_pp:g} and {self.limit_pp:g}"
            )
        if self.min_days > self.days:
            raise ValueError(
                f"min_days must be at most days, else no alert ever opens. Received: {self.min_days} and {self.days}"
            )
        return self


@dataclass(frozen=True)
class Live:
    """The live accuracy of a model in one store; MAPE in percent, NaN where undefined.

    Attributes:
        mape_7: MAPE over the last 7 days.
        mape_28: MAPE over the days of the policy, 28 by default.
        gated_mape: MAPE for this store at which the release was gated.
        days: Number of scored days that `mape_28` is over.
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
    min_coverage: float,
) -> Live:
    """Score one store's forecasts on the days up to `as_of`.

    Args:
        day: Day of each forecast, shape `(forecasts,)`.
        error: Absolute percentage error of each forecast, shape `(forecasts,)`; NaN where the day does not count.
        gated_mape: MAPE at which the release was gated, in percent.
        as_of: The last day to look at.
        policy: How many days to look back over.
        min_coverage: Share of the forecasts that must count, in percent.
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
    """Mean of the errors that count; NaN if none counts, or fewer than `min_coverage` percent do."""
    counts = np.isfinite(error)
    enough = counts.any() and 100 * counts.mean() >= min_coverage
    return float(np.mean(error[counts], dtype=float)) if enough else math.nan


def alarming(now: Live, policy: DriftPolicy, already_open: bool) -> bool | None:
    """Whether an alert should be open; `None` where too few days were scored to open or to resolve one."""
    if now.days < policy.min_days or math.isnan(now.drift_pp):
        return None
    return now.drift_pp > (policy.resolve_pp if already_open else policy.limit_pp)
