"""Synthetic sales as a file, in the columns of Kaggle's data set, written while they are drawn."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from pydantic import Field

from tasks.forecasting.synthetic import Chain, blocks, noise_floor
from tasks.state.atomic import placed
from tasks.state.record import Document, Number

COLUMNS = pa.schema([("date", pa.date32()), ("store", pa.int32()), ("item", pa.int32()), ("sales", pa.int32())])
"""The columns of Kaggle's Store Item Demand Forecasting data."""


class UnknownFormat(ValueError):
    """A file suffix that is not one of those that sales can be written with."""


class SampleResult(Document):
    """The JSON of `shelfcast sample`."""

    path: str = Field(description="the file that was written")
    rows: int = Field(description="number of rows in it")
    noise_floor: Number = Field(None, description="lowest possible MAPE, in percent: that of the true mean")
    noise_floor_holdout: Number = Field(None, description="the same on the days that a retrain holds out")


def sample(path: Path, chain: Chain, holdout: float | None) -> SampleResult:
    """Write a chain's sales, and tell what was written.

    Args:
        path: See `write_sample`.
        chain: The chain whose sales are drawn.
        holdout: Number of last days for which to tell the lowest MAPE too; `None` to tell none.

    Raises:
        UnknownFormat: If the path has another suffix; nothing is written.
    """
    rows = write_sample(path, chain)
    if holdout is None:
        return SampleResult(path=str(path), rows=rows)
    whole, last = noise_floor(chain), noise_floor(chain, last=holdout)
    return SampleResult(path=str(path), rows=rows, noise_floor=whole, noise_floor_holdout=last)


def write_sample(path: Path, chain: Chain) -> int:
    """Write a chain's sales and return their number of rows; the same chain gives the same bytes.

    Memory stays the same for any number of rows. The file appears whole or not at all.

    Args:
        path: Path with the suffix `.csv`, `.csv.gz` or `.parquet`.
        chain: The chain whose sales are drawn.

    Raises:
        UnknownFormat: If the path has another suffix; nothing is written.
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
