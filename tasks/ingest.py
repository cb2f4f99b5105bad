"""Steps of an ingest: read and sift what arrived, then put it in the tables."""

import logging
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet
from prefect import task

from tasks import feed, ledger, quarantine, sales_table
from tasks.columns import Feed
from tasks.contract import Breach, Contract
from tasks.home import Home, write_file
from tasks.sift import sift

log = logging.getLogger("shelfcast.ingest")


class LostRows(RuntimeError):
    """Rows read are not those accepted, unchanged and quarantined."""


@dataclass(frozen=True)
class FileCount:
    """How one file of a batch was read.

    Attributes:
        name: Of the file.
        sha256: Of its bytes.
        rows: Lines after the header that are not empty.
        reasons: Refused rows by reason.
        reading: The feed's settings that are not the defaults.
    """

    name: str
    sha256: str
    rows: int
    reasons: dict[str, int]
    reading: dict[str, Any] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())


@dataclass(frozen=True)
class Batch:
    """What one ingest brings.

    Attributes:
        id: First 16 digits of the sha256 of the files' sha256s: the same files are the same batch.
        files: New files with their counts; `paths` says where they are, in the same order.
        known: Files whose content was taken in before, under any feed; they change nothing.
        staging: Folder with `accepted.parquet`, `refused.parquet` and `checked.parquet` of the new files.
        fault: Why a file cannot be read at all, which refuses the batch.
        notes: What to tell of files that change nothing though they are read otherwise now.
    """

    id: str
    files: tuple[FileCount, ...]
    paths: tuple[Path, ...]
    known: tuple[FileCount, ...]
    staging: Path
    fault: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def checked(self) -> Path:
        return self.staging / "checked.parquet"

    @property
    def reasons(self) -> dict[str, int]:
        """Refused rows of all files by reason, the most frequent first."""
        return dict(sum((Counter(file.reasons) for file in (*self.files, *self.known)), Counter()).most_common())

    @property
    def rows(self) -> int:
        return sum(file.rows for file in (*self.files, *self.known))


@dataclass(frozen=True)
class Merged:
    """What a batch did to the sales table."""

    rows_accepted: int
    rows_changed: int
    rows_unchanged: int
    snapshot: int | None


@task
def read_batch(
    sources: list[str],
    home: Home,
    contract: Contract,
    staging: Path,
    written: Feed = Feed(),  # noqa: B008  # frozen
) -> Batch:
    """Read all sources and tell good rows from bad ones; nothing is written but in `staging`.

    Args:
        sources: Files, folders and patterns.
        home: What was taken in before.
        contract: The rules for a row.
        staging: A folder for the time of the run.
        written: How the files are written. Defaults to our own columns.

    Raises:
        feed.SourceError: If there is nothing to read.
    """
    found = feed.find(sources)
    before = _ingested(home)
    known = tuple(before[file.sha256] for file in found if file.sha256 in before)
    fresh = [file for file in found if file.sha256 not in before]
    paths = tuple(file.path for file in fresh)
    batch = sha256("".join(sorted(file.sha256 for file in found)).encode()).hexdigest()[:16]
    try:
        rows = [feed.read(file.path, number, written) for number, file in enumerate(fresh)]
    except feed.UnreadableFile as error:
        return Batch(batch, (), paths, known, staging, fault=str(error))
    reading = written.model_dump(exclude_defaults=True)
    counts = _sift(fresh, rows, contract, staging, reading) if fresh else ()
    log.info("read %s new rows; files: %d, known: %d", f"{sum(c.rows for c in counts):,}", len(found), len(known))
    notes = _read_otherwise(known, reading)
    for note in notes:
        log.warning("%s", note)
    return Batch(batch, counts, paths, known, staging, notes=notes)


def _read_otherwise(known: tuple[FileCount, ...], reading: dict[str, Any]) -> tuple[str, ...]:
    """A sentence for each known file that a feed other than today's read; our own columns are no feed to insist on."""
    return tuple(
        f"{file.name} was taken in before with {file.reading or 'our own columns'}; read otherwise it changes nothing"
        for file in known
        if reading and file.reading != reading
    )


