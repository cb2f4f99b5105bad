"""Step: join the small files that nights leave in the tables, and delete files that no kept version references."""

import logging
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from prefect import task
from pydantic import Field

from tasks.state import compaction, delta, sales_table, scores
from tasks.state.atomic import remove_folder
from tasks.state.home import Home
from tasks.state.lock import is_free, lock_of
from tasks.state.manifest import Prepared
from tasks.state.record import Document, Record
from tasks.state.releases import Releases
from tasks.state.tidiness import Tidiness

log = logging.getLogger("shelfcast.tidy")

SHORTEST_HOURS = 168
"""Delta's own limit, a week: nobody reads a version any more that was replaced so long ago."""


class TidiedTable(Record):
    """What was done to a table."""

    table: str = Field(description="the table's folder in the home")
    version: int = Field(description="the table's version afterwards")
    files_before: int = Field(description="number of Parquet files on disk before")
    files: int = Field(description="number of Parquet files on disk afterwards")
    removed: int = Field(description="number of files that were deleted")
    bytes_freed: int = Field(description="bytes by which the folder is smaller now")


class Removed(Record):
    """What was removed because it is old."""

    pages: int = Field(0, description="pages of the Data Docs")
    scores: int = Field(0, description="rows of the scores")
    work: tuple[str, ...] = Field((), description="folders of candidates and backtests, as paths in the home")
    staging: int = Field(0, description="folders that killed ingests left in the folder for temporary files")


class TidyResult(Document):
    """The JSON of `shelfcast tidy`."""

    tables: tuple[TidiedTable, ...] = Field(description="what was done to each table")
    kept_versions: tuple[int, ...] = Field(description="versions of the sales that stay readable")
    removed: Removed = Field(Removed(), description="what was removed because it is old")


@task
def tidy_tables(home: Home, tidiness: Tidiness) -> TidyResult:
    """Join the small files of all tables, and delete files that no kept version references.

    Versions of the sales that a release or a candidate names stay readable, whatever their age.
    """
    kept = named_versions(home)
    done = []
    with home.writing():
        if (current := sales_table.snapshot(home)) is not None:
            # joining makes a version of its own, yet the one before it is what a retrain reads
            done.append(_tidied(home.sales, tidiness.keep_days * 24, [*kept, current]))
        for path in (home.quarantine, home.ledger, home.scores):
            if delta.exists(path):
                done.append(_tidied(path, SHORTEST_HOURS, []))
    for each in done:
        log.info("%s: %d files, %d removed", each.table, each.files, each.removed)
    return TidyResult(tables=tuple(done), kept_versions=tuple(kept))


@task
def forget_scores(home: Home, before: date) -> int:
    """Drop the scores of days before a day; the number of rows."""
    return scores.forget(home, before)


@task
def forget_work(home: Home, before: datetime) -> tuple[str, ...]:
    """Remove candidates and backtests that last changed before a time, but for those that a retrain works on."""
    folders = [path for root in (home.candidates, home.backtests) if root.exists() for path in root.iterdir()]
    old = [folder for folder in folders if folder.is_dir() and _changed(folder) < before and is_free(lock_of(folder))]
    for folder in old:
        remove_folder(folder)
        lock_of(folder).unlink(missing_ok=True)
    return tuple(sorted(str(folder.relative_to(home.root)) for folder in old))


def _changed(folder: Path) -> datetime:
    """When anything in a folder changed last."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in (folder, *folder.rglob("*"))), UTC)


def named_versions(home: Home) -> list[int]:
    """Versions of the sales table that releases and candidates were made from, in ascending order.

    Raises:
        DamagedRelease: If a release does not say it any more, and the ledger does not either.
    """
    known = Releases.of(home)
    named = {known.snapshot(release) for release in known.all}
    for path in home.candidates.glob("*/prepared.json"):
        named.add(Prepared.model_validate_json(path.read_bytes()).snapshot.version)
    return sorted(named)


def _tidied(path: Path, hours: int, kept: list[int]) -> TidiedTable:
    before = _files(path)
    compaction.join_small_files(path)
    table = delta.open_table(path)
    # files that a killed run left behind are in no version: only a full vacuum finds them
    clear = partial(table.vacuum, hours, enforce_retention_duration=False, full=True, keep_versions=kept)
    # it also names files that an earlier call deleted
    removed = [name for name in clear(dry_run=True) if (path / name).exists()]
    if removed:
        clear(dry_run=False)
    after = _files(path)
    freed = sum(before.values()) - sum(after.values())
    return TidiedTable(
        table=path.name,
        version=delta.open_table(path).version(),
        files_before=len(before),
        files=len(after),
        removed=len(removed),
        bytes_freed=freed,
    )


def _files(path: Path) -> dict[Path, int]:
    return {file: file.stat().st_size for file in path.rglob("*.parquet") if "_delta_log" not in file.parts}
