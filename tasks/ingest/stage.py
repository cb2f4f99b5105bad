"""Staging: a batch's rows are checked, sorted and counted in bounded memory, in a folder for the time of the run.

Files are read chunk by chunk. Good rows wait in a spool until all files are read. Then they go, month by month and
without repeats and conflicts, to `Accepted`; on the way they and the sales table's rows make the profile. Of bad rows
only line number and reason are kept; `refused` reads their text again once the refused stores are known.
"""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from tasks.ingest.contract.codes_seen import CodesSeen
from tasks.ingest.contract.coverage import Coverage
from tasks.ingest.contract.profile import BatchProfile, ReasonCounts, profile
from tasks.ingest.contract.row_rules import (
    REASONS,
    Reason,
    Reasons,
    RowChecks,
    Rules,
    check_rows,
    code,
    conflicts,
)
from tasks.ingest.reading.chunk import Chunk
from tasks.ingest.reading.feed import COLUMNS
from tasks.ingest.spool import Rows, Spool
from tasks.ingest.staged_rows import Accepted
from tasks.state.row_keys import Ints, store_of, upsert
from tasks.state.sales_table import Months

log = logging.getLogger("shelfcast.ingest")

Reader = Callable[[], Iterator[Chunk]]
"""Function that reads a file from its beginning."""

REFUSED = pa.schema(
    [("line", pa.int64()), *((name, pa.string()) for name in COLUMNS), ("raw", pa.string()), ("reason", pa.string())]
)
"""Refused rows of a file: line, four texts (null for a misshapen line), the line as it stood, and the reason."""

EVERY_S = 5
"""Seconds between two log lines about progress."""


class Intake(BaseModel):
    """How much memory staging and merging a batch take, whatever its size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_mb: int = Field(
        768,
        ge=64,
        le=2**20,
        description="MB for rows, in addition to some 500 MB for programs; further rows wait on disk",
    )

    @property
    def rows(self) -> int:
        """Number of rows in memory at a time."""
        return self.memory_mb * 2**20 // ROW_BYTES


AT_ONCE = 1 << 17
"""Refused rows whose texts are in memory at a time."""

ROW_BYTES = 200
"""Bytes that a row takes while it is sorted and merged, including copies made on the way."""


class Bad:
    """Lines of a file's bad rows, with reasons."""

    def __init__(self) -> None:
        self._lines: list[Ints] = []
        self._reasons: list[Reasons] = []

    def add(self, lines: Ints, reasons: Reasons) -> None:
        if len(lines):
            self._lines.append(lines)
            self._reasons.append(reasons)

    def sorted(self) -> tuple[Ints, Reasons]:
        """Ascending lines, and the reason for each."""
        lines = np.concatenate([np.empty(0, np.int64), *self._lines])
        reasons = np.concatenate([np.empty(0, np.int8), *self._reasons])
        order = np.argsort(lines)
        return lines[order], reasons[order]


@dataclass(frozen=True)
class Staged:
    """A staged batch.

    Attributes:
        rows: Number of rows in each file.
        bad: Bad rows of each file: ascending lines, and reasons.
        accepted: The good rows, each key once.
        profile: Statistics of the batch, compared with the sales table.
    """

    rows: tuple[int, ...]
    bad: tuple[tuple[Ints, Reasons], ...]
    accepted: Accepted
    profile: BatchProfile

    def reasons(self, file: int) -> dict[str, int]:
        """Number of bad rows in a file by reason."""
        counts = np.bincount(self.bad[file][1], minlength=len(REASONS))
        return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count}


def stage(readers: Sequence[Reader], rules: Rules, table: Months, staging: Path, limit: int) -> Staged:
    """Read files, tell good rows from bad ones, and compare them with the sales table.

    Args:
        readers: Reader of each file.
        rules: Limits for a row.
        table: The current sales table.
        staging: An empty folder for the time of the run.
        limit: Number of rows in memory at a time.

    Raises:
        UnreadableFile: If a file is not a table of sales.
        row_keys.TooManyCodes: If there are more stores or items than any chain has.
    """
    keys, spool, reason_counts, recomposed = table.keys, Spool(staging, limit), ReasonCounts(), set[str]()
    bad, rows = [Bad() for _ in readers], [0] * len(readers)
    logged = time.monotonic()
    for number, read in enumerate(readers):
        for chunk in read():
            checks = check_rows(chunk, keys, rules)
            _add(number, chunk, checks, spool, reason_counts, bad[number])
            recomposed |= checks.recomposed
            rows[number] += chunk.rows
            if time.monotonic() - logged > EVERY_S:
                logged = time.monotonic()
                log.info("read %s rows, file %d of %d", f"{sum(rows):,}", number + 1, len(readers))
    coverage = Coverage(*spool.days, stores=np.flatnonzero(reason_counts.stores.any(axis=1)).tolist())
    codes = CodesSeen(keys)
    accepted = _in_order(spool, table, coverage, codes, reason_counts, bad, staging)
    found = profile(reason_counts, coverage, keys, codes.findings(recomposed))
    return Staged(tuple(rows), tuple(file.sorted() for file in bad), accepted, found)


