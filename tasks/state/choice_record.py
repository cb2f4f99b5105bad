"""Which variant a device class gets, as a release's manifest has it."""

from pydantic import Field

from tasks.state.record import Number, Record


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
