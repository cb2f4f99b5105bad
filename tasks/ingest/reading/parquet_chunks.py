"""Parquet as chunks: rows of any types, as the text that CSV would have."""

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from tasks.ingest.reading.chunk import Chunk, Ints, UnreadableFile, each_text, normalise
from tasks.ingest.reading.feed import Feed, WrongColumns

ROWS = 1 << 20
"""Rows in a chunk."""


def chunks(path: Path, feed: Feed) -> Iterator[Chunk]:
    """Read the rows of a Parquet file.

    Raises:
        UnreadableFile: If the file is damaged, lacks a column that the feed names, or has lists or records in one.
    """
    try:
        # without a buffer a whole row group would be in memory
        with pa.parquet.ParquetFile(path, buffer_size=1 << 22, pre_buffer=False) as file:
            schema = file.schema_arrow
            names = [schema.names[index] for index in feed.positions(schema.names)]
            ours = dict(zip(feed.wanted, names, strict=True))
            typed = [column for column, name in ours.items() if not _is_text(_held(schema.field(name).type))]
            first = 1
            for batch in file.iter_batches(batch_size=ROWS, columns=names):
                yield _chunk(batch, first, ours, feed, typed)
                first += len(batch)
    except WrongColumns as error:
        raise UnreadableFile(f"{path.name} {error}") from None
    except (pa.ArrowException, OSError, OverflowError, KeyError, ValueError) as error:
        raise UnreadableFile(f"{path.name} is not a Parquet file that can be read ({_line(error)})") from None


def _chunk(batch: pa.RecordBatch, first: int, ours: dict[str, str], feed: Feed, typed: list[str]) -> Chunk:
    columns = {column: each_text(_encoded(batch[name]), _as_text) for column, name in ours.items()}

    def raw(lines: Ints) -> list[str]:
        texts = [pc.fill_null(column.take(lines - first).cast(pa.string()), "") for column in columns.values()]
        return pc.binary_join_element_wise(*texts, ",").to_pylist()

    lines = np.arange(first, first + len(batch))
    return Chunk(lines, normalise(columns, len(batch), feed, typed), np.empty(0, np.int64), raw)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    """The column dictionary-coded; text becomes bytes, as it need not be valid UTF-8."""
    coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    if not _is_text(coded.dictionary.type):
        return coded
    return pa.DictionaryArray.from_arrays(coded.indices, coded.dictionary.cast(pa.binary()))


def _held(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    """Whether values are text, or bytes, which is how some writers declare text."""
    is_a = pa.types
    return any(
        test(kind)
        for test in (
            is_a.is_string, is_a.is_large_string, is_a.is_string_view,
            is_a.is_binary, is_a.is_large_binary, is_a.is_binary_view, is_a.is_fixed_size_binary,
        )
    )  # fmt: skip


def _as_text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
