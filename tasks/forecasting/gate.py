"""The gate: whether a variant may reach a store, check by check, with a sentence for each."""

import math
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Outcome = Literal["pass", "fail", "abstain", "not applicable"]


class Limits(BaseModel):
    """What a variant must keep to. A limit of `none` is not checked; none at all is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_mape: float | None = Field(30.0, gt=0, description="MAPE on the holdout, in percent, at most")
    max_worse_than_baseline_pp: float | None = Field(
        1.0, ge=0, description="MAPE above the baseline's of the same release, in percentage points, at most"
    )
    max_worse_than_champion_pp: float | None = Field(
        0.5, ge=0, description="MAPE above that of the best model that a store runs now, in percentage points, at most"
    )
    beat_reference: bool = Field(True, description="MAPE must be below that of the forecast without a network")
    min_days: int = Field(28, ge=1, description="days that the holdout must have, else the gate abstains")

    @field_validator("max_mape", "max_worse_than_baseline_pp", "max_worse_than_champion_pp", mode="before")
    @classmethod
    def _none(cls, limit: object) -> object:
        """TOML and the environment have no word for nothing."""
        return None if limit == "none" else limit

    @model_validator(mode="after")
    def _something_is_limited(self) -> Self:
        limits = (self.max_mape, self.max_worse_than_baseline_pp, self.max_worse_than_champion_pp)
        if all(limit is None for limit in limits) and not self.beat_reference:
            raise ValueError("the gate has no limits at all and would pass anything; set at least one of [gate]")
        return self


@dataclass(frozen=True)
class Check:
    """One question the gate asked.

    Attributes:
        name: What was compared.
        value: What was measured; NaN where it is undefined.
        limit: What it may be at most; NaN where nothing can be compared.
        unit: Of both.
        outcome: `abstain` where the value or the limit is undefined: it never passes.
        sentence: The same in words.
    """

    name: str
    value: float
    limit: float
    unit: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The gate's answer for one variant: `fail` if a check fails, else `abstain` if one abstains, else `pass`."""

    variant: str
    outcome: Outcome
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> list[str]:
        """A sentence for each check that did not pass."""
        return [check.sentence for check in self.checks if check.outcome in ("fail", "abstain")]


@dataclass(frozen=True)
class Evidence:
    """What is known of one variant's shipped file; MAPE in percent on the holdout, NaN where undefined.

    Attributes:
        variant: Its name.
        mape: Of the file, run in LiteRT.
        days: Length of the holdout.
        baseline_mape: Of the same release's baseline file.
        reference_mape: Of the 14-day mean times the weekday index.
        champion_mape: Of the best file that a store runs now, on the same days; `None` where no store runs one.
        fault: Why the file does not load or answer its golden samples; `None` where it does.
        file_bytes: On disk.
        transfer_bytes: Compressed by zstd.
        parent: Name, file bytes and transfer bytes of the variant it was made from; `None` for the baseline.
    """

    variant: str
    mape: float
    days: int
    baseline_mape: float
    reference_mape: float
    champion_mape: float | None
    fault: str | None
    file_bytes: int
    transfer_bytes: int
    parent: tuple[str, int, int] | None


def judge(evidence: Evidence, limits: Limits) -> Verdict:
    """Ask every question that `limits` sets. Only a comparison that holds passes; NaN never does."""
    checks = tuple(_checks(evidence, limits))
    outcomes = {check.outcome for check in checks}
    verdict: Outcome = "fail" if "fail" in outcomes else "abstain" if "abstain" in outcomes else "pass"
    return Verdict(evidence.variant, verdict, checks)


def _checks(evidence: Evidence, limits: Limits) -> list[Check]:
    mape = evidence.mape
    checks = [_file(evidence), _smaller(evidence), _days(evidence, limits)]
    if limits.max_mape is not None:
        checks.append(_at_most("absolute", "MAPE", mape, limits.max_mape, "%"))
    if limits.max_worse_than_baseline_pp is not None:
        worse = mape - evidence.baseline_mape
        checks.append(_at_most("baseline", "MAPE above the baseline's", worse, limits.max_worse_than_baseline_pp, "pp"))
    if limits.max_worse_than_champion_pp is not None:
        checks.append(_champion(evidence, limits.max_worse_than_champion_pp))
    if limits.beat_reference:
        checks.append(_reference(mape, evidence.reference_mape))
    return checks


def _at_most(name: str, what: str, value: float, limit: float, unit: str) -> Check:
    if not math.isfinite(value):
        said = f"{what} is undefined, so the limit of {limit:g} {unit} cannot be checked"
        return Check(name, value, limit, unit, "abstain", said)
    if value <= limit:
        return Check(name, value, limit, unit, "pass", f"{what} is {value:.2f} {unit}, within {limit:g} {unit}")
    return Check(name, value, limit, unit, "fail", f"{what} is {value:.2f} {unit}, over the limit of {limit:g} {unit}")


def _champion(evidence: Evidence, limit: float) -> Check:
    if evidence.champion_mape is None:
        said = "no store runs a model yet, so there is no champion to compare with"
        return Check("champion", math.nan, limit, "pp", "not applicable", said)
    return _at_most("champion", "MAPE above the champion's", evidence.mape - evidence.champion_mape, limit, "pp")


def _reference(mape: float, reference: float) -> Check:
    outcome: Outcome = "fail"
    if not (math.isfinite(mape) and math.isfinite(reference)):
        outcome, said = "abstain", "MAPE of the variant or of the reference forecast is undefined"
    elif mape < reference:
        outcome, said = "pass", f"MAPE of {mape:.2f} % beats the reference forecast's {reference:.2f} %"
    else:
        said = (
            f"MAPE of {mape:.2f} % does not beat the {reference:.2f} % of a 14-day mean times the weekday index, "
            "without any network"
        )
    return Check("reference", mape, reference, "%", outcome, said)


def _file(evidence: Evidence) -> Check:
    if evidence.fault is None:
        return Check("file", 0.0, 0.0, "faults", "pass", "the file loads and answers its golden samples")
    return Check("file", 1.0, 0.0, "faults", "fail", f"the file is not usable: {evidence.fault}")


def _smaller(evidence: Evidence) -> Check:
    if evidence.parent is None:
        said = "the baseline has no parent to be smaller than"
        return Check("size", evidence.file_bytes, math.nan, "bytes", "not applicable", said)
    name, disk, transfer = evidence.parent
    no_larger = evidence.file_bytes <= disk and evidence.transfer_bytes <= transfer
    if no_larger and (evidence.file_bytes < disk or evidence.transfer_bytes < transfer):
        outcome: Outcome = "pass"
        verb = "is smaller than"
    else:
        outcome, verb = "fail", "saves nothing against"
    sentence = (
        f"the file ({evidence.file_bytes:,} bytes on disk, {evidence.transfer_bytes:,} in transfer) "
        f"{verb} {name}'s ({disk:,} and {transfer:,})"
    )
    return Check("size", evidence.file_bytes, disk, "bytes", outcome, sentence)


def _days(evidence: Evidence, limits: Limits) -> Check:
    enough = evidence.days >= limits.min_days
    sentence = f"the holdout has {evidence.days} days, {limits.min_days} are needed"
    return Check("days", evidence.days, limits.min_days, "days", "pass" if enough else "abstain", sentence)
