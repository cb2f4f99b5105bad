"""The tables of a home: every row of every file is read, and its page checksums with it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from tasks.state import delta, parquet
from tasks.verify.result import Finding, Part

BACKUP = "restore the folder from a backup"
REMEDIES: dict[Part, str] = {
    "sales": f"{BACKUP}, or remove the home's tables and ingest the landed files again",
    "quarantine": f"{BACKUP}, or remove it if its rows are given up",
    "scores": "remove the folder; `shelfcast monitor` scores again from each release's last day",
    "ledger": BACKUP,
}


def check_table(home: Path, part: Part, versions: set[int]) -> Iterator[Finding | Path]:
    """Read all files of a table's current version, and of others.

    Args:
        home: The home's folder.
        part: Name of the table's folder.
        versions: Older versions that must be readable.

    Yields:
        Each file that was read whole, and what is wrong.
    """
    root, seen = home / part, set[str]()
    if not delta.exists(root):
        if root.is_dir() and any(root.iterdir()):
            yield _finding(part, part, "its log is missing, so that its rows cannot be read")
        return
    for version in sorted(versions, reverse=True):
        yield from _version(root, part, version, seen)
    yield from _version(root, part, None, seen)


def _version(root: Path, part: Part, version: int | None, seen: set[str]) -> Iterator[Finding | Path]:
    try:
        rows = _rows(root, version)
    except delta.UNREADABLE as error:
        which = "" if version is None else f" version {version}"
        yield _finding(part, f"{part}/_delta_log", f"the log cannot be read{which}: {delta.said(error)}")
        return
    for name, expected in rows.items():
        if name not in seen:
            seen.add(name)
            yield _file(root, part, name, expected)


def _file(root: Path, part: Part, name: str, expected: int | None) -> Finding | Path:
    path = f"{part}/{name}"
    try:
        found = sum(len(batch) for batch in parquet.batches(root / name))
    except delta.UNREADABLE as error:
        return _finding(part, path, f"it cannot be read: {delta.said(error)}")
    if expected is not None and found != expected:
        return _finding(part, path, f"it must have {expected} rows, as the log says. Received: {found}")
    return root / name


def _rows(root: Path, version: int | None) -> dict[str, int]:
    """Number of rows of each file, by the log."""
    actions = pa.table(DeltaTable(root, version=version).get_add_actions(flatten=True))
    return dict(zip(actions["path"].to_pylist(), actions["num_records"].to_pylist(), strict=True))


def _finding(part: Part, path: str, what: str) -> Finding:
    return Finding(part=part, path=path, what=what, remedy=REMEDIES[part])
