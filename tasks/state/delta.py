"""Delta tables on this machine: reading them, writing them in bounded memory, and committing."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
from pyarrow.fs import LocalFileSystem

from tasks.state import parquet
from tasks.state.atomic import sync
from tasks.state.parquet import REMEDY, DamagedTable

TIDIED = "tidied"
"""Key in the metadata of commits that change no rows."""

KEPT = {"delta.enableExpiredLogCleanup": "false", "delta.deletedFileRetentionDuration": "interval 36500 days"}
"""Table properties: snapshots that releases name stay readable, and the log remembers when a file was replaced."""

UNREADABLE = (DeltaError, pa.ArrowException, OSError, ValueError, TypeError, AttributeError, LookupError)
"""What reading a damaged table raises; the last three where its log is still JSON, but no longer a table's."""


def said(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())


def exists(path: Path) -> bool:
    """Whether there is a table in a folder."""
    return DeltaTable.is_deltatable(str(path))


def open_table(path: Path, version: int | None = None) -> DeltaTable:
    """A table, by default as it is now.

    Raises:
        DamagedTable: If its log cannot be read, or no longer has that version.
    """
    try:
        return DeltaTable(path, version=version)
    except UNREADABLE as error:
        which = "" if version is None else f", up to version {version},"
        raise DamagedTable(f"the log of the table {path}{which} cannot be read: {said(error)}; {REMEDY}") from error


def version(path: Path) -> int | None:
    """The number of a table's last commit, or `None` if there is no table."""
    return open_table(path).version() if exists(path) else None


def rows(path: Path) -> int:
    """The number of a table's rows, from its statistics; 0 if there is no table."""
    if not exists(path):
        return 0
    return pc.sum(pa.table(open_table(path).get_add_actions(flatten=True))["num_records"]).as_py() or 0


