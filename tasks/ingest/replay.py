"""Step: check rows in quarantine against today's rules again; those that are valid now go into the sales table."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
from prefect import task
from pydantic import Field

from tasks.ingest import quarantine
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.row_rules import REASONS, Reason, Rules, check_rows
from tasks.ingest.corrections import corrected
from tasks.ingest.landed_rows import read_again
from tasks.ingest.merge import merge
from tasks.ingest.quarantine import Place, QuarantinedRow
from tasks.ingest.reading.chunk import Chunk
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.ingest.stage import Intake, Reader
from tasks.ingest.staged_batch import StagedBatch
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tasks.state.record import Document, Record, to_json
from tasks.state.row_keys import Keys

log = logging.getLogger("shelfcast.replay")

KNOWN_OTHERWISE = "sales table has another value"
"""Why a row stays although it is valid by itself: the table's value came later, or was valid from the start."""

SHOWN = 100
"""Corrected rows that the result lists."""


@dataclass(frozen=True)
class ReplayRequest:
    """Which rows to replay, and how to read them.

    Attributes:
        reason: Only rows that were refused for this reason. Defaults to `None`, all.
        store: Only rows that name this store. Defaults to `None`, all.
        feed: How to read their lines in the landed files again. Defaults to `None`: they are not read again.
        corrections: CSV file of corrected rows; only these are replayed. Defaults to `None`.
    """

    reason: str | None = None
    store: str | None = None
    feed: Feed | None = None
    corrections: Path | None = None


class Texts(Record):
    """The texts of a row; `None` where the line has a wrong number of columns."""

    date: str | None
    store: str | None
    item: str | None
    sales: str | None


class CorrectedRow(Record):
    """A row whose texts a replay read differently from those in quarantine."""

    file: str = Field(description="name of its file")
    sha256: str = Field(description="hash of the file")
    line: int
    before: Texts = Field(description="its texts in quarantine")
    after: Texts = Field(description="its texts now")


class ReplayResult(Document):
    """The JSON of `shelfcast quarantine replay`."""

    batch: str = Field(description="hash of the rows and their values")
    rows_read: int = Field(description="number of rows that were checked")
    rows_accepted: int = Field(description="rows that are new in the sales table")
    rows_changed: int = Field(0, description="always 0, as a replay overwrites nothing")
    rows_unchanged: int = Field(description="rows that the sales table had already")
    rows_quarantined: int = Field(description="rows that stay in quarantine")
    reasons: dict[str, int] = Field(description="number of rows that stay by reason, the most frequent first")
    refused: bool = Field(False, description="always false")
    snapshot: int | None = Field(description="version of the sales table afterwards; null if there is none")
    warnings: tuple[str, ...] = Field((), description="always empty")
    fixed: tuple[CorrectedRow, ...] = Field(description="corrected rows that left quarantine, at most 100")


@task
def replay(home: Home, contract: Contract, request: ReplayRequest, staging: Path, size: Intake) -> ReplayResult:
    """Merge the rows that are valid now, and leave the others in quarantine.

    No value in the sales table is overwritten. The table is written first, then the ledger, then the quarantine, so
    that the next run does not repeat what an interrupted one has done. Rows of a refused store go in once few enough
    rows of the store are bad.

    Args:
        home: The home of the quarantine.
        contract: Today's rules.
        request: Which rows, and how to read them.
        staging: A folder for the time of the run.
        size: How much memory the rows may take.

    Raises:
        CorrectionsError: If the file of corrections cannot be used, or names a row that is not in quarantine.
        NotLanded: If a file to read again is no longer there.
    """
    rules = contract.rules(datetime.now(UTC).date())
    with home.writing() if quarantine.reasons(home) else nullcontext():
        before = quarantine.rows(home, request.reason, request.store)
        rows = _read(before, request, home)
        faults = _faults(home, rows, rules, contract.refuse_store_bad_share)
        good = [row for row in rows if row.place not in faults]
        inserted, contradictions = _merge(home, good, _id(rows), rules, staging, size)
        faults |= contradictions
        released = [row for row in good if row.place not in faults]
        result = _result(home, _id(rows), inserted, before, rows, released, faults)
        if released:
            _record(home, result, len(released))
            quarantine.remove(home, {row.place for row in released})
    log.info("replayed %d rows: %d are valid now", len(rows), len(released))
    return result


def _read(rows: list[QuarantinedRow], request: ReplayRequest, home: Home) -> list[QuarantinedRow]:
    """The rows as they are read today."""
    if request.feed:
        rows = read_again(rows, request.feed, home)
    return corrected(rows, request.corrections) if request.corrections else rows


def _result(
    home: Home,
    batch: str,
    inserted: int,
    before: Sequence[QuarantinedRow],
    rows: Sequence[QuarantinedRow],
    released: Sequence[QuarantinedRow],
    faults: Mapping[Place, str],
) -> ReplayResult:
    inserted = inserted or sales_table.merged_before(home, batch, len(released))[0]
    return ReplayResult(
        batch=batch,
        rows_read=len(rows),
        rows_accepted=inserted,
        rows_unchanged=len(released) - inserted,
        rows_quarantined=len(faults),
        reasons=dict(Counter(faults.values()).most_common()),
        snapshot=sales_table.snapshot(home),
        fixed=tuple(_corrections(before, released))[:SHOWN],
    )


