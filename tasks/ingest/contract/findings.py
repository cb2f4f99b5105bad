"""Findings: what the data contract says of a batch, and what follows from it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from tasks.ingest.contract.expectations import Severity
from tasks.state.record import Record

LONGEST_RAW = 200
"""Characters of a bad row that are shown."""


class BadRow(Record):
    """A row that was refused."""

    file: str
    line: int = Field(description="number of the line (of the row in Parquet)")
    reason: str = Field(description="why the row was refused")
    raw: str = Field(description="the row as it stood in the file, cut after 200 characters")

    @classmethod
    def of(cls, file: str, line: int, reason: str, raw: str) -> "BadRow":
        """A row with its text cut to what can be shown."""
        return cls(file=file, line=line, reason=reason, raw=raw if len(raw) <= LONGEST_RAW else f"{raw[:LONGEST_RAW]}…")


@dataclass(frozen=True)
class Breach:
    """An expectation that a batch does not meet.

    Attributes:
        severity: What follows from it.
        message: A sentence: what, how much, where.
        name: Name of the expectation.
        stores: The stores that do not meet it, if it is about stores.
        alone: Whether it refuses these stores alone, not the batch.
    """

    severity: Severity
    message: str
    name: str = "readable"
    stores: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Findings:
    """What the data contract says of a batch.

    Attributes:
        breaches: Expectations that are not met, the critical ones first.
        bad_rows: The batch's first bad rows.
        docs: The page of the Data Docs that shows it all.
    """

    breaches: tuple[Breach, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()
    docs: Path | None = None

    @property
    def refusal(self) -> str | None:
        """The sentence that says what refuses the batch as a whole; `None` if nothing does."""
        return "; ".join(breach.message for breach in self.of("critical") if not breach.alone) or None

    @property
    def refused_stores(self) -> tuple[str, ...]:
        """Stores that are refused alone."""
        return tuple(store for breach in self.of("critical") if breach.alone for store in breach.stores)

    @property
    def warnings(self) -> list[str]:
        """What people should know of a batch that is not refused: stores refused alone, and warnings."""
        return [breach.message for breach in self.breaches if breach.alone or breach.severity == "warning"]

    def of(self, severity: Severity) -> list[Breach]:
        """The breaches of a severity."""
        return [breach for breach in self.breaches if breach.severity == severity]