def batches(
    path: Path,
    columns: Sequence[str],
    where: Any = None,
    version: int | None = None,
    coded: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    """The rows of a table, a part at a time; what is read is checked.

    Args:
        path: Folder of the table.
        columns: Columns to read.
        where: A pyarrow expression on these columns that selects rows. Defaults to `None`, all.
        version: Version to read. Defaults to `None`, the current one.
        coded: Columns to read as dictionary arrays, which is faster. Defaults to none.

    Raises:
        DamagedTable: If the table's log or a file of it is missing or damaged.
    """
    table = open_table(path, version)
    known = pa.schema(table.schema())
    for fragment in table.to_pyarrow_dataset(filesystem=LocalFileSystem()).get_fragments(filter=where):
        for batch in parquet.batches(path / fragment.path, columns, coded):
            rows = in_types(batch, columns, known, coded)
            yield from rows.to_batches() if where is None else rows.filter(where).to_batches()


def in_types(batch: pa.RecordBatch, columns: Sequence[str], schema: pa.Schema, coded: Sequence[str] = ()) -> pa.Table:
    """The rows in a table's types; null in columns that the file lacks, as it was written before they came."""
    found = {}
    for name in columns:
        kind = schema.field(name).type
        there = batch[name] if name in batch.schema.names else pa.nulls(len(batch), kind)
        found[name] = there if name in coded else there.cast(kind)
    return pa.table(found)


def paths(path: Path, version: int | None = None) -> list[Path]:
    """The files of a version of a table, by default of the current one; none if there is no table."""
    if not exists(path):
        return []
    actions = pa.table(open_table(path, version).get_add_actions())
    return [path / name for name in actions["path"].to_pylist()]


def read(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None, where: Any = None) -> pa.Table:
    """The rows of a table; none if there is no table.

    Args:
        path: Folder of the table.
        schema: Schema that the table has, or would have.
        columns: Columns to read. Defaults to `None`, all.
        where: A pyarrow expression that selects rows. Defaults to `None`, all.

    Raises:
        DamagedTable: If the table's log or a file of it is missing or damaged.
    """
    names = list(columns or schema.names)
    found = list(batches(path, names, where)) if exists(path) else []
    return pa.Table.from_batches(found) if found else schema.empty_table().select(names)


def append(path: Path, rows: pa.Table) -> None:
    """Add rows to a table in one commit, or make the table of them.

    Args:
        path: Folder of the table.
        rows: The rows. Columns that the table lacks are added to it.
    """
    table = open_table(path) if exists(path) else None
    if table:
        _add_columns(table, rows.schema)
    with adding(path) as added:
        added.file([rows], rows.schema)
        added.commit(table, rows.schema, {})


def _add_columns(table: DeltaTable, schema: pa.Schema) -> None:
    known = columns(table)
    if new := [field for field in Schema.from_arrow(schema).fields if field.name not in known]:
        table.alter.add_columns(new)


def columns(table: DeltaTable) -> list[str]:
    """The names of a table's columns."""
    return [field.name for field in table.schema().fields]


WRITERS = 6
"""Number of files written at once: more than there are cores, as each also waits for the disk."""


@contextmanager
def adding(root: Path) -> Iterator["Adding"]:
    """Write files for one commit; they are removed if they are not committed."""
    with ThreadPoolExecutor(WRITERS) as pool:
        added = Adding(root, pool)
        try:
            yield added
        except BaseException:
            wait(added.pending)
            # a commit that raises may exist nevertheless: every hundredth one also writes a checkpoint, which may fail
            for path in added.paths() - set(paths(root)):
                path.unlink(missing_ok=True)
            raise


class Adding:
    """Parquet files that one commit makes visible together."""

    def __init__(self, root: Path, pool: ThreadPoolExecutor) -> None:
        self.pending: list[Future[AddAction]] = []
        self._root, self._pool = root, pool

    def paths(self) -> set[Path]:
        """The files that were written so far."""
        return {self._root / each.result().path for each in self.pending if each.done() and not each.exception()}

    def file(
        self, tables: Iterable[pa.Table], schema: pa.Schema, partition: Mapping[str, str] | None = None
    ) -> Future[AddAction]:
        """Write one file in the background.

        Args:
            tables: Rows in the file's schema. The tables should be large, as each becomes at least one row group.
            schema: Schema of the file, without partition columns.
            partition: Values of the partition columns. Defaults to `None`, no partition.
        """
        folder = self._root.joinpath(*(f"{name}={value}" for name, value in (partition or {}).items()))
        folder.mkdir(parents=True, exist_ok=True)
        self.pending.append(self._pool.submit(_written, self._root, folder, tables, schema, dict(partition or {})))
        return self.pending[-1]

    def commit(
        self,
        table: DeltaTable | None,
        schema: pa.Schema,
        metadata: Mapping[str, str],
        partition: str | None = None,
        replacing: Sequence[str] = (),
        replace_all: bool = False,
        properties: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Make the files visible, all at once, also after a power cut.

        Args:
            table: The table as it was before the first file was written; `None` to create one.
            schema: Schema of the table.
            metadata: Custom metadata of the commit.
            partition: The partition column. Defaults to `None`, no partition.
            replacing: Values of the partition column whose rows are replaced. Defaults to none, so that rows are added.
            replace_all: Whether the files replace the whole content of the table. Defaults to `False`.
            properties: Table properties, if the table is created. Defaults to Delta's own.

        Raises:
            deltalake.exceptions.CommitFailedError: If another writer was faster; nothing is changed then.
        """
        added = [written.result() for written in self.pending]
        by = [partition] if partition else []
        if table is None:
            sync(self._root)
            create_table_with_add_actions(
                str(self._root), Schema.from_arrow(schema), added, mode="error", partition_by=by,
                configuration=dict(properties), commit_properties=_named(metadata),
            )  # fmt: skip
            _sync_last_commit(self._root / "_delta_log")
        else:
            # an empty filter would replace the whole table
            where = [(partition, "in", list(replacing))] if partition and replacing else None
            mode = "overwrite" if where or replace_all else "append"
            self._write(table, [*added], mode, by, where, metadata)

    def replace(self, table: DeltaTable, by: Sequence[str], joined: Sequence[Mapping[str, Any]]) -> None:
        """Put the files in the place of others that have the same rows, all at once.

        Args:
            table: The table as it was before the first file was written.
            by: The partition columns.
            joined: The actions that added the other files.
        """
        now = int(datetime.now(UTC).timestamp() * 1000)
        added = [replace(written.result(), data_change=False) for written in self.pending]
        removed = [
            RemoveAction(each["path"], False, now, each["size_bytes"], {name: each[f"partition.{name}"] for name in by})
            for each in joined
        ]
        self._write(table, [*added, *removed], "append", by, None, {TIDIED: "true"})

    def _write(
        self,
        table: DeltaTable,
        actions: list[AddAction | RemoveAction],
        mode: str,
        by: Sequence[str],
        where: Any,
        metadata: Mapping[str, str],
    ) -> None:
        sync(self._root)
        properties = _named(metadata)
        table.create_write_transaction(actions, mode, table.schema(), list(by), where, commit_properties=properties)
        _sync_last_commit(self._root / "_delta_log")


def _named(metadata: Mapping[str, str]) -> CommitProperties:
    return CommitProperties(custom_metadata=dict(metadata), max_commit_retries=0)


def _sync_last_commit(log: Path) -> None:
    """Have the last commit on disk, as what is written next may rely on it; Delta does not do so."""
    for path in (*log.glob(f"{max(log.glob('*.json')).stem}*"), log):
        sync(path)


def _written(
    root: Path, folder: Path, tables: Iterable[pa.Table], schema: pa.Schema, partition: dict[str, str]
) -> AddAction:
    path, metadata = parquet.write(folder, tables, schema)
    at = path.stat()
    name = str(path.relative_to(root))
    return AddAction(name, at.st_size, partition, int(at.st_mtime * 1000), True, _statistics(metadata))


LONGEST = 64
"""Characters of a text up to which statistics have it, as the log keeps them for ever."""


def _statistics(metadata: Any) -> str:
    """Delta's statistics of a file: number of rows, and for each column its minimum, maximum and number of nulls."""
    lowest, highest, missing = {}, {}, {}
    for index in range(metadata.num_columns):
        name = metadata.schema.column(index).path
        groups = [metadata.row_group(group).column(index).statistics for group in range(metadata.num_row_groups)]
        if groups and all(group is not None and group.has_min_max for group in groups):
            ends = min(group.min for group in groups), max(group.max for group in groups)
            if max(len(str(end)) for end in ends) <= LONGEST:
                lowest[name], highest[name] = map(_json, ends)
        if all(group is not None and group.has_null_count for group in groups):
            missing[name] = sum(group.null_count for group in groups)
    return json.dumps(
        {"numRecords": metadata.num_rows, "minValues": lowest, "maxValues": highest, "nullCount": missing}
    )


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
