"""A chunk: some rows of a file as text, with their line numbers. Files are read chunk by chunk, in bounded memory."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ingest.reading.feed import COLUMNS, Feed

Ints = NDArray[np.int64]


class UnreadableFile(ValueError):
    """A file that is not a table of sales; the batch that contains it is refused."""


@dataclass(frozen=True)
class Chunk:
    """Rows of a file, as they arrived.

    Attributes:
        lines: Line number of each row (row number in Parquet), ascending.
        texts: Date, store, item and sales of each row as dictionary-coded text, dates in ISO and sales with a point.
        misshapen: Numbers of the lines with a wrong number of columns, ascending. They have no texts.
        raw: Function that returns the text of lines as it stood in the file, given their numbers. For Parquet the text
            is the values, separated by commas.
    """

    lines: Ints
    texts: Mapping[str, pa.DictionaryArray]
    misshapen: Ints
    raw: Callable[[Ints], list[str]]

    @property
    def rows(self) -> int:
        return len(self.lines) + len(self.misshapen)


def normalise(
    columns: Mapping[str, pa.DictionaryArray], rows: int, feed: Feed, typed: Collection[str]
) -> dict[str, pa.DictionaryArray]:
    """The four columns in shelfcast's notation: dates in ISO, sales with a decimal point.

    Args:
        columns: The columns that the file has, by shelfcast's names.
        rows: Number of rows in each column.
        feed: How the file is written.
        typed: Columns whose values are typed (a date, a number), so that their text needs no conversion.
    """
    texts = dict(columns)
    for name, convert, is_ours in (
        ("date", feed.day, feed.date_format == "iso"),
        ("sales", feed.number, feed.decimal == "."),
    ):
        if name in texts and name not in typed and not is_ours:
            texts[name] = each_text(texts[name], convert)
    first_code = np.zeros(rows, np.int32)
    texts |= {name: pa.DictionaryArray.from_arrays(first_code, [value]) for name, value in feed.set.items()}
    return {name: texts[name] for name in COLUMNS}


def each_text(column: pa.DictionaryArray, convert: Callable[[Any], str | None]) -> pa.DictionaryArray:
    """The column with each of its distinct values converted."""
    converted = pa.array([convert(value) for value in column.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(column.indices, converted)
