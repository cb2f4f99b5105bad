"""A feed: the files that arrived, read piece by piece as text. Nothing here writes."""

from collections.abc import Iterator
from pathlib import Path

from tasks.ingest.reading import csv_chunks, parquet_chunks
from tasks.ingest.reading.chunk import Piece, UnreadableFile
from tasks.ingest.reading.feed import Feed


def pieces(path: Path, feed: Feed = Feed()) -> Iterator[Piece]:  # noqa: B008  # frozen
    """Read one file of a batch as text, dates in ISO and sales with a decimal point.

    Args:
        path: A CSV, plain or in gzip or zstd, or a Parquet file.
        feed: How it is written. Defaults to our own columns in CSV of any delimiter.

    Raises:
        UnreadableFile: If it is empty, damaged, or lacks a column that the feed names.
    """
    kind = parquet_chunks if path.name.lower().endswith(".parquet") else csv_chunks
    rows = 0
    for piece in kind.pieces(path, feed):
        rows += piece.rows
        yield piece
    if not rows:
        raise UnreadableFile(f"{path.name} has a header and no rows; is the export complete?")
