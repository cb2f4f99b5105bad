"""The result of an ingest, which is the JSON of `shelfcast ingest`."""

from pydantic import Field

from tasks.ingest.batch import Batch, Merged
from tasks.ingest.contract.findings import BadRow, Findings
from tasks.state.record import Document

SHOWN = 20
"""Bad rows of a refused batch that the result lists."""


class IngestResult(Document):
    """What became of a batch: rows read = accepted + unchanged + quarantined, or all of them were refused."""

    batch: str
    rows_read: int = Field(description="number of rows in its files")
    rows_accepted: int = Field(description="rows that are new in the sales table, or changed a value there")
    rows_changed: int = Field(description="accepted rows that changed a value")
    rows_unchanged: int = Field(description="rows that the sales table had already")
    snapshot: int | None = Field(description="version of the sales table afterwards; null if there is none")
    rows_quarantined: int = Field(description="rows that are in quarantine")
    rows_refused: int = Field(description="rows of a refused batch; they are not in quarantine")
    reasons: dict[str, int] = Field(description="number of bad rows by reason, the most frequent first")
    refused: bool = Field(description="whether the batch was refused as a whole")
    refused_stores: tuple[str, ...] = Field(description="stores that were refused alone")
    why: str | None = Field(description="why the batch was refused; null if it was not")
    warnings: tuple[str, ...] = Field(description="sentences about what is suspicious")
    records: tuple[str, ...] = Field(description="sentences about what is worth knowing")
    docs: str | None = Field(description="path of the page in the Data Docs; null if nothing was checked")
    bad_rows: tuple[BadRow, ...] = Field(description="the first bad rows of a batch that was refused")

    @classmethod
    def of(cls, batch: Batch, findings: Findings, merged: Merged) -> "IngestResult":
        """The result of a batch that was merged or refused."""
        refused = findings.refusal is not None
        return cls(
            batch=batch.id,
            rows_read=batch.rows,
            **vars(merged),
            rows_quarantined=0 if refused else batch.quarantined,
            rows_refused=batch.rows if refused else 0,
            reasons=batch.reasons,
            refused=refused,
            refused_stores=() if refused else findings.refused_stores,
            why=findings.refusal,
            warnings=() if refused else (*findings.warnings, *batch.notes),
            records=() if refused else tuple(breach.message for breach in findings.of("info")),
            docs=str(findings.docs) if findings.docs else None,
            bad_rows=findings.bad_rows[:SHOWN] if refused else (),
        )