def _add(number: int, chunk: Chunk, checks: RowChecks, spool: Spool, reason_counts: ReasonCounts, bad: Bad) -> None:
    """Put a chunk's good rows into the spool, and count its bad ones."""
    misshapen = np.full(len(chunk.misshapen), Reason.MISSHAPEN, np.int8)
    reason_counts.add(checks.stores, checks.reasons)
    reason_counts.add(np.full(len(misshapen), -1), misshapen)
    bad.add(chunk.misshapen, misshapen)
    good = checks.good
    if good.all():
        spool.add(number, chunk.lines, checks.keys, checks.sales)
        return
    bad.add(chunk.lines[~good], checks.reasons[~good])
    spool.add(number, chunk.lines[good], checks.keys, checks.sales)


def _in_order(
    spool: Spool,
    table: Months,
    coverage: Coverage,
    codes: CodesSeen,
    reason_counts: ReasonCounts,
    bad: list[Bad],
    staging: Path,
) -> Accepted:
    """The good rows month by month, without repeats; rows that contradict each other are counted as bad."""
    arrived, known = spool.months(), table.rows
    beside = {month: days for month, days in coverage.months.items() if month in known} if arrived else {}
    with Accepted(staging, table.keys) as accepted:
        for month in sorted({*arrived, *beside}):
            parts = max(1, math.ceil(max(arrived.get(month, 0), known.get(month, 0)) / spool.limit))
            for part in range(parts):
                rows = spool.read_month(month, part, parts)
                kept, conflicting = conflicts(rows.key, rows.sales)
                if len(conflicting):
                    _set_aside(rows.where(conflicting), reason_counts, bad)
                new = rows.key[kept], rows.sales[kept]
                if len(kept):
                    accepted.add(month, *new)
                old = table.read_month(month, part, parts, beside[month]) if month in beside else None
                if old is not None:
                    codes.see(old[0])
                coverage.see(month, *_united(old, new))
    coverage.finish()
    return accepted


def _set_aside(rows: Rows, reason_counts: ReasonCounts, bad: list[Bad]) -> None:
    reason_counts.move(store_of(rows.key), Reason.CONFLICT)
    for number in np.unique(rows.file):
        lines = rows.line[rows.file == number]
        bad[number].add(lines, np.full(len(lines), Reason.CONFLICT, np.int8))


def _united(old: tuple[Ints, Ints] | None, new: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    if old is None:
        return new
    both = upsert(old, new)
    return both.keys, both.sales


def refused(read: Reader, bad: tuple[Ints, Reasons], stores: Collection[str]) -> Iterator[pa.Table]:
    """A file's refused rows with their texts, in schema `REFUSED`.

    Args:
        read: Reader of the file, which is read no further than the last refused row.
        bad: Ascending lines of bad rows, and their reasons.
        stores: Refused stores; all of their rows are refused.
    """
    lines, reasons = bad
    for chunk in read() if len(lines) or stores else ():
        last = int(max(chunk.lines[-1:].max(initial=0), chunk.misshapen[-1:].max(initial=0)))
        count = int(np.searchsorted(lines, last, side="right"))
        known = np.zeros(len(chunk.lines), np.int8)
        known[np.isin(chunk.lines, lines[:count])] = reasons[:count][~np.isin(lines[:count], chunk.misshapen)]
        known[(known == Reason.GOOD) & _named(chunk, stores)] = Reason.STORE_REFUSED
        yield from _tables(chunk, known, chunk.misshapen[np.isin(chunk.misshapen, lines[:count])])
        lines, reasons = lines[count:], reasons[count:]
        if not (len(lines) or stores):
            return


def _named(chunk: Chunk, stores: Collection[str]) -> np.ndarray:
    column = chunk.texts["store"]
    chosen = np.array([code(text, "store") in stores for text in (*column.dictionary.to_pylist(), None)])
    return chosen[column.indices.fill_null(len(chosen) - 1).to_numpy()]


def _tables(chunk: Chunk, reasons: Reasons, misshapen: Ints) -> Iterator[pa.Table]:
    """A chunk's refused rows, some at a time: a block of short lines has millions."""
    for where in _pieces(np.flatnonzero(reasons != Reason.GOOD)):
        texts = {name: chunk.texts[name].take(where).cast(pa.string()) for name in COLUMNS}
        why = [REASONS[reason] for reason in reasons[where]]
        lines = chunk.lines[where]
        yield pa.table({"line": lines, **texts, "raw": chunk.raw(lines), "reason": why}, schema=REFUSED)
    for lines in _pieces(misshapen):
        texts = {name: pa.nulls(len(lines), pa.string()) for name in COLUMNS}
        raw, why = chunk.raw(lines), [REASONS[Reason.MISSHAPEN]] * len(lines)
        yield pa.table({"line": lines, **texts, "raw": raw, "reason": why}, schema=REFUSED)


def _pieces(numbers: Ints) -> Iterator[Ints]:
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]
