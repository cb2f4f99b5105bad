"""The reader: which form a file is read in, and what is no file of sales. `bad_input/` has each kind of bad file."""

from pathlib import Path

import pytest

from tasks.ingest.reading import reader
from tasks.ingest.reading.chunk import UnreadableFile
from tests.ingest.reading.found import GOOD, HEADER, OURS, csv
from tests.ingest.reading.test_parquet_chunks import written


def test_the_suffix_says_the_form(tmp_path: Path) -> None:
    for path in (csv(tmp_path, HEADER + GOOD), written(tmp_path)):
        (chunk,) = reader.chunks(path, OURS)
        assert chunk.texts["date"][0].as_py() == "2026-01-05" and chunk.rows == len(chunk.lines)


def test_a_file_without_rows_is_refused_when_it_is_read_to_its_end(tmp_path: Path) -> None:
    chunks = reader.chunks(csv(tmp_path, HEADER), OURS)
    with pytest.raises(UnreadableFile, match=r"^feed\.csv has a header and no rows; is the export complete\?$"):
        list(chunks)
