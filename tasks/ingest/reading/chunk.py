"""A piece of a file that arrived: some of its rows as text, with their line numbers. Files are read piece by piece."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ingest.reading.feed import COLUMNS, Feed

Ints = NDArray[np.int64]


class UnreadableFile(ValueError):
    """A file that is not a table of sales; the batch it came with is refused."""


@dataclass(frozen=True)
class Piece:
    """Rows of a file, as they arrived.

    Attributes:
        lines: Line number of each row (row number in Parquet), ascending.
        texts: Date, store, item and sales of each row as dictionary-coded text, dates in ISO and sales with a point.
        misshapen: Numbers of the lines with another number of columns, ascending.
        raw: Texts of lines as they stood in the file, by their numbers; of Parquet the values.
    """

    lines: Ints
    texts: Mapping[str, pa.DictionaryArray]
    misshapen: Ints
    raw: Callable[[Ints], list[str]]

    @property
    def rows(self) -> int:
        return len(self.lines) + len(self.misshapen)


def in_our_writing(
    found: Mapping[str, pa.DictionaryArray], rows: int, feed: Feed, typed: Collection[str] = ()
) -> dict[str, pa.DictionaryArray]:
    """The four columns, dates in ISO and sales with a point.

    Args:
        found: The columns that the file has, by our names.
        rows: How many each has.
        feed: How they are written.
        typed: Columns that need no reading, as their values are no text. Defaults to none.
    """
    texts = dict(found)
    for name, change, ours in (
        ("date", feed.day, feed.date_format == "iso"),
        ("sales", feed.number, feed.decimal == "."),
    ):
        if name in texts and name not in typed and not ours:
            texts[name] = each_text(texts[name], change)
    nothing = np.zeros(rows, np.int32)
    texts |= {name: pa.DictionaryArray.from_arrays(nothing, [value]) for name, value in feed.set.items()}
    return {name: texts[name] for name in COLUMNS}


def each_text(column: pa.DictionaryArray, function: Callable[[Any], str | None]) -> pa.DictionaryArray:
    """The column with each of its distinct values changed."""
    changed = pa.array([function(value) for value in column.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(column.indices, changed)
