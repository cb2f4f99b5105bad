"""A variant as a release's manifest has it: its errors, its file, the gate's verdict, and how it ranks for devices."""

from collections.abc import Iterable
from typing import Literal, Protocol

from pydantic import Field

from tasks.forecasting.rollout.devices import VariantFacts
from tasks.state.record import Number, Record

CheckOutcome = Literal["pass", "fail", "abstain", "not applicable"]
VerdictOutcome = Literal["pass", "fail", "abstain"]


class Errors(Record):
    """How well one forecaster did on the holdout; a number that is undefined is null."""

    mape: Number = Field(description="mean absolute percentage error, in percent")
    coverage: Number = Field(description="share of the days that MAPE covers, in percent")
    wape: Number = Field(description="absolute errors over sales, in percent")
    bias_pct: Number = Field(description="forecast minus sales, in percent of sales")
    mase: Number = Field(description="absolute errors over those of repeating last week's same day")
    rmsse: Number = Field(description="root of squared errors over those of repeating last week's same day")


class CounterfactualRecord(Record):
    """What a refusal came from, and what would have passed."""

    needed: Number = Field(description="smallest change of the value with which the check would have passed")
    stores: tuple[str, ...] = Field(description="fewest stores without which it would have passed, the worst first")
    weeks: tuple[str, ...] = Field(description="fewest weeks without which it would have passed, by their Mondays")
    sentence: str = Field(description="all that in words")


class CheckRecord(Record):
    """One question that the gate asked of a variant."""

    name: str = Field(description="what was compared")
    value: Number = Field(description="what was measured")
    limit: Number = Field(description="what the value may be at most")
    unit: str = Field(description="unit of the value, the limit and the bounds")
    outcome: CheckOutcome
    sentence: str = Field(description="the outcome in words")
    low: Number = Field(description="lower bound of the value")
    high: Number = Field(description="upper bound of the value, which must be within the limit")
    counterfactual: CounterfactualRecord | None = Field(description="of a refusal on accuracy, what would have passed")


class StoreDifference(Record):
    """MAPE in one store above that of what the store would keep, in percentage points."""

    name: str
    difference: Number


class VerdictRecord(Record):
    """The gate's verdict on a variant."""

    verdict: VerdictOutcome
    reasons: tuple[str, ...] = Field(description="a sentence for each check that did not pass")
    checks: tuple[CheckRecord, ...]
    worst_off: tuple[StoreDifference, ...] = Field(description="the stores where it is worst, the worst first")


class VariantRecord(Errors, VerdictRecord):
    """A variant. Errors are means over its runs, facts of the file are those of the run that ships."""

    name: str
    parent: str | None = Field(description="the variant that it was made from; null for the baseline")
    runs: int = Field(description="number of times that it was fitted")
    validation_mape: Number = Field(description="MAPE in percent on the days before the holdout, which choose")
    mape_std: Number = Field(description="standard deviation of MAPE over the runs, in percentage points")
    weights_kb: float = Field(description="KB of the parameters, as the published article counts")
    file_bytes: int | None = Field(description="size of the file on disk")
    transfer_bytes: int | None = Field(description="size of the file as it is sent, compressed")
    ram_bytes: int | None = Field(description="size of the loaded file, its state and activations; null if it fails")
    latency_us: Number = Field(description="time of one forecast, in microseconds")
    latency_fault: str | None = Field(description="why there is no latency")
    operations: tuple[str, ...] | None = Field(description="the file's operations, in the order in which they run")
    shipped_run: int = Field(description="the run whose file ships, counted from 1")
    shipped_mape: Number = Field(description="MAPE of the file that ships, in percent")
    policy: str | None = Field(description="hash of the MAPE policy that it was measured under")
    by_store: dict[str, Number] = Field(description="MAPE of the file that ships in each store, in percent")
    file: str = Field(description="name of its file in the release's folder")
    delta_mape: Number = Field(description="MAPE above the baseline's, in percentage points")
    dominated_by: str | None = Field(description="a variant that is as small and as accurate, and better in one")

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"


class CostRecord(Record):
    """What a variant costs one store in a year, in the currency of the settings."""

    sending: float = Field(description="cost of sending its files, one a retrain")
    errors: float = Field(description="cost of its MAPE above the lowest that passed")
    retraining: float = Field(description="the store's share of the retrains")
    total: float


class RankingRow(Record):
    """A variant's place in the ranking for a device class."""

    name: str
    passed: bool = Field(description="whether the gate passed it")
    misfit: str | None = Field(description="why the device class cannot have it, beginning with a verb")
    file_bytes: int
    transfer_bytes: int
    validation_mape: Number = Field(description="MAPE in percent on validation days, to the decimals that count")
    cost: CostRecord | None = Field(description="null where the gate did not pass it or its MAPE is not known")
    front: bool = Field(description="whether it is on the Pareto front")
    dominated_by: str | None


class ChoiceRecord(Record):
    """The variant that a device class gets, and how all measured variants rank for it."""

    device: str
    flash_kb: float
    ram_kb: float
    latency_us: float
    link_kbps: float | None
    update_s: float
    variant: str | None = Field(description="null where no variant passed and fits")
    reason: str
    ranking: tuple[RankingRow, ...]


class HasVariants(Protocol):
    """A manifest, or the result of a retrain."""

    @property
    def variants(self) -> tuple[VariantRecord, ...]: ...


class Judged(Protocol):
    """What can be said in words of a variant that the gate judged."""

    @property
    def name(self) -> str: ...
    @property
    def verdict(self) -> VerdictOutcome: ...
    @property
    def checks(self) -> tuple[CheckRecord, ...]: ...
    @property
    def worst_off(self) -> tuple[StoreDifference, ...]: ...


def candidates(variants: Iterable[VariantRecord]) -> list[VariantFacts]:
    """The measured variants, as far as a device cares."""
    return [
        VariantFacts(
            each.name,
            each.passed,
            each.file_bytes or 0,
            each.transfer_bytes or 0,
            each.ram_bytes,
            each.latency_us,
            each.validation_mape,
        )
        for each in variants
        if each.ram_bytes is not None
    ]
