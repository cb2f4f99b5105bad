"""What a candidate's folder has of each run and comparator: scores, the time of a forecast, labels."""

from pydantic import Field, TypeAdapter

from tasks.state.record import Document, Number, Record


class RunScore(Document):
    """How well one run's file did; what is not known of it is null."""

    fault: str | None = Field(None, description="why the file is of no use; null where it is")
    sha256: str | None = Field(None, description="hash of the file")
    file_bytes: int | None = Field(None, description="size of the file on disk")
    transfer_bytes: int | None = Field(None, description="size of the file as it is sent, compressed")
    policy: str | None = Field(None, description="hash of the MAPE policy that it was measured under")
    mape: Number = Field(None, description="mean absolute percentage error, in percent")
    coverage: Number = Field(None, description="share of the days that MAPE covers, in percent")
    wape: Number = Field(None, description="absolute errors over sales, in percent")
    bias_pct: Number = Field(None, description="forecast minus sales, in percent of sales")
    mase: Number = Field(None, description="absolute errors over those of repeating last week's same day")
    rmsse: Number = Field(None, description="root of squared errors over those of repeating last week's same day")
    days: int | None = Field(None, description="number of days and series measured")
    validation_mape: Number = Field(None, description="MAPE in percent on the validation days")
    by_store: dict[str, Number] = Field({}, description="MAPE in each store, in percent")
    ram_bytes: int | None = Field(None, description="size of the loaded file, its state and activations")
    operations: tuple[str, ...] | None = Field(None, description="the file's operations, in their order")


LOST = RunScore(fault="it was not built: its worker or its parent's crashed or hung")


class LatencyRecord(Document):
    """The time of one forecast of the file that would ship, or why there is no figure."""

    latency_us: float | None = Field(None, description="microseconds")
    latency_fault: str | None = None


NOT_TIMED = LatencyRecord(latency_fault="not timed")


class ComparatorRecord(Record):
    """Something that variants are compared with."""

    name: str
    label: str = Field(description="what it is, in words")
    stores: tuple[str, ...] = Field(description="the stores that it forecasts for")


COMPARATORS = TypeAdapter(tuple[ComparatorRecord, ...])
"""The content of `rivals.json`."""
