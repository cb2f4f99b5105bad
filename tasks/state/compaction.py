"""Small files of a table, joined to one in each partition; the rows stay as they are."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from tasks.state import delta, parquet

SMALL = 1 << 27
"""Bytes of a file from which on it stays as it is."""

File = dict[str, Any]
"""An action that added a file, as Delta lists it."""


def join_small_files(root: Path) -> None:
    """Join the small files of a table in one commit, unless each partition has at most one.

    Raises:
        DamagedTable: If a file cannot be read; nothing is changed then.
    """
    table = delta.open_table(root)
    by = table.metadata().partition_columns
    schema = pa.schema([field for field in pa.schema(table.schema()) if field.name not in by])
    with delta.adding(root) as adding:
        joined: list[File] = []
        for partition, files in _small(table, by).items():
            adding.file(_rows(root, files, schema), schema, dict(zip(by, partition, strict=True)))
            joined += files
        if joined:
            adding.replace(table, by, joined)


def _small(table: DeltaTable, by: Sequence[str]) -> dict[tuple[str, ...], list[File]]:
    """The small files of each partition that has several."""
    found: dict[tuple[str, ...], list[File]] = defaultdict(list)
    for file in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        if file["size_bytes"] < SMALL:
            found[tuple(file[f"partition.{name}"] for name in by)].append(file)
    return {partition: files for partition, files in found.items() if len(files) > 1}


def _rows(root: Path, files: Sequence[File], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of files, in tables large enough for a row group each."""
    held: list[pa.Table] = []
    for file in files:
        for batch in parquet.batches(root / file["path"], schema.names):
            rows = delta.in_types(batch, schema.names, schema)
            held.append(pa.Table.from_arrays(rows.columns, schema=schema))
            if sum(map(len, held)) >= parquet.ROW_GROUP:
                yield pa.concat_tables(held)
                held = []
    if held:
        yield pa.concat_tables(held)
