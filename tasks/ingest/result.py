"""The result of an ingest, which is the JSON of `shelfcast ingest`."""

from tasks.ingest.batch import Batch, Merged
from tasks.ingest.contract.findings import BadRow, Findings
from tasks.state.record import Document

SHOWN = 20
"""Bad rows of a refused batch that the result lists."""


class IngestResult(Document):
    """What became of a batch: rows read = accepted + unchanged + quarantined, or all of them were refused.

    Attributes:
        batch: Id of the batch.
        rows_read: Number of rows in its files.
        rows_accepted: Rows that are new in the sales table, or changed a value there.
        rows_changed: Accepted rows that changed a value.
        rows_unchanged: Rows that the sales table had already.
        snapshot: Version of the sales table afterwards; `None` if there is none.
        rows_quarantined: Rows that are in quarantine.
        rows_refused: Rows of a refused batch; they are not in quarantine.
        reasons: Number of bad rows by reason, the most frequent first.
        refused: Whether the batch was refused as a whole.
        refused_stores: Stores that were refused alone.
        why: Why the batch was refused; `None` if it was not.
        warnings: Sentences about what is suspicious.
        records: Sentences about what is worth knowing.
        docs: Path of the page in the Data Docs; `None` if nothing was checked.
        bad_rows: The first bad rows of a refused batch; empty if it was not refused.
    """

    batch: str
    rows_read: int
    rows_accepted: int
    rows_changed: int
    rows_unchanged: int
    snapshot: int | None
    rows_quarantined: int
    rows_refused: int
    reasons: dict[str, int]
    refused: bool
    refused_stores: tuple[str, ...]
    why: str | None
    warnings: tuple[str, ...]
    records: tuple[str, ...]
    docs: str | None
    bad_rows: tuple[BadRow, ...]

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
