"""Step: rows in quarantine are held against today's rules again; those that are right now go into the sales table."""

import csv
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from prefect import task

from tasks.ingest import quarantine, stage
from tasks.ingest.batch import ingested
from tasks.ingest.contract.row_rules import MISSHAPEN, REASONS, STORE_REFUSED, Rules, sift
from tasks.ingest.contract.suite import Contract
from tasks.ingest.merge import merge
from tasks.ingest.reading import reader
from tasks.ingest.reading.chunk import Piece
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.ingest.stage import Intake
from tasks.ingest.staged_rows import Accepted
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tasks.state.record import to_json
from tasks.state.row_keys import Keys

log = logging.getLogger("shelfcast.replay")

Row = dict[str, Any]
Place = tuple[str, int]
"""A file's sha256 and a line."""

KNOWN_OTHERWISE = "sales table has another value"
"""Why a row stays that would be right by itself: what the table has came later, or was right at once."""

SAID = 100
"""Corrected rows that the answer lists."""


class FixError(ValueError):
    """A file of corrections that cannot be used."""


class NotLanded(ValueError):
    """A file whose lines should be read again is no longer in the landing folder."""


@dataclass(frozen=True)
class Chosen:
    """Which rows to replay, and how.

    Attributes:
        reason: Only rows refused for it; all if none.
        store: Only rows that name it; all if none.
        again: Read their lines in the landed files again, written like this; as they were read if none.
        fixes: CSV of corrected rows; only these are replayed.
    """

    reason: str | None = None
    store: str | None = None
    again: Feed | None = None
    fixes: Path | None = None


@task
def replay(
    home: Home,
    contract: Contract,
    chosen: Chosen,
    staging: Path,
    size: Intake = Intake(),  # noqa: B008  # frozen
) -> dict[str, Any]:
    """Merge what is right now and leave the rest in quarantine; the JSON of `shelfcast quarantine replay`.

    No value in the sales table is overwritten. The table is written first, then the ledger, then the quarantine: what
    a run that was cut off has done is not done again by the next. Rows of a store that was refused go in when few
    enough of its rows are still bad.

    Args:
        home: Whose quarantine.
        contract: Today's rules.
        chosen: Which rows, and how they are read.
        staging: A folder for the time of the run.
        size: How much memory it may take.

    Raises:
        FixError: If the file of corrections is none, or has a row that is not in quarantine.
        NotLanded: If a file to read again is no longer there.
    """
    with home.writing() if quarantine.reasons(home) else nullcontext():
        return _replay(home, contract, chosen, staging, size)


def _replay(home: Home, contract: Contract, chosen: Chosen, staging: Path, size: Intake) -> dict[str, Any]:
    today = contract.rules(datetime.now(UTC).date())
    after, fixed = _corrected(quarantine.rows(home, chosen.reason, chosen.store), chosen, home)
    held = _of_refused_stores(home, after, today, contract.refuse_store_bad_share)
    good, faults = _right(after, today, held)
    staged, conflicting = _in_order(good, today, home, staging, size)
    batch = _id(after)
    change = merge(home, batch, staged, size.rows, overwrite=False)
    contradicted = {(str(day), store, item) for day, store, item in change.contradicted}
    faults |= conflicting | {_place(row): KNOWN_OTHERWISE for row in good if _key(row) in contradicted}
    released = [row for row in good if _place(row) not in faults]
    inserted = change.inserted or sales_table.merged_before(home, batch, len(released))[0]
    reasons, places = Counter(faults.values()), {_place(row) for row in released}
    result = {
        "batch": batch,
        "rows_read": len(after),
        "rows_accepted": inserted,
        "rows_changed": 0,
        "rows_unchanged": len(released) - inserted,
        "rows_quarantined": reasons.total(),
        "reasons": dict(reasons.most_common()),
        "refused": False,
        "snapshot": sales_table.snapshot(home),
        "warnings": [],
        "fixed": [each for each in fixed if (each["sha256"], each["line"]) in places][:SAID],
    }
    if released:
        _record(home, result, len(released))
        _release(home, released)
    log.info("replayed %d rows: %d right now", len(after), len(released))
    return result


