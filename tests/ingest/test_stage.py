"""Staging: rows of several files are counted, and a refused row is read again with its text."""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tasks.ingest import stage
from tasks.ingest.reading import csv_chunks, reader
from tasks.ingest.reading.chunk import Chunk
from tasks.state.home import Home
from tasks.state.row_keys import Keys
from tasks.state.sales_table import Months
from tests.ingest.reading.found import HEADER, OURS, RULES, csv

CONTENT = HEADER + b"".join(b"2026-01-%02d,%d,1,%d\n" % (day, store, day) for day in range(1, 29) for store in (1, 2))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many chunks with three bad rows."""
    monkeypatch.setattr(csv_chunks, "BLOCK", 64)
    bad = {3: b"x", 7: b"2026-01-04,1,1,-4", 30: b"2026-01-15,,1,15"}
    lines = CONTENT.split(b"\n")
    return csv(tmp_path, b"\n".join(bad.get(number, line) for number, line in enumerate(lines, start=1)))


def staged(path: Path, tmp_path: Path) -> stage.Staged:
    folder = tmp_path / "rows"
    folder.mkdir()
    table = Months(Home(tmp_path / "home"), Keys())
    return stage.stage([partial(reader.chunks, path, OURS)] * 2, RULES, table, folder, 1000)


def test_rows_and_bad_rows_of_each_file(path: Path, tmp_path: Path) -> None:
    found = staged(path, tmp_path)
    assert found.rows == (56, 56)
    assert [lines.tolist() for lines, _ in found.bad] == [[3, 7, 30]] * 2
    assert found.reasons(0) == {"missing store": 1, "negative sales": 1, "wrong number of columns": 1}
    assert sum(found.accepted.rows.values()) == 53


def test_a_file_is_read_again_no_further_than_its_last_bad_row(path: Path, tmp_path: Path) -> None:
    read: list[int] = []

    def reading() -> Iterator[Chunk]:
        for chunk in reader.chunks(path, OURS):
            read.append(int(chunk.lines[-1]))
            yield chunk

    lines, reasons = staged(path, tmp_path).bad[0]
    rows = [row for table in stage.refused(reading, (lines[:2], reasons[:2]), ()) for row in table.to_pylist()]
    assert [(row["line"], row["store"], row["raw"]) for row in rows] == [(3, None, "x"), (7, "1", "2026-01-04,1,1,-4")]
    assert max(read) < 12


def test_of_a_block_of_short_lines_only_what_is_asked_for_is_read_and_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "AT_ONCE", 10)
    path = csv(tmp_path, HEADER + b"x\n" * 95)
    lines, reasons = staged(path, tmp_path).bad[0]

    def refused(limit: int) -> list[list[int]]:
        tables = stage.refused(partial(reader.chunks, path, OURS), (lines[:limit], reasons[:limit]), ())
        return [table["line"].to_pylist() for table in tables]

    assert refused(3) == [[2, 3, 4]]
    assert [len(numbers) for numbers in refused(95)] == [10] * 9 + [5]


def test_all_rows_of_a_refused_store_are_refused(path: Path, tmp_path: Path) -> None:
    read, bad = partial(reader.chunks, path, OURS), staged(path, tmp_path).bad[0]
    rows = [row for table in stage.refused(read, bad, ("2",)) for row in table.to_pylist()]
    assert sum(row["reason"] == "store refused" for row in rows) == 26
    assert len(rows) == 29


def test_long_files_tell_how_far_they_are(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stage, "EVERY_S", -1)
    with caplog.at_level(logging.INFO, "shelfcast"):
        staged(path, tmp_path)
    assert caplog.messages[-1] == "read 112 rows, file 2 of 2"
