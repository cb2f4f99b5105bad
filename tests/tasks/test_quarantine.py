"""Quarantine and the way back: bad rows are kept as they came, and go in when the rules allow them."""

from datetime import date
from pathlib import Path

import pytest

from tasks import quarantine, sales_table
from tasks.contract import Contract
from tasks.home import Home, remove_folder
from tasks.replay import replay
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
    return [row["line"] for row in quarantine.rows(home, reason)]


def test_rows_and_reasons(home: Home) -> None:
    assert lines(home) == [3, 4, 5, 6]
    assert lines(home, "sales too large") == [3, 5]
    assert lines(home, "bored") == []
    assert quarantine.reasons(home) == {"sales too large": 2, "negative sales": 1, "wrong number of columns": 1}
    row = quarantine.rows(home, "negative sales")[0]
    assert (row["date"], row["store"], row["item"], row["sales"]) == ("2026-01-07", "1", "1", "-1")
    assert row["at"].tzinfo is not None


def test_before_the_first_refusal(tmp_path: Path) -> None:
    assert quarantine.rows(Home(tmp_path)) == []
    assert quarantine.reasons(Home(tmp_path)) == {}


def test_replay_merges_what_is_right_now_and_leaves_the_rest(home: Home, tmp_path: Path) -> None:
    result = replay.fn(home, LOOSE, None, tmp_path)
    assert (result["rows_read"], result["rows_accepted"], result["rows_quarantined"]) == (3, 2, 1)
    assert result["reasons"] == {"negative sales": 1}
    assert result["snapshot"] == 1
    assert lines(home) == [4, 6]
    assert sorted(sales_table.read(home)["sales"]) == [7, 50, 60]


def test_replay_for_one_reason(home: Home, tmp_path: Path) -> None:
    assert replay.fn(home, LOOSE, "negative sales", tmp_path)["rows_read"] == 1
    assert lines(home) == [3, 4, 5, 6]
    assert replay.fn(home, LOOSE, "sales too large", tmp_path)["rows_accepted"] == 2


def test_replay_again_changes_nothing(home: Home, tmp_path: Path) -> None:
    replay.fn(home, LOOSE, None, tmp_path)
    again = replay.fn(home, LOOSE, None, tmp_path)
    assert (again["rows_read"], again["rows_accepted"], again["rows_quarantined"], again["snapshot"]) == (1, 0, 1, 1)
    assert lines(home) == [4, 6]


def test_replay_under_the_same_rules_changes_nothing(home: Home, tmp_path: Path) -> None:
    result = replay.fn(home, STRICT, None, tmp_path)
    assert (result["rows_accepted"], result["rows_quarantined"], result["snapshot"]) == (0, 3, 0)
    assert lines(home) == [3, 4, 5, 6]


def test_replay_of_nothing(tmp_path: Path) -> None:
    result = replay.fn(Home(tmp_path / "home"), LOOSE, None, tmp_path)
    assert (result["rows_read"], result["rows_accepted"], result["snapshot"]) == (0, 0, None)
    assert not (tmp_path / "home").exists()


def test_a_replay_that_was_cut_off_after_the_merge_is_completed(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-06,1,1,50\n2026-01-08,1,1,60\n")
    take_in(home, tmp_path / "b.csv", contract=LOOSE)
    result = replay.fn(home, LOOSE, None, tmp_path)
    assert (result["rows_accepted"], result["rows_unchanged"], result["rows_quarantined"]) == (0, 2, 1)
    assert lines(home) == [4, 6]


def test_conflicting_rows_stay_until_one_of_them_is_gone(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "other")
    (tmp_path / "c.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-05,1,1,8\n")
    take_in(home, tmp_path / "c.csv")
    assert replay.fn(home, LOOSE, None, tmp_path)["rows_quarantined"] == 2
    quarantine.keep(home, quarantine.rows(home)[:1])
    assert replay.fn(home, LOOSE, None, tmp_path)["rows_accepted"] == 1
    assert quarantine.rows(home) == []
    row = sales_table.read(home).iloc[0]
    assert (row["date"], row["sales"]) == (date(2026, 1, 5), 7)


def test_a_batch_set_aside_twice_is_there_once_and_others_stay(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "d.csv").write_text("date,store,item,sales\n2026-01-05,1,2,x\n")
    take_in(home, tmp_path / "d.csv")
    assert len(lines(home)) == 5


def test_replay_overwrites_nothing_that_came_later(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "later.csv").write_text("date,store,item,sales\n2026-01-06,1,1,8\n2026-01-08,1,1,60\n")
    take_in(home, tmp_path / "later.csv", contract=LOOSE)
    result = replay.fn(home, LOOSE, "sales too large", tmp_path)
    assert (result["rows_read"], result["rows_accepted"], result["rows_unchanged"]) == (2, 0, 1)
    assert result["reasons"] == {"sales table has another value": 1}
    assert lines(home) == [3, 4, 6]
    assert sorted(sales_table.read(home)["sales"]) == [7, 8, 60]


def test_the_same_file_in_another_batch_leaves_its_rows_once(tmp_path: Path, take_in: TakeIn) -> None:
    """A run was cut off before the ledger knew the file; the next one finds another file beside it."""
    home = Home(tmp_path / "home")
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,-1\n")
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-05,1,2,7\n2026-01-06,1,2,-2\n")
    take_in(home, tmp_path / "a.csv")
    remove_folder(home.ledger)
    take_in(home, tmp_path / "a.csv", tmp_path / "b.csv")
    assert sorted(row["sales"] for row in quarantine.rows(home)) == ["-1", "-2"]