def _id(rows: list[Row]) -> str:
    """The same rows that say the same are the same batch."""
    told = [[row["sha256"], row["line"], *(row[name] for name in COLUMNS)] for row in rows]
    return sha256(to_json(told)).hexdigest()[:16]


def _in_order(
    rows: list[Row], today: Rules, home: Home, staging: Path, size: Intake
) -> tuple[Accepted, dict[Place, str]]:
    """Rows that go into the table if it has no other value for them, and why others do not, as they contradict."""
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_file[row["sha256"]].append(row)
    spool = staging / "spool"
    spool.mkdir(exist_ok=True)
    readers = [_reader(each) for each in by_file.values()]
    taken = stage.take(readers, today, sales_table.Months(home, Keys()), spool, size.rows)
    faults = {
        (name, line): REASONS[reason]
        for name, bad in zip(by_file, taken.bad, strict=True)
        for line, reason in zip(*(each.tolist() for each in bad), strict=True)
    }
    return Accepted.at(spool), faults


def _record(home: Home, result: dict[str, Any], released: int) -> None:
    """Put a replay into the ledger, once: a run that was cut off before the rows left quarantine comes here again."""
    subject = f"batch.{result['batch']}"
    if any(entry.subject == subject for entry in ledger.read(home, ["replay"])):
        return
    why = f"{released:,} of {result['rows_read']:,} rows in quarantine are right now"
    told = ("rows_read", "rows_accepted", "rows_unchanged", "rows_quarantined", "fixed")
    ledger.record(home, [ledger.Entry("replay", subject, why, details={name: result[name] for name in told})])


def _release(home: Home, rows: list[Row]) -> None:
    lines: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        lines[row["sha256"]].append(row["line"])
    quarantine.release(home, lines)


def _place(row: Row) -> Place:
    return row["sha256"], row["line"]


def _corrected(rows: list[Row], chosen: Chosen, home: Home) -> tuple[list[Row], list[Row]]:
    """The rows as they are read today, and of each that reads otherwise what it was and what it is."""
    after = _read_again(rows, chosen.again, home) if chosen.again else rows
    if chosen.fixes:
        after = _fixed(after, chosen.fixes)
    known = {_place(row): row for row in rows}
    changes = [
        {
            **{name: row[name] for name in ("file", "sha256", "line")},
            "before": {name: known[_place(row)][name] for name in COLUMNS},
            "after": {name: row[name] for name in COLUMNS},
        }
        for row in after
        if any(row[name] != known[_place(row)][name] for name in COLUMNS)
    ]
    return after, changes


def _read_again(rows: list[Row], written: Feed, home: Home) -> list[Row]:
    """The rows with the texts that their lines have in the landed files, written as a feed says."""
    landed = ingested(home)
    found: list[Row] = []
    for name in dict.fromkeys(row["sha256"] for row in rows):
        wanted = {row["line"]: row for row in rows if row["sha256"] == name}
        file = landed.get(name)
        path = home.landing / file.landed if file and file.landed else None
        if path is None or not path.exists():
            called = next(iter(wanted.values()))["file"]
            raise NotLanded(f"{called} is no longer in {home.landing}, so its lines cannot be read again")
        for piece in reader.pieces(path, written):
            where = np.flatnonzero(np.isin(piece.lines, list(wanted)))
            texts = {column: piece.texts[column].take(where).cast(pa.string()).to_pylist() for column in COLUMNS}
            for index, line in enumerate(piece.lines[where].tolist()):
                found.append(wanted[line] | {column: texts[column][index] for column in COLUMNS})
            nothing = dict.fromkeys(COLUMNS)
            found += [wanted[line] | nothing for line in piece.misshapen.tolist() if line in wanted]
    return found