def _corrections(before: Sequence[QuarantinedRow], released: Sequence[QuarantinedRow]) -> Iterator[CorrectedRow]:
    """What changed in the rows that leave quarantine."""
    known = {row.place: Texts.model_validate(row) for row in before}
    for row in released:
        if (texts := Texts.model_validate(row)) != known[row.place]:
            yield CorrectedRow(file=row.file, sha256=row.sha256, line=row.line, before=known[row.place], after=texts)


def _id(rows: Sequence[QuarantinedRow]) -> str:
    """Hash of the rows and their values, which names the replay as a batch."""
    values = [[row.sha256, row.line, row.date, row.store, row.item, row.sales] for row in rows]
    return sha256(to_json(values)).hexdigest()[:16]


def _record(home: Home, result: ReplayResult, released: int) -> None:
    """Put a replay into the ledger, unless an interrupted run did so before its rows left quarantine."""
    subject = f"batch.{result.batch}"
    if any(entry.subject == subject for entry in ledger.read(home, ["replay"])):
        return
    why = f"{released:,} of {result.rows_read:,} rows in quarantine are valid now"
    details = result.model_dump(
        mode="json", include={"rows_read", "rows_accepted", "rows_unchanged", "rows_quarantined", "fixed"}
    )
    ledger.record(home, [ledger.Entry("replay", subject, why, details=details)])


def _faults(home: Home, rows: Sequence[QuarantinedRow], rules: Rules, limit: float) -> dict[Place, str]:
    """Why rows stay in quarantine: they break a rule, or are of a store with too many rows that do."""
    bad = {row.place: reason for row, reason in zip(rows, _reasons(rows, rules), strict=True) if reason}
    held = _of_refused_stores(home, rows, rules, limit)
    return dict.fromkeys(held, REASONS[Reason.STORE_REFUSED]) | bad


def _reasons(rows: Sequence[QuarantinedRow], rules: Rules) -> list[str]:
    """Why each row breaks a rule; an empty text if it breaks none."""
    shaped = [row for row in rows if not row.misshapen]
    reasons = check_rows(_chunk(shaped), Keys(), rules).reasons.tolist() if shaped else []
    words = iter(REASONS[reason] for reason in reasons)
    return [REASONS[Reason.MISSHAPEN] if row.misshapen else next(words) for row in rows]


def _of_refused_stores(home: Home, rows: Sequence[QuarantinedRow], rules: Rules, limit: float) -> set[Place]:
    """Rows of refused stores that stay: too many of all rows of their store and batch are still bad."""
    waiting = [row for row in rows if row.reason == REASONS[Reason.STORE_REFUSED]]
    if not waiting:
        return set()
    now = {row.place: row for row in rows}
    stores: dict[tuple[str, str], list[QuarantinedRow]] = defaultdict(list)
    for row in quarantine.rows(home):
        stores[row.batch_and_store].append(now.get(row.place, row))
    still_bad = {
        name: sum(map(bool, _reasons(stores[name], rules))) / len(stores[name])
        for name in {row.batch_and_store for row in waiting}
    }
    return {row.place for row in waiting if still_bad[row.batch_and_store] > limit}


def _merge(
    home: Home, rows: Sequence[QuarantinedRow], batch: str, rules: Rules, staging: Path, size: Intake
) -> tuple[int, dict[Place, str]]:
    """Put rows into the sales table: the number of new ones, and why others stay, as they contradict something."""
    by_file: dict[str, list[QuarantinedRow]] = defaultdict(list)
    for row in rows:
        by_file[row.sha256].append(row)
    staged = StagedBatch.of([_reader(of_file) for of_file in by_file.values()], rules, home, staging, size)
    change = merge(home, batch, staged.accepted(), size.rows, overwrite=False)
    contradicted = {(str(day), store, item) for day, store, item in change.contradicted}
    faults = {row.place: KNOWN_OTHERWISE for row in rows if row.key in contradicted}
    for number, name in enumerate(by_file):
        faults |= {(name, line): reason for line, reason in staged.faults(number).items()}
    return change.inserted, faults


def _reader(rows: Sequence[QuarantinedRow]) -> Reader:
    def chunks() -> Iterator[Chunk]:
        yield _chunk(sorted(rows, key=lambda row: row.line))

    return chunks


def _chunk(rows: Sequence[QuarantinedRow]) -> Chunk:
    texts = {name: pa.array([getattr(row, name) for row in rows], pa.string()).dictionary_encode() for name in COLUMNS}
    lines = np.array([row.line for row in rows], np.int64)
    return Chunk(lines, texts, np.empty(0, np.int64), lambda some: [str(line) for line in some])
