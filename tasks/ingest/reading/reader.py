"""A reader: one file that arrived, read chunk by chunk as text. Nothing here writes."""

from collections.abc import Iterator
from pathlib import Path

from tasks.ingest.reading import csv_chunks, parquet_chunks
from tasks.ingest.reading.chunk import Chunk, UnreadableFile
from tasks.ingest.reading.feed import Feed


def chunks(path: Path, feed: Feed) -> Iterator[Chunk]:
    """Read one file as text, dates in ISO and sales with a decimal point.

    Args:
        path: A CSV file, plain or in gzip or zstd, or a Parquet file.
        feed: How the file is written.

    Raises:
        UnreadableFile: If the file is empty or damaged, or lacks a column that the feed names.
    """
    form = parquet_chunks if path.name.lower().endswith(".parquet") else csv_chunks
    rows = 0
    for chunk in form.chunks(path, feed):
        rows += chunk.rows
        yield chunk
    if not rows:
        raise UnreadableFile(f"{path.name} has a header and no rows; is the export complete?")
