"""The data contract: its limits, which are settings, and the expectations that follow from them, as numbers."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.ingest.contract.row_rules import Rules

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

Range = tuple[float, float]


class Contract(BaseModel):
    """The limits for a batch of sales."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_day: date = Field(date(2000, 1, 1), ge=date(1970, 1, 1), description="rows before this day go to quarantine")
    max_sales: int = Field(1_000_000, ge=1, le=10**9, description="units a day; rows with more go to quarantine")
    refuse_bad_share: float = Field(0.5, ge=0, le=1, description="share of bad rows above which the batch is refused")
    refuse_store_bad_share: float = Field(
        0.5, ge=0, le=1, description="share of a store's bad rows above which that store alone is refused"
    )
    warn_bad_share: float = Field(0.01, ge=0, le=1, description="share of bad rows above which there is a warning")
    refuse_ratio: Range = Field(
        (0.1, 10.0),
        description="rows, and mean sales, divided by those of the same weeks last year; the batch is refused outside",
    )
    warn_ratio: Range = Field((0.5, 2.0), description="these ratios for a single store; there is a warning outside")
    severity: dict[str, Severity] = Field({}, description="expectation -> its severity, instead of the default")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for low, high in (self.refuse_ratio, self.warn_ratio):
            if not 0 <= low < 1 < high <= 1000:
                raise ValueError(
                    f"a ratio to last year goes from below 1 to above 1, at most 1000. Received: {low} to {high}"
                )
        if unknown := sorted(set(self.severity) - set(NAMES)):
            raise ValueError(f"no expectation {unknown[0]!r}; there are {', '.join(NAMES)}")
        return self

    def rules(self, today: date) -> Rules:
        """The limits for a row on a day."""
        return Rules(self.first_day, today, self.max_sales)


@dataclass(frozen=True)
class Expectation:
    """One expectation of the contract: the values of a column of the profile are within a range.

    Attributes:
        name: Name in settings, JSON and Data Docs.
        severity: Severity by default.
        column: Column of the profile's stores; with the prefix `batch_` a statistic of the whole batch.
        low: Smallest value that is allowed, or `None`.
        high: Largest value that is allowed, or `None`.
        alone: Whether a critical breach refuses only the stores that do not meet it.
    """

    name: str
    severity: Severity
    column: str
    low: float | None
    high: float | None
    alone: bool = False

    @property
    def of_stores(self) -> bool:
        return not self.column.startswith("batch_")


def expectations(contract: Contract) -> tuple[Expectation, ...]:
    """The expectations of a contract, in the order in which people read them."""
    refuse, warn = contract.refuse_bad_share, contract.warn_bad_share
    of_a_store = contract.refuse_store_bad_share
    return (
        Expectation("rows", "critical", "batch_rows", 1, None),
        Expectation("dates", "critical", "batch_no_date_share", None, refuse),
        Expectation("stores", "critical", "batch_no_store_share", None, refuse),
        Expectation("items", "critical", "batch_no_item_share", None, refuse),
        Expectation("sales", "critical", "batch_no_sales_share", None, refuse),
        Expectation("range", "critical", "batch_range_share", None, refuse),
        Expectation("future", "critical", "batch_future_share", None, refuse),
        Expectation("shape", "critical", "batch_misshapen_share", None, refuse),
        Expectation("keys", "critical", "batch_conflict_share", None, refuse),
        Expectation("bad_rows", "critical", "batch_bad_share", None, refuse),
        Expectation("bad_rows_more_than_usual", "warning", "batch_bad_share", None, warn),
        Expectation("bad_rows_of_a_store", "critical", "bad_share", None, of_a_store, alone=True),
        Expectation("volume", "critical", "batch_rows_ratio", *contract.refuse_ratio),
        Expectation("mean", "critical", "batch_mean_ratio", *contract.refuse_ratio),
        Expectation("volume_of_a_store", "warning", "rows_ratio", *contract.warn_ratio),
        Expectation("mean_of_a_store", "warning", "mean_ratio", *contract.warn_ratio),
        Expectation("every_day", "warning", "gap_days", None, 0),
        Expectation("lost_days", "warning", "lost_days", None, 0),
        Expectation("new_stores", "warning", "batch_new_stores", None, 0),
        Expectation("vanished_stores", "warning", "batch_vanished_stores", None, 0),
        Expectation("new_items", "info", "batch_new_items", None, 0),
        Expectation("vanished_items", "info", "batch_vanished_items", None, 0),
        Expectation("similar_stores", "warning", "batch_similar_stores", None, 0),
        Expectation("similar_items", "warning", "batch_similar_items", None, 0),
        Expectation("recomposed_codes", "info", "batch_recomposed_codes", None, 0),
    )


NAMES = tuple(expectation.name for expectation in expectations(Contract.model_construct()))
"""Names of all expectations."""
