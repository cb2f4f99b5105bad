"""Landed rows: rows in quarantine whose lines in the landed files are read again with another feed."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.ingest.batch import EarlierFiles
from tasks.ingest.quarantine import QuarantinedRow
from tasks.ingest.reading import reader
from tasks.ingest.reading.chunk import Chunk
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.state.home import Home


class NotLanded(ValueError):
    """A file whose lines should be read again is no longer in the landing folder."""


def read_again(rows: list[QuarantinedRow], feed: Feed, home: Home) -> list[QuarantinedRow]:
    """The rows as their lines read with a feed.

    Args:
        rows: Rows in quarantine.
        feed: How to read the landed files.
        home: The home of the landing folder.

    Raises:
        NotLanded: If a file is no longer in the landing folder.
    """
    earlier = EarlierFiles.read(home)
    found: list[QuarantinedRow] = []
    for name in dict.fromkeys(row.sha256 for row in rows):
        wanted = {row.line: row for row in rows if row.sha256 == name}
        for chunk in reader.chunks(_landed(name, wanted, earlier, home), feed):
            found += _in_chunk(chunk, wanted)
    return found


def _landed(name: str, wanted: dict[int, QuarantinedRow], earlier: EarlierFiles, home: Home) -> Path:
    file = earlier.files.get(name)
    path = home.landing / file.landed if file else None
    if path is None or not path.exists():
        called = next(iter(wanted.values())).file
        raise NotLanded(f"{called} is no longer in {home.landing}, so its lines cannot be read again")
    return path


def _in_chunk(chunk: Chunk, wanted: dict[int, QuarantinedRow]) -> list[QuarantinedRow]:
    where = np.flatnonzero(np.isin(chunk.lines, list(wanted)))
    texts = {column: chunk.texts[column].take(where).cast(pa.string()).to_pylist() for column in COLUMNS}
    shaped = [
        wanted[line].model_copy(update={column: texts[column][index] for column in COLUMNS})
        for index, line in enumerate(chunk.lines[where].tolist())
    ]
    lost = [wanted[line] for line in chunk.misshapen.tolist() if line in wanted]
    return shaped + [row.model_copy(update=dict.fromkeys(COLUMNS)) for row in lost]
