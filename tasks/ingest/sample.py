"""Synthetic sales as a file, in Kaggle's columns, written as it is drawn."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tasks.forecasting.synthetic import Chain, blocks
from tasks.state.atomic import placed

COLUMNS = pa.schema([("date", pa.date32()), ("store", pa.int32()), ("item", pa.int32()), ("sales", pa.int32())])
"""As in Kaggle's Store Item Demand Forecasting data."""


class UnknownFormat(ValueError):
    """The file's suffix is none that sales are written as."""


def write_sample(path: Path, chain: Chain) -> int:
    """Write a chain's sales and return their number of rows; the same chain gives the same bytes.

    Memory stays the same for any number of rows. The file appears whole or not at all.

    Args:
        path: Ends in `.csv`, `.csv.gz` or `.parquet`.
        chain: Whose sales.

    Raises:
        UnknownFormat: If it ends in anything else; nothing is written.
    """
    write = _writer(path)
    with placed(path) as file:
        write(file, _tables(chain))
    return chain.rows


def _writer(path: Path) -> Callable[[IO[bytes], Iterator[pa.Table]], None]:
    for suffix, write in {".csv": _csv, ".csv.gz": _csv_gz, ".parquet": _parquet}.items():
        if path.name.lower().endswith(suffix):
            return write
    raise UnknownFormat(f"sales are written as .csv, .csv.gz or .parquet; rename the file. Received: {path}")


def _tables(chain: Chain) -> Iterator[pa.Table]:
    for block in blocks(chain):
        yield pa.Table.from_pandas(block[COLUMNS.names], schema=COLUMNS, preserve_index=False)


def _csv(file: IO[bytes] | gzip.GzipFile, tables: Iterator[pa.Table]) -> None:
    with pa.csv.CSVWriter(file, COLUMNS, write_options=pa.csv.WriteOptions(quoting_header="none")) as writer:
        for table in tables:
            writer.write_table(table)


def _csv_gz(file: IO[bytes], tables: Iterator[pa.Table]) -> None:
    # a name or a time would change the bytes; level 9 takes five times as long for 0.4 % less
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
        _csv(packed, tables)


def _parquet(file: IO[bytes], tables: Iterator[pa.Table]) -> None:
    with pa.parquet.ParquetWriter(file, COLUMNS, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
