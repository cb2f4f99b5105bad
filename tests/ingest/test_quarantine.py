"""Quarantine: bad rows are kept as they came, each once, and can be listed and taken out."""

import json
from pathlib import Path

import pytest

from tasks.ingest import quarantine
from tasks.ingest.contract.expectations import Contract
from tasks.state import delta
from tasks.state.atomic import remove_folder
from tasks.state.home import Home
from tasks.state.parquet import DamagedFile
from tests.conftest import TakeIn

STRICT, LOOSE = Contract(max_sales=10), Contract(max_sales=100)


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    home = Home(tmp_path / "home")
    (tmp_path / "a.csv").write_text(
        "date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,50\n2026-01-07,1,1,-1\n2026-01-08,1,1,60\nx,y\n"
    )
    take_in(home, tmp_path / "a.csv", contract=STRICT)
    return home


def lines(home: Home, reason: str | None = None) -> list[int]:
    return [row.line for row in quarantine.rows(home, reason)]


def test_rows_and_reasons(home: Home) -> None:
    assert lines(home) == [3, 4, 5, 6]
    assert lines(home, "sales too large") == [3, 5]
    assert lines(home, "bored") == []
    assert quarantine.reasons(home) == {"sales too large": 2, "negative sales": 1, "wrong number of columns": 1}
    row = quarantine.rows(home, "negative sales")[0]
    assert (row.date, row.store, row.item, row.sales) == ("2026-01-07", "1", "1", "-1")
    assert row.at.tzinfo is not None


def test_before_the_first_refusal(tmp_path: Path) -> None:
    assert quarantine.rows(Home(tmp_path)) == []
    assert quarantine.reasons(Home(tmp_path)) == {}


def test_a_batch_set_aside_twice_is_there_once_and_others_stay(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "d.csv").write_text("date,store,item,sales\n2026-01-05,1,2,x\n")
    take_in(home, tmp_path / "d.csv")
    assert len(lines(home)) == 5


def test_the_same_file_in_another_batch_leaves_its_rows_once(tmp_path: Path, take_in: TakeIn) -> None:
    """A run was cut off before the ledger knew the file; the next one finds another file beside it."""
    home = Home(tmp_path / "home")
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,-1\n")
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-05,1,2,7\n2026-01-06,1,2,-2\n")
    take_in(home, tmp_path / "a.csv")
    remove_folder(home.ledger)
    take_in(home, tmp_path / "a.csv", tmp_path / "b.csv")
    assert sorted(row.sales for row in quarantine.rows(home)) == ["-1", "-2"]


def test_a_listing_shows_the_first_rows_and_writes_all(home: Home, tmp_path: Path) -> None:
    listed = quarantine.listing(home, None, None, 2, tmp_path / "bad.csv")
    assert (listed.total, [row.line for row in listed.rows], listed.csv) == (4, [3, 4], str(tmp_path / "bad.csv"))
    assert len((tmp_path / "bad.csv").read_text().splitlines()) == 5
    row = json.loads(listed.model_dump_json())["rows"][0]
    assert list(row) == quarantine.SCHEMA.names
    assert row["at"].endswith("+00:00")
    assert quarantine.listing(home, "negative sales", None, 9, None).total == 1


def test_rows_that_are_taken_out_leave_the_others(home: Home) -> None:
    (name,) = {row.sha256 for row in quarantine.rows(home)}
    quarantine.remove(home, {(name, 4), (name, 6), ("another", 3)})
    assert lines(home) == [3, 5]


def test_damage_costs_only_an_ingest_that_has_rows_to_add(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    before = {path: path.read_bytes() for path in delta.paths(home.quarantine)}
    for path, content in before.items():
        path.write_bytes(content[:-1])
    (tmp_path / "good.csv").write_text("date,store,item,sales\n2026-02-01,1,1,5\n")
    assert take_in(home, tmp_path / "good.csv").rows_accepted == 1
    versions = [delta.version(path) for path in (home.sales, home.quarantine, home.ledger)]
    (tmp_path / "bad.csv").write_text("date,store,item,sales\n2026-02-02,1,1,5\n2026-02-02,1,2,many\n")
    with pytest.raises(DamagedFile, match=f"of the table {home.quarantine} is damaged"):
        take_in(home, tmp_path / "bad.csv")
    assert versions == [delta.version(path) for path in (home.sales, home.quarantine, home.ledger)]
    assert len(list(home.quarantine.glob("*.parquet"))) == len(before), "what could not be committed is gone"
    for path, content in before.items():
        path.write_bytes(content)
    assert take_in(home, tmp_path / "bad.csv").rows_quarantined == 1, "nothing is lost"
