"""Delta tables on this machine: reading them, writing them in bounded memory, and committing."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem
from pydantic import BaseModel, ConfigDict, Field

from tasks.state.atomic import sync

KEPT = {"delta.enableExpiredLogCleanup": "false", "delta.deletedFileRetentionDuration": "interval 36500 days"}
"""Table properties: snapshots that releases name stay readable, and the log remembers when a file was replaced."""

ROW_GROUP = 1 << 20


class Tidiness(BaseModel):
    """How long old versions of tables stay readable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(
        30,
        ge=7,
        le=36_600,
        description="days that old versions of the sales stay readable; a version that a release names stays for ever",
    )


def exists(path: Path) -> bool:
    """Whether there is a table in a folder."""
    return DeltaTable.is_deltatable(str(path))


def version(path: Path) -> int | None:
    """The number of a table's last commit, or `None` if there is no table."""
    return DeltaTable(path).version() if exists(path) else None


def dataset(path: Path, version: int | None = None, coded: Sequence[str] = ()) -> Any:
    """A table's rows as a pyarrow dataset.

    Args:
        path: Folder of the table.
        version: Version to read. Defaults to `None`, the current one.
        coded: Columns to read as dictionary arrays, which is faster. Defaults to none.
    """
    # with Delta's own file system a process sometimes aborts at its end
    return DeltaTable(path, version=version).to_pyarrow_dataset(
        filesystem=SubTreeFileSystem(str(path.absolute()), LocalFileSystem()),
        parquet_read_options=pa.dataset.ParquetReadOptions(dictionary_columns=list(coded)),
    )


def read(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None, where: Any = None) -> pa.Table:
    """The rows of a table; none if there is no table.

    Args:
        path: Folder of the table.
        schema: Schema that the table has, or would have.
        columns: Columns to read. Defaults to `None`, all.
        where: A pyarrow expression that selects rows. Defaults to `None`, all.
    """
    names = list(columns or schema.names)
    return dataset(path).to_table(names, filter=where) if exists(path) else schema.empty_table().select(names)


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
            for path in set(added.paths) - _named(root):
                path.unlink(missing_ok=True)
            raise


def _named(root: Path) -> set[Path]:
    """The files of a table's current version."""
    if not exists(root):
        return set()
    return {root / path for path in pa.table(DeltaTable(root).get_add_actions())["path"].to_pylist()}


class Adding:
    """Parquet files that one commit makes visible together."""

    def __init__(self, root: Path, pool: ThreadPoolExecutor) -> None:
        self.paths: list[Path] = []
        self.pending: list[Future[AddAction]] = []
        self._root, self._pool = root, pool

    def file(
        self, tables: Iterable[pa.Table], schema: pa.Schema, partition: Mapping[str, str] | None = None
    ) -> Future[AddAction]:
        """Write one file in the background.

        Args:
            tables: Rows in the file's schema. The tables should be large, as each becomes at least one row group.
            schema: Schema of the file, without partition columns.
            partition: Values of the partition columns. Defaults to `None`, no partition.
        """
        folder = "".join(f"{name}={value}/" for name, value in (partition or {}).items())
        path = self._root / f"{folder}{uuid4()}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.paths.append(path)
        self.pending.append(self._pool.submit(_written, self._root, path, tables, schema, dict(partition or {})))
        return self.pending[-1]

    def commit(
        self,
        table: DeltaTable | None,
        schema: pa.Schema,
        metadata: Mapping[str, str],
        partition: str | None = None,
        replacing: Sequence[str] = (),
        replace_all: bool = False,
    ) -> None:
        """Make the files visible, all at once, also after a power cut.

        Args:
            table: The table as it was before the first file was written; `None` to create one.
            schema: Schema of the table.
            metadata: Custom metadata of the commit.
            partition: The partition column. Defaults to `None`, no partition.
            replacing: Values of the partition column whose rows are replaced. Defaults to none, so that rows are added.
            replace_all: Whether the files replace the whole content of the table. Defaults to `False`.

        Raises:
            deltalake.exceptions.CommitFailedError: If another writer was faster; nothing is changed then.
        """
        added = [written.result() for written in self.pending]
        actions: list[AddAction | RemoveAction] = [*added]
        properties = CommitProperties(custom_metadata=dict(metadata), max_commit_retries=0)
        by = [partition] if partition else []
        sync(self._root)
        if table is None:
            create_table_with_add_actions(
                str(self._root), Schema.from_arrow(schema), added, mode="error", partition_by=by,
                configuration=KEPT, commit_properties=properties,
            )  # fmt: skip
        elif partition and replacing:
            # an empty filter would replace the whole table
            where = [(partition, "in", list(replacing))]
            table.create_write_transaction(
                actions, "overwrite", table.schema(), by, where, commit_properties=properties
            )
        else:
            mode = "overwrite" if replace_all else "append"
            table.create_write_transaction(actions, mode, table.schema(), by, commit_properties=properties)
        _sync_last_commit(self._root / "_delta_log")


def _sync_last_commit(log: Path) -> None:
    """Have the last commit on disk, as what is written next may rely on it; Delta does not do so."""
    for path in (*log.glob(f"{max(log.glob('*.json')).stem}*"), log):
        sync(path)


def _written(
    root: Path, path: Path, tables: Iterable[pa.Table], schema: pa.Schema, partition: dict[str, str]
) -> AddAction:
    written: list[Any] = []
    options = {"compression": "zstd", "compression_level": 1, "store_schema": False, "metadata_collector": written}
    with path.open("wb") as file:
        with pa.parquet.ParquetWriter(file, schema, **options) as writer:
            for table in filter(len, tables):
                writer.write_table(table, row_group_size=ROW_GROUP)
        file.flush()
        os.fsync(file.fileno())
        at, size = int(os.fstat(file.fileno()).st_mtime * 1000), file.tell()
    sync(path.parent)
    return AddAction(str(path.relative_to(root)), size, partition, at, True, _statistics(written[0]))


def _statistics(metadata: Any) -> str:
    """Delta's statistics of a file: number of rows, and for each column its minimum, maximum and number of nulls."""
    lowest, highest, missing = {}, {}, {}
    for index in range(metadata.num_columns):
        name = metadata.schema.column(index).path
        groups = [metadata.row_group(group).column(index).statistics for group in range(metadata.num_row_groups)]
        if groups and all(group is not None and group.has_min_max for group in groups):
            lowest[name] = _json(min(group.min for group in groups))
            highest[name] = _json(max(group.max for group in groups))
        if all(group is not None and group.has_null_count for group in groups):
            missing[name] = sum(group.null_count for group in groups)
    return json.dumps(
        {"numRecords": metadata.num_rows, "minValues": lowest, "maxValues": highest, "nullCount": missing}
    )


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
