"""The intake of a batch: its rows told apart, put in order and counted, in bounded memory, in a staging folder.

Files are read piece by piece. Good rows wait in a spool until all are read, then go month by month, without repeats and
conflicts, to `Accepted`; on the way the profile is made of them and of what the table has. Of bad rows only number and
reason are kept: `refused` reads their lines once more, when it is known which stores are refused.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from tasks.ingest.contract.coverage import Calendar
from tasks.ingest.contract.profile import Profile, Tally, profile
from tasks.ingest.contract.row_rules import (
    CONFLICT,
    GOOD,
    MISSHAPEN,
    REASONS,
    STORE_REFUSED,
    Reasons,
    Rules,
    Sifted,
    code,
    conflicts,
    sift,
)
from tasks.ingest.reading.chunk import Piece
from tasks.ingest.reading.feed import COLUMNS
from tasks.ingest.spool import Rows, Spool
from tasks.ingest.staged_rows import Accepted
from tasks.state.row_keys import Ints, store_of, upsert
from tasks.state.sales_table import Months

log = logging.getLogger("shelfcast.ingest")

Reader = Callable[[], Iterator[Piece]]
"""Reads a file from its beginning."""

REFUSED = pa.schema(
    [("line", pa.int64()), *((name, pa.string()) for name in COLUMNS), ("raw", pa.string()), ("reason", pa.string())]
)
"""Refused rows of a file: line, four texts (none of a misshapen line), the line as it stood, and why."""

EVERY_S = 5
"""Seconds between two lines on how far it is."""


class Intake(BaseModel):
    """How much memory the intake and the merge of a batch take, whatever its size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_mb: int = Field(
        768, ge=64, description="MB for rows, beside some 500 MB for programs; more rows wait on disk"
    )

    @property
    def rows(self) -> int:
        """Rows in memory at a time."""
        return self.memory_mb * 2**20 // ROW_BYTES


ROW_BYTES = 200
"""Bytes that a row takes while it is sorted and merged, with the copies that are made on the way."""


class Bad:
    """Bad rows of a file by their lines."""

    def __init__(self) -> None:
        self._lines: list[Ints] = []
        self._reasons: list[Reasons] = []

    def add(self, lines: Ints, reasons: Reasons) -> None:
        if len(lines):
            self._lines.append(lines)
            self._reasons.append(reasons)

    def sorted(self) -> tuple[Ints, Reasons]:
        """Lines, ascending, and the reason of each."""
        lines = np.concatenate([np.empty(0, np.int64), *self._lines])
        reasons = np.concatenate([np.empty(0, np.int8), *self._reasons])
        order = np.argsort(lines)
        return lines[order], reasons[order]


@dataclass(frozen=True)
class Taken:
    """What an intake found.

    Attributes:
        rows: Rows of each file.
        bad: Bad rows of each file: lines, ascending, and reasons.
        accepted: The good rows, one a key.
        profile: The batch's stores beside their past.
    """

    rows: tuple[int, ...]
    bad: tuple[tuple[Ints, Reasons], ...]
    accepted: Accepted
    profile: Profile

    def reasons(self, file: int) -> dict[str, int]:
        """Bad rows of a file by reason."""
        counts = np.bincount(self.bad[file][1], minlength=len(REASONS))
        return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count}


def take(readers: Sequence[Reader], rules: Rules, table: Months, staging: Path, limit: int) -> Taken:
    """Read files, tell good rows from bad ones, and profile them beside the sales table.

    Args:
        readers: Of each file.
        rules: What a row must keep to.
        table: The sales that are there.
        staging: An empty folder, for the time of the run.
        limit: Rows in memory at a time.

    Raises:
        UnreadableFile: If a file is not a table of sales.
        keys.TooManyCodes: If there are more stores or items than any chain has.
    """
    keys, spool, tally = table.keys, Spool(staging, limit), Tally()
    bad, rows = [Bad() for _ in readers], [0] * len(readers)
    said = time.monotonic()
    for number, read in enumerate(readers):
        for piece in read():
            _sort_in(number, piece, sift(piece, keys, rules), spool, tally, bad[number])
            rows[number] += piece.rows
            if time.monotonic() - said > EVERY_S:
                said = time.monotonic()
                log.info("read %s rows, file %d of %d", f"{sum(rows):,}", number + 1, len(readers))
    calendar = Calendar(*spool.days, stores=np.flatnonzero(tally.stores.any(axis=1)).tolist())
    accepted = _in_order(spool, table, calendar, tally, bad, staging)
    return Taken(tuple(rows), tuple(each.sorted() for each in bad), accepted, profile(tally, calendar, keys))


