"""Corrections: which rows a file of them names, and what it says of them. `test_replay.py` has files without use."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.ingest.corrections import CorrectionsError, corrected
from tasks.ingest.quarantine import SCHEMA, QuarantinedRow, export


def row(line: int, sha256: str = "f00") -> QuarantinedRow:
    return QuarantinedRow(
        batch="b", at=datetime(2026, 1, 5, tzinfo=UTC), file="a.csv", sha256=sha256, line=line, raw="", reason="",
        date="2026-01-05", store="1", item="1", sales="x",
    )  # fmt: skip


def corrections(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_empty_cell_leaves_a_value_and_other_rows_are_left_out(tmp_path: Path) -> None:
    path = corrections(tmp_path / "c.csv", "file,line,store,sales,note", "a.csv,3, ,7,seen")
    (found,) = corrected([row(2), row(3)], path)
    assert (found.line, found.store, found.sales, found.date) == (3, "1", "7", "2026-01-05")


CELLS = ["=cmd|' /C calc'!A0", "'=1", "-3", "@x", "'shop", "\t=1", "a,b", 'say "x"']


def test_what_a_spreadsheet_gets_is_no_formula_and_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [row(line).model_copy(update={"store": cell, "file": f"{cell}.csv"}) for line, cell in enumerate(CELLS)]
    table = pa.Table.from_pylist([each.model_dump() | {"at": each.at} for each in rows], SCHEMA)
    export(table, tmp_path / "c.csv")
    with (tmp_path / "c.csv").open(newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert "'=cmd|' /C calc'!A0" in cells and "-3" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell not in ("", "-3")]
    assert corrected(rows, tmp_path / "c.csv") == rows


def test_a_hash_tells_files_of_one_name_apart(tmp_path: Path) -> None:
    rows = [row(2), row(2, "bad")]
    (found,) = corrected(rows, corrections(tmp_path / "c.csv", "sha256,line,sales", "bad,2,7"))
    assert found.sha256 == "bad"
    with pytest.raises(CorrectionsError, match="is there in several files of that name; give its sha256"):
        corrected(rows, corrections(tmp_path / "c.csv", "file,line,sales", "a.csv,2,7"))


def test_a_line_that_is_cut_off_names_no_row(tmp_path: Path) -> None:
    with pytest.raises(CorrectionsError, match=r"line \? of a\.csv is not in quarantine"):
        corrected([row(2)], corrections(tmp_path / "c.csv", "file,line,sales", "a.csv"))
