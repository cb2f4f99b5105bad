"""Step: join the small files that nights leave in the tables, and delete files that no kept version references."""

import logging
from functools import partial
from pathlib import Path

from deltalake import DeltaTable
from prefect import task
from pydantic import Field

from tasks.state import delta, sales_table
from tasks.state.delta import Tidiness
from tasks.state.home import Home
from tasks.state.manifest import Prepared
from tasks.state.record import Document, Record
from tasks.state.releases import releases

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


class TidyResult(Document):
    """The JSON of `shelfcast tidy`."""

    tables: tuple[TidiedTable, ...] = Field(description="what was done to each table")
    kept_versions: tuple[int, ...] = Field(description="versions of the sales that stay readable")


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


def named_versions(home: Home) -> list[int]:
    """Versions of the sales table that releases and candidates were made from, in ascending order."""
    named = {release.manifest.snapshot.version for release in releases(home)}
    for path in home.candidates.glob("*/prepared.json"):
        named.add(Prepared.model_validate_json(path.read_bytes()).snapshot.version)
    return sorted(named)


def _tidied(path: Path, hours: int, kept: list[int]) -> TidiedTable:
    before = _files(path)
    table = DeltaTable(path)
    if table.optimize.compact()["numFilesRemoved"]:
        table = DeltaTable(path)
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
        version=DeltaTable(path).version(),
        files_before=len(before),
        files=len(after),
        removed=len(removed),
        bytes_freed=freed,
    )


def _files(path: Path) -> dict[Path, int]:
    return {file: file.stat().st_size for file in path.rglob("*.parquet") if "_delta_log" not in file.parts}
