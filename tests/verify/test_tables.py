"""Every file of a table is read; what cannot be read, or has other rows than the log says, is named."""

import json
import shutil
from pathlib import Path

import pytest

from tasks.state import sales_table
from tasks.state.home import Home
from tasks.verify.result import Finding
from tasks.verify.tables import check_table
from tests.conftest import TakeIn


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    """Two versions of the sales, with another file each."""
    for units in (7, 8):
        (tmp_path / "a.csv").write_text(f"date,store,item,sales\n2026-01-05,1,1,{units}\n2026-01-06,1,1,3\n")
        take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    return Home(tmp_path / "home")


def found(home: Home, *versions: int) -> tuple[list[Path], list[Finding]]:
    every = list(check_table(home.root, "sales", set(versions)))
    return [each for each in every if isinstance(each, Path)], [each for each in every if isinstance(each, Finding)]


def test_a_whole_table_is_read_file_by_file(home: Home) -> None:
    assert sales_table.snapshot(home) == 1
    read, wrong = found(home)
    assert (len(read), wrong) == (1, [])
    assert all(path.is_file() for path in read)
    assert len(found(home, 0)[0]) == 2, "and older versions that a release names"


def test_a_damaged_file_is_named_also_of_an_older_version(home: Home) -> None:
    (current,), _ = found(home)
    (older,) = set(home.sales.rglob("*.parquet")) - {current}
    older.write_bytes(older.read_bytes()[:-20])
    assert found(home)[1] == []
    (finding,) = found(home, 0)[1]
    assert finding.path == str(older.relative_to(home.root)) and "cannot be read" in finding.what
    assert "restore the folder from a backup" in finding.remedy


def test_rows_that_the_log_does_not_have_are_named(home: Home) -> None:
    log = home.sales / "_delta_log" / f"{1:020}.json"
    log.write_text(log.read_text().replace('\\"numRecords\\": 2', '\\"numRecords\\": 3'))
    assert json.loads(log.read_text().splitlines()[0])
    (finding,) = found(home)[1]
    assert finding.what == "it must have 3 rows, as the log says. Received: 2"


def test_a_log_that_is_missing_or_damaged_is_named(home: Home) -> None:
    (home.sales / "_delta_log" / f"{1:020}.json").write_text("{")
    assert [each.path for each in found(home)[1]] == ["sales/_delta_log"]
    shutil.rmtree(home.sales / "_delta_log")
    (finding,) = found(home)[1]
    assert finding.what == "its log is missing, so that its rows cannot be read"


def test_no_table_is_no_damage(tmp_path: Path) -> None:
    assert found(Home(tmp_path)) == ([], [])