def _sort_in(number: int, piece: Piece, sifted: Sifted, spool: Spool, tally: Tally, bad: Bad) -> None:
    good = sifted.good
    tally.add(sifted.stores, sifted.reasons)
    tally.add(np.full(len(piece.misshapen), -1), np.full(len(piece.misshapen), MISSHAPEN, np.int8))
    bad.add(piece.misshapen, np.full(len(piece.misshapen), MISSHAPEN, np.int8))
    if good.all():
        spool.add(number, piece.lines, sifted.keys, sifted.sales)
        return
    bad.add(piece.lines[~good], sifted.reasons[~good])
    spool.add(number, piece.lines[good], sifted.keys, sifted.sales)


def _in_order(spool: Spool, table: Months, calendar: Calendar, tally: Tally, bad: list[Bad], staging: Path) -> Accepted:
    """The good rows month by month, without repeats; those that contradict each other are bad."""
    arrived, known = spool.months(), table.rows
    beside = {month: days for month, days in calendar.months.items() if month in known} if arrived else {}
    with Accepted(staging, table.keys) as accepted:
        for month in sorted({*arrived, *beside}):
            parts = max(1, -(-max(arrived.get(month, 0), known.get(month, 0)) // spool.limit))
            for part in range(parts):
                rows = spool.take(month, part, parts)
                kept, conflicting = conflicts(rows.key, rows.sales)
                if len(conflicting):
                    _set_aside(rows.where(conflicting), tally, bad)
                new = rows.key[kept], rows.sales[kept]
                if len(kept):
                    accepted.add(month, *new)
                old = table.take(month, part, parts, beside[month]) if month in beside else None
                calendar.see(month, *_united(old, new))
    calendar.finish()
    return accepted


def _set_aside(rows: Rows, tally: Tally, bad: list[Bad]) -> None:
    tally.move(store_of(rows.key), CONFLICT)
    for number in np.unique(rows.file):
        lines = rows.line[rows.file == number]
        bad[number].add(lines, np.full(len(lines), CONFLICT, np.int8))


def _united(old: tuple[Ints, Ints] | None, new: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    if old is None:
        return new
    both = upsert(old, new)
    return both.keys, both.sales


def refused(read: Reader, bad: tuple[Ints, Reasons], stores: Collection[str]) -> Iterator[pa.Table]:
    """A file's refused rows with their texts, in schema `REFUSED`.

    Args:
        read: Reads the file.
        bad: Lines of bad rows, ascending, and their reasons.
        stores: Refused stores, all of whose rows are refused.
    """
    lines, reasons = bad
    for piece in read() if len(lines) or stores else ():
        last = int(max(piece.lines[-1:].max(initial=0), piece.misshapen[-1:].max(initial=0)))
        count = int(np.searchsorted(lines, last, side="right"))
        known = np.zeros(len(piece.lines), np.int8)
        known[np.isin(piece.lines, lines[:count])] = reasons[:count][~np.isin(lines[:count], piece.misshapen)]
        known = np.where((known == GOOD) & _named(piece, stores), STORE_REFUSED, known)
        yield from _tables(piece, known)
        lines, reasons = lines[count:], reasons[count:]


def _named(piece: Piece, stores: Collection[str]) -> np.ndarray:
    column = piece.texts["store"]
    chosen = np.array([code(text, "store") in stores for text in (*column.dictionary.to_pylist(), None)])
    return chosen[column.indices.fill_null(len(chosen) - 1).to_numpy()]


def _tables(piece: Piece, reasons: Reasons) -> Iterator[pa.Table]:
    where = np.flatnonzero(reasons != GOOD)
    if len(where):
        texts = {name: piece.texts[name].take(where).cast(pa.string()) for name in COLUMNS}
        said = [REASONS[reason] for reason in reasons[where]]
        lines = piece.lines[where]
        yield pa.table({"line": lines, **texts, "raw": piece.raw(lines), "reason": said}, schema=REFUSED)
    if lost := len(piece.misshapen):
        nothing = {name: pa.nulls(lost, pa.string()) for name in COLUMNS}
        raw = piece.raw(piece.misshapen)
        yield pa.table(
            {"line": piece.misshapen, **nothing, "raw": raw, "reason": [REASONS[MISSHAPEN]] * lost}, schema=REFUSED
        )
