"""Corrections: which rows a file of them names, and what it says of them. `test_replay.py` has files without use."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.ingest.corrections import CorrectionsError, corrected
from tasks.ingest.quarantine import QuarantinedRow


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


def test_a_hash_tells_files_of_one_name_apart(tmp_path: Path) -> None:
    rows = [row(2), row(2, "bad")]
    (found,) = corrected(rows, corrections(tmp_path / "c.csv", "sha256,line,sales", "bad,2,7"))
    assert found.sha256 == "bad"
    with pytest.raises(CorrectionsError, match="is there in several files of that name; give its sha256"):
        corrected(rows, corrections(tmp_path / "c.csv", "file,line,sales", "a.csv,2,7"))


def test_a_line_that_is_cut_off_names_no_row(tmp_path: Path) -> None:
    with pytest.raises(CorrectionsError, match=r"line \? of a\.csv is not in quarantine"):
        corrected([row(2)], corrections(tmp_path / "c.csv", "file,line,sales", "a.csv"))
