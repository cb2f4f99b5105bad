"""The gate's limits, and how confident it must be that a variant keeps to them."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Limits(BaseModel):
    """The gate's settings. A limit of `none` is not checked; a gate without any limit on MAPE is an error.

    Limits in percentage points are for differences of MAPE on the same days. They apply to the upper bound of the
    difference, not to what was measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_mape: float | None = Field(30.0, gt=0, le=1000, description="highest MAPE on the holdout, in percent")
    max_worse_than_baseline_pp: float | None = Field(
        1.0,
        ge=0,
        le=1000,
        description="how far MAPE may be above that of the same release's baseline, in percentage points",
    )
    max_worse_than_parent_pp: float | None = Field(
        0.5,
        ge=0,
        le=1000,
        description="how far MAPE may be above that of the variant it was made from, in percentage points",
    )
    max_worse_than_champion_pp: float | None = Field(
        0.5, ge=0, le=1000, description="how far MAPE may be above that of the models that the stores run now"
    )
    max_worse_than_last_year_pp: float | None = Field(
        0.5, ge=0, le=1000, description="how far MAPE may be above that of the release of the same season last year"
    )
    max_worse_in_a_year_pp: float | None = Field(
        1.0,
        ge=0,
        le=1000,
        description="how far MAPE may be above what stores ran 3, 6, 9 and 12 months ago, or first: the year's budget",
    )
    max_worse_in_a_store_pp: float | None = Field(
        2.0,
        ge=0,
        le=1000,
        description="how far MAPE may rise in a store above what runs there, else the reference forecast",
    )
    max_worse_in_a_class_pp: float | None = Field(
        2.0, ge=0, le=1000, description="how far MAPE may rise in an item class"
    )
    beat_reference: bool = Field(True, description="whether MAPE must be below that of the forecast without a network")
    max_better_than_reference: float | None = Field(
        50.0,
        gt=0,
        le=100,
        description="how far MAPE may be below that forecast's, in percent of it, before a leak is suspected",
    )
    max_bias_pct: float | None = Field(
        10.0,
        ge=0,
        le=1000,
        description="how far all forecasts together may be above or below sales, in percent of sales",
    )
    max_spread_pp: float | None = Field(
        1.0, ge=0, le=1000, description="highest standard deviation of MAPE over the runs, in percentage points"
    )
    max_age_days: int | None = Field(None, ge=0, le=3660, description="most days from the last sales to the retrain")
    fit_a_device: bool = Field(True, description="whether size, memory and latency must fit at least one device class")
    smaller_than_parent: bool = Field(True, description="whether a file must be smaller than the one it was made from")
    min_days: int = Field(28, ge=1, le=3660, description="fewest days of the holdout; with fewer the gate abstains")
    abstain: Literal["hold", "refuse"] = Field(
        "hold", description="the verdict if a check has no answer: `hold`, it is abstain; `refuse`, it is fail"
    )
    confidence: float = Field(0.95, ge=0.5, lt=1, description="confidence of each one-sided bound, a share")
    block_weeks: int = Field(
        4, ge=1, le=520, description="weeks that the bootstrap keeps together; fewer in a short holdout"
    )
    draws: int = Field(1000, ge=100, le=100_000, description="number of draws of the bootstrap")

    @field_validator("*", mode="before")
    @classmethod
    def _none(cls, limit: object) -> object:
        """`none` is no limit, as TOML and the environment have no null."""
        return None if limit == "none" else limit

    @model_validator(mode="after")
    def _something_is_limited(self) -> Self:
        limits = [value for name, value in self if name == "max_mape" or name.startswith("max_worse_")]
        if all(limit is None for limit in limits) and not self.beat_reference:
            raise ValueError(
                "the gate has no limits at all on MAPE and would pass anything; "
                "set max_mape, beat_reference or one of max_worse_... in [gate]"
            )
        return self
