"""Step: join the small files that nights leave in the tables, and remove what no version needs any more."""

import logging
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from prefect import task

from tasks.state import delta, sales_table
from tasks.state.delta import Tidiness
from tasks.state.home import Home
from tasks.state.prepared import Prepared
from tasks.state.release import releases

log = logging.getLogger("shelfcast.tidy")

SHORTEST_HOURS = 168
"""Delta's own limit, a week: nobody still reads a version that was replaced so long ago."""


@dataclass(frozen=True)
class Tidied:
    """What was done to a table.

    Attributes:
        table: Its folder in the home.
        version: After that.
        files_before: Parquet files on disk before.
        files: Parquet files on disk after.
        removed: Files removed.
        bytes_freed: Bytes that the folder has fewer; negative where joining came to more.
    """

    table: str
    version: int
    files_before: int
    files: int
    removed: int
    bytes_freed: int


@task
def tidy_tables(home: Home, tidiness: Tidiness) -> dict[str, Any]:
    """Join the small files of all tables, and remove those that nothing needs; the JSON of `shelfcast tidy`.

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
    return {"tables": [asdict(each) for each in done], "kept_versions": kept}


def named_versions(home: Home) -> list[int]:
    """Versions of the sales table that releases and candidates were made from."""
    named = {release.manifest.snapshot.version for release in releases(home)}
    for path in home.candidates.glob("*/prepared.json"):
        named.add(Prepared.model_validate_json(path.read_bytes()).snapshot.version)
    return sorted(named)


def _tidied(path: Path, hours: int, kept: list[int]) -> Tidied:
    before = _files(path)
    table = DeltaTable(path)
    if table.optimize.compact()["numFilesRemoved"]:
        table = DeltaTable(path)
    # files that a killed run left behind are in no version, so that only a full look finds them
    clear = partial(table.vacuum, hours, enforce_retention_duration=False, full=True, keep_versions=kept)
    # it names files that an earlier call removed too
    removed = [name for name in clear(dry_run=True) if (path / name).exists()]
    if removed:
        clear(dry_run=False)
    after = _files(path)
    freed = sum(before.values()) - sum(after.values())
    return Tidied(path.name, DeltaTable(path).version(), len(before), len(after), len(removed), freed)


def _files(path: Path) -> dict[Path, int]:
    return {file: file.stat().st_size for file in path.rglob("*.parquet") if "_delta_log" not in file.parts}
