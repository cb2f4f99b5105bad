"""Parquet files whose damage is noticed before anything is made of them.

Pages carry checksums, yet what stands between and after them has none in this format, and damage there can make other
rows, or end the process that reads it. So the last part of a file's name is the CRC-32 of the whole file. Files of
other writers have no such part; of these only the pages are checked.
"""

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet

from tasks.state.atomic import sync

ROW_GROUP = 1 << 20
"""Rows of a row group, at most."""

WRITTEN = {"compression": "zstd", "compression_level": 1, "store_schema": False, "write_page_checksum": True}
"""How every Parquet file in the home is written."""

_NAMED = re.compile(r"-([0-9a-f]{8})\.parquet$")


REMEDY = "put it back from a backup; `shelfcast verify` finds all that is damaged, and says what else helps"


class DamagedTable(OSError):
    """A table cannot be read."""


class DamagedFile(DamagedTable):
    """A Parquet file is missing, or not as it was written."""

    @classmethod
    def at(cls, path: Path, why: object) -> "DamagedFile":
        """The error that names a file and its table."""
        return cls(f"{path.name} of the table {_table(path)} is damaged: {why}; {REMEDY}")


def _table(path: Path) -> Path:
    """The folder of a file's table."""
    return next(folder for folder in (*path.parents, path.parent) if "=" not in folder.name)


def write(folder: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> tuple[Path, Any]:
    """Write a file and have it on disk.

    Args:
        folder: Where, under a name of its own.
        tables: Rows in the file's schema. The tables should be large, as each becomes at least one row group.
        schema: Schema of the file.

    Returns:
        Path of the file, and its metadata.
    """
    written: list[Any] = []
    name = uuid4()
    partial = folder / f"{name}.parquet"
    try:
        with partial.open("wb") as file:
            with pa.parquet.ParquetWriter(file, schema, metadata_collector=written, **WRITTEN) as writer:
                for table in filter(len, tables):
                    writer.write_table(table, row_group_size=ROW_GROUP)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{name}-{_crc(partial):08x}.parquet"
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync(folder)
    return path, written[0]


def batches(path: Path, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """The rows of a file, a part at a time; what is read is checked.

    Args:
        path: The file.
        columns: Columns to read, as far as the file has them. Defaults to `None`, all.
        coded: Columns to read as dictionary arrays, which is faster. Defaults to none.

    Raises:
        DamagedFile: If the file is missing or damaged.
    """
    require_unchanged(path)
    try:
        with pa.parquet.ParquetFile(path, read_dictionary=list(coded), page_checksum_verification=True) as file:
            missing = file.metadata.num_rows
            for batch in file.iter_batches(batch_size=ROW_GROUP, columns=columns and list(columns)):
                missing -= len(batch)
                yield batch
    except (OSError, pa.ArrowException) as error:
        raise DamagedFile.at(path, error) from error
    if missing:
        raise DamagedFile.at(path, f"it lacks {missing:,} rows")


def require_unchanged(path: Path) -> None:
    """Raise `DamagedFile` if a file is missing, or not the one that its name tells of."""
    named = _NAMED.search(path.name)
    try:
        if named and _crc(path) != int(named[1], 16):
            raise DamagedFile.at(path, "its bytes are not those that were written")
        path.stat()
    except FileNotFoundError:
        raise DamagedFile.at(path, "it is missing") from None


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            crc = zlib.crc32(part, crc)
    return crc