def _fixed(rows: list[Row], path: Path) -> list[Row]:
    """The rows that a file of corrections names, with what it says of them; an empty cell leaves a value as it is.

    Raises:
        FixError: One line on what is wrong.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            fixes = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FixError(f"{path} cannot be read as CSV in UTF-8 ({error})") from None
    columns = set(fixes[0]) if fixes else set()
    if not fixes or "line" not in columns or not columns & {"file", "sha256"} or not columns & set(COLUMNS):
        raise FixError(
            f"{path} needs rows with the columns line, file or sha256, and some of {', '.join(COLUMNS)}, such as "
            f"`shelfcast quarantine list --csv` writes. Received: {', '.join(sorted(map(str, columns))) or 'no rows'}"
        )
    by = "sha256" if "sha256" in columns else "file"
    known: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        known[row[by], str(row["line"])].append(row)
    found: list[Row] = []
    for fix in fixes:
        named = known.get(((fix[by] or "").strip(), (fix["line"] or "").strip()), [])
        if len(named) != 1:
            fault = "is not in quarantine" if not named else "is there in several files of that name; give its sha256"
            raise FixError(f"{path}: line {fix['line']} of {fix[by]} {fault}")
        found.append(named[0] | {name: fix[name] for name in COLUMNS if (fix.get(name) or "").strip()})
    if len({_place(row) for row in found}) < len(found):
        raise FixError(f"{path} names a row twice; leave one of them out")
    return found


def _right(rows: list[Row], today: Rules, held: set[Place]) -> tuple[list[Row], dict[Place, str]]:
    """Rows that can be right by themselves, and why the others cannot."""
    good: list[Row] = []
    faults: dict[Place, str] = {}
    for row, reason in zip(rows, _reasons(rows, today), strict=True):
        if reason or _place(row) in held:
            faults[_place(row)] = reason or REASONS[STORE_REFUSED]
        else:
            good.append(row)
    return good, faults


def _reasons(rows: list[Row], today: Rules) -> list[str]:
    """Why each row cannot be right; nothing where it can."""
    shaped = [row for row in rows if not _misshapen(row)]
    sifted = sift(_piece(shaped), Keys(), today).reasons.tolist() if shaped else []
    found = iter(REASONS[reason] for reason in sifted)
    return [REASONS[MISSHAPEN] if _misshapen(row) else next(found) for row in rows]


def _misshapen(row: Row) -> bool:
    return all(row[name] is None for name in COLUMNS)


def _of_refused_stores(home: Home, rows: list[Row], today: Rules, limit: float) -> set[Place]:
    """Rows of refused stores that stay: of their store and batch, too many of all rows are still bad."""
    waiting = [row for row in rows if row["reason"] == REASONS[STORE_REFUSED]]
    if not waiting:
        return set()
    now = {_place(row): row for row in rows}
    stores: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in quarantine.rows(home):
        stores[row["batch"], (row["store"] or "").strip()].append(now.get(_place(row), row))
    shares = {
        name: sum(map(bool, _reasons(stores[name], today))) / len(stores[name])
        for name in {(row["batch"], (row["store"] or "").strip()) for row in waiting}
    }
    return {_place(row) for row in waiting if shares[row["batch"], (row["store"] or "").strip()] > limit}


def _reader(rows: list[Row]) -> stage.Reader:
    def pieces() -> Iterator[Piece]:
        yield _piece(sorted(rows, key=lambda row: row["line"]))

    return pieces


def _piece(rows: list[Row]) -> Piece:
    texts: Mapping[str, pa.DictionaryArray] = {
        name: pa.array([row[name] for row in rows], pa.string()).dictionary_encode() for name in COLUMNS
    }
    lines = np.array([row["line"] for row in rows], np.int64)
    return Piece(lines, texts, np.empty(0, np.int64), lambda some: [str(line) for line in some])


def _key(row: Row) -> tuple[str, str, str]:
    return row["date"].strip()[:10], row["store"].strip(), row["item"].strip()
