"""What a variant must keep to, and how sure the gate must be of it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Limits(BaseModel):
    """The gate's settings. A limit of `none` is not checked; none at all is an error.

    Limits in percentage points are for differences of MAPE on the same days, and hold for the upper bound of the
    difference, not for what was measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_mape: float | None = Field(30.0, gt=0, description="MAPE on the holdout, in percent, at most")
    max_worse_than_baseline_pp: float | None = Field(
        1.0, ge=0, description="MAPE above the baseline's of the same release, in percentage points, at most"
    )
    max_worse_than_parent_pp: float | None = Field(
        0.5, ge=0, description="the same above the variant's that it was made from: what one step of compression costs"
    )
    max_worse_than_champion_pp: float | None = Field(
        0.5, ge=0, description="the same above that of the models that the stores run now"
    )
    max_worse_than_last_year_pp: float | None = Field(
        0.5, ge=0, description="the same above that of the release of the same season last year"
    )
    max_worse_in_a_year_pp: float | None = Field(
        1.0,
        ge=0,
        description="the same above those that stores ran 3, 6, 9, 12 months ago, or first: the yearly drift budget",
    )
    max_worse_in_a_store_pp: float | None = Field(
        2.0, ge=0, description="the same in any one store, against what runs there, else the reference forecast"
    )
    max_worse_in_a_class_pp: float | None = Field(2.0, ge=0, description="the same of any one class of items")
    beat_reference: bool = Field(True, description="MAPE must be below that of the forecast without a network")
    max_better_than_reference: float | None = Field(
        50.0, gt=0, le=100, description="MAPE below that, in percent of it, above which a leak is suspected"
    )
    max_bias_pct: float | None = Field(
        10.0, ge=0, description="forecasts above or below sales in all, in percent of sales, at most"
    )
    max_spread_pp: float | None = Field(
        1.0, ge=0, description="standard deviation of MAPE over the runs, in percentage points, at most"
    )
    max_age_days: int | None = Field(None, ge=0, description="days from the last sales to the retrain, at most")
    fit_a_device: bool = Field(True, description="size, memory and latency must fit one device class at least")
    smaller_than_parent: bool = Field(True, description="a file must be smaller than the one that it was made from")
    min_days: int = Field(28, ge=1, description="days that the holdout must have, else the gate abstains")
    abstain: Literal["hold", "refuse"] = Field(
        "hold", description="what a check means that cannot be answered: `hold`, the verdict is abstain; `refuse`, fail"
    )
    confidence: float = Field(0.95, ge=0.5, lt=1, description="how sure the gate must be, of one side; a share")
    block_weeks: int = Field(4, ge=1, description="weeks that the bootstrap keeps together; fewer in a short holdout")
    draws: int = Field(1000, ge=100, le=100_000, description="of the bootstrap")

    @field_validator("*", mode="before")
    @classmethod
    def _none(cls, limit: object) -> object:
        """TOML and the environment have no word for nothing."""
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