def _sift(
    files: list[feed.SourceFile], rows: list[feed.Rows], contract: Contract, staging: Path, reading: dict[str, Any]
) -> tuple[FileCount, ...]:
    sifted = sift(rows, datetime.now(UTC).date(), contract.first_day, contract.max_sales)
    for name in ("accepted", "refused", "checked"):
        pyarrow.parquet.write_table(getattr(sifted, name), staging / f"{name}.parquet")
    reasons = [Counter[str]() for _ in files]
    for row in sifted.refused.select(["file", "reason"]).to_pylist():
        reasons[row["file"]][row["reason"]] += 1
    return tuple(
        FileCount(file.path.name, file.sha256, len(read.table) + len(read.misshapen), dict(count), reading)
        for file, read, count in zip(files, rows, reasons, strict=True)
    )


def _ingested(home: Home) -> dict[str, FileCount]:
    """Files that are in the ledger, by sha256."""
    return {
        entry.subject: FileCount(
            entry.details["name"],
            entry.subject,
            entry.details["rows"],
            entry.details["reasons"],
            entry.details.get("reading", {}),
        )
        for entry in ledger.read(home, ["ingest"])
    }


@task
def merge_batch(batch: Batch, home: Home) -> Merged:
    """Land the files, quarantine the bad rows, merge the good ones, record it, in this order.

    Each step is one atomic write and is the same when repeated, so a run that was cut off is mended by the next.
    """
    good = sum(file.rows - file.quarantined for file in (*batch.files, *batch.known))
    if not batch.files:
        return Merged(0, 0, good, sales_table.snapshot(home))
    with home.writing():
        return _merge(batch, home, good)


def _merge(batch: Batch, home: Home, good: int) -> Merged:
    for path, file in zip(batch.paths, batch.files, strict=True):
        _land(path, file, home)
    quarantine.put(
        home, batch.id, [(file.name, file.sha256) for file in batch.files], batch.staging / "refused.parquet"
    )
    inserted, changed = sales_table.merge(home, batch.id, batch.staging / "accepted.parquet")
    known = _ingested(home)
    fresh = [file for file in batch.files if file.sha256 not in known]
    if fresh and not inserted + changed:
        inserted, changed = sales_table.merged_before(home, batch.id)
    merged = Merged(inserted + changed, changed, good - inserted - changed, sales_table.snapshot(home))
    counts = _counts(batch, merged)
    ledger.record(home, [_entry(batch, file, counts) for file in fresh])
    log.info("merged: %s new rows, %s changed", f"{inserted:,}", f"{changed:,}")
    return merged


def _counts(batch: Batch, merged: Merged) -> dict[str, int]:
    """Where the rows of a batch went.

    Raises:
        LostRows: If they do not add up.
    """
    counts = {
        "rows_read": batch.rows,
        "rows_accepted": merged.rows_accepted,
        "rows_unchanged": merged.rows_unchanged,
        "rows_quarantined": sum(batch.reasons.values()),
    }
    read, *elsewhere = counts.values()
    if min(counts.values()) < 0 or read != sum(elsewhere):
        raise LostRows(f"batch {batch.id} does not add up, which is a defect of shelfcast: {counts}")
    return counts


def summary(batch: Batch, merged: Merged, breaches: list[Breach]) -> dict[str, Any]:
    """The JSON of an ingest: rows read = accepted + unchanged + quarantined."""
    return {
        "batch": batch.id,
        "rows_read": batch.rows,
        **asdict(merged),
        "rows_quarantined": sum(batch.reasons.values()),
        "reasons": batch.reasons,
        "refused": False,
        "warnings": [*(breach.message for breach in breaches), *batch.notes],
    }


def refused(batch: Batch, why: str, home: Home) -> dict[str, Any]:
    """The JSON of a batch that was refused as a whole: nothing of it is in the home."""
    return {
        "batch": batch.id,
        "rows_read": batch.rows,
        **asdict(Merged(0, 0, 0, sales_table.snapshot(home))),
        "rows_quarantined": 0,
        "reasons": batch.reasons,
        "refused": True,
        "why": why,
    }


def _land(path: Path, file: FileCount, home: Home) -> None:
    if not path.resolve().is_relative_to(home.landing.resolve()):
        write_file(home.landing / f"{file.sha256[:12]}-{file.name}", path.read_bytes())


def _entry(batch: Batch, file: FileCount, counts: dict[str, int]) -> ledger.Entry:
    details: dict[str, Any] = {**asdict(file), "batch": batch.id, "counts": counts}
    why = f"{file.rows:,} rows read from {file.name}, {file.quarantined:,} quarantined"
    return ledger.Entry("ingest", file.sha256, why, details=details)
