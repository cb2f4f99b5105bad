"""Replay: rows in quarantine go in when the rules allow them, corrected or read otherwise, and overwrite nothing."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tasks.ingest import quarantine
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.corrections import CorrectionsError
from tasks.ingest.landed_rows import NotLanded
from tasks.ingest.reading.feed import Feed
from tasks.ingest.replay import ReplayRequest, ReplayResult, replay
from tasks.ingest.stage import Intake
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tests.conftest import TakeIn
from tests.sales import sales_rows

STRICT, LOOSE = Contract(max_sales=10), Contract(max_sales=100)


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    home = Home(tmp_path / "home")
    (tmp_path / "a.csv").write_text(
        "date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,50\n2026-01-07,1,1,-1\n2026-01-08,1,1,60\nx,y\n"
    )
    take_in(home, tmp_path / "a.csv", contract=STRICT)
    return home


def again(home: Home, contract: Contract, tmp_path: Path, **chosen: Any) -> ReplayResult:
    with TemporaryDirectory(dir=tmp_path) as staging:
        return replay.fn(home, contract, ReplayRequest(**chosen), Path(staging), Intake())


def lines(home: Home, reason: str | None = None) -> list[int]:
    return [row.line for row in quarantine.rows(home, reason)]


def test_replay_merges_what_is_right_now_and_leaves_the_rest(home: Home, tmp_path: Path) -> None:
    result = again(home, LOOSE, tmp_path)
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (4, 2, 2)
    assert result.reasons == {"negative sales": 1, "wrong number of columns": 1}
    assert result.snapshot == 1
    assert lines(home) == [4, 6]
    assert sorted(sales_rows(home)["sales"]) == [7, 50, 60]


def test_replay_for_one_reason(home: Home, tmp_path: Path) -> None:
    assert again(home, LOOSE, tmp_path, reason="negative sales").rows_read == 1
    assert lines(home) == [3, 4, 5, 6]
    assert again(home, LOOSE, tmp_path, reason="sales too large").rows_accepted == 2


def test_replay_again_changes_nothing(home: Home, tmp_path: Path) -> None:
    again(home, LOOSE, tmp_path)
    second = again(home, LOOSE, tmp_path)
    assert (second.rows_read, second.rows_accepted, second.rows_quarantined) == (2, 0, 2)
    assert second.snapshot == 1
    assert lines(home) == [4, 6]


def test_replay_under_the_same_rules_changes_nothing(home: Home, tmp_path: Path) -> None:
    result = again(home, STRICT, tmp_path)
    assert (result.rows_accepted, result.rows_quarantined, result.snapshot) == (0, 4, 0)
    assert lines(home) == [3, 4, 5, 6]


def test_replay_of_nothing(tmp_path: Path) -> None:
    result = again(Home(tmp_path / "home"), LOOSE, tmp_path)
    assert (result.rows_read, result.rows_accepted, result.snapshot) == (0, 0, None)
    assert not (tmp_path / "home").exists()


def test_a_replay_that_was_cut_off_after_the_merge_is_completed(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-06,1,1,50\n2026-01-08,1,1,60\n")
    take_in(home, tmp_path / "b.csv", contract=LOOSE)
    result = again(home, LOOSE, tmp_path)
    assert (result.rows_accepted, result.rows_unchanged, result.rows_quarantined) == (0, 2, 2)
    assert lines(home) == [4, 6]


def test_conflicting_rows_stay_until_one_of_them_is_gone(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "other")
    (tmp_path / "c.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-05,1,1,8\n")
    take_in(home, tmp_path / "c.csv")
    assert again(home, LOOSE, tmp_path).rows_quarantined == 2
    quarantine.remove(home, {quarantine.rows(home)[1].place})
    assert again(home, LOOSE, tmp_path).rows_accepted == 1
    assert quarantine.rows(home) == []
    row = sales_rows(home).iloc[0]
    assert (row["date"], row["sales"]) == (date(2026, 1, 5), 7)


def test_replay_overwrites_nothing_that_came_later(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "later.csv").write_text("date,store,item,sales\n2026-01-06,1,1,8\n2026-01-08,1,1,60\n")
    take_in(home, tmp_path / "later.csv", contract=LOOSE)
    result = again(home, LOOSE, tmp_path, reason="sales too large")
    assert (result.rows_read, result.rows_accepted, result.rows_unchanged) == (2, 0, 1)
    assert result.reasons == {"sales table has another value": 1}
    assert lines(home) == [3, 4, 6]
    assert sorted(sales_rows(home)["sales"]) == [7, 8, 60]


def fix(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def test_rows_of_a_store_are_listed_and_replayed_alone(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,S-1,1,50\n2026-01-05,S-2,1,60\n")
    take_in(home, tmp_path / "a.csv", contract=STRICT)
    assert [row.sales for row in quarantine.rows(home, store="S-2")] == ["60"]
    assert quarantine.rows(home, "negative sales", "S-2") == []
    assert again(home, LOOSE, tmp_path, store="S-2").rows_accepted == 1
    assert sales_table.stores(home) == ["S-2"]


def test_corrected_rows_go_in_and_the_answer_says_what_changed(home: Home, tmp_path: Path) -> None:
    fixes = fix(
        tmp_path / "fixes.csv",
        "file,line,date,store,item,sales",
        "a.csv,4,,,,9",
        "a.csv,6,2026-01-09,1,1,8",
        "a.csv,3,,,,",
    )
    result = again(home, STRICT, tmp_path, corrections=fixes)
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (3, 2, 1)
    assert [(each.line, each.before.sales, each.after.sales) for each in result.fixed] == [
        (4, "-1", "9"),
        (6, None, "8"),
    ]
    assert lines(home) == [3, 5]
    (entry,) = ledger.read(home, ["replay"])
    assert entry.details["fixed"] == result.model_dump(mode="json")["fixed"]


def test_a_list_comes_back_corrected(home: Home, tmp_path: Path) -> None:
    quarantine.export(quarantine.table(home), tmp_path / "list.csv")
    text = (tmp_path / "list.csv").read_text()
    fix(tmp_path / "list.csv", text.replace('"-1"', '"1"').strip())
    result = again(home, STRICT, tmp_path, corrections=tmp_path / "list.csv")
    assert (result.rows_read, result.rows_accepted) == (4, 1)
    assert lines(home) == [3, 5, 6]


def test_one_of_two_conflicting_rows_can_be_chosen(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "c.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-05,1,1,8\n")
    take_in(home, tmp_path / "c.csv")
    chosen = fix(tmp_path / "chosen.csv", "file,line,sales", "c.csv,3,8")
    assert again(home, STRICT, tmp_path, corrections=chosen).rows_accepted == 1
    assert sales_rows(home)["sales"].tolist() == [8]
    assert again(home, STRICT, tmp_path).reasons == {"sales table has another value": 1}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(["file,line,sales", "a.csv,2,9"], "line 2 of a.csv is not in quarantine", id="a good row"),
        pytest.param(["file,line,sales", "b.csv,3,9"], "line 3 of b.csv is not in quarantine", id="another file"),
        pytest.param(["file,line,sales", "a.csv,3,9", "a.csv,3,8"], "names a row twice", id="twice"),
        pytest.param(["file,sales", "a.csv,9"], "needs rows with the columns line, file or sha256", id="no line"),
        pytest.param(["file,line", "a.csv,3"], "and some of date, store, item, sales", id="no value"),
        pytest.param(["file,line,sales"], "Received: no rows", id="no rows"),
        pytest.param(["file,line,sales", '"a.csv'], "cannot be read as CSV", id="no CSV"),
    ],
)
def test_corrections_that_cannot_be_used_change_nothing(
    home: Home, tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(CorrectionsError, match=message):
        again(home, LOOSE, tmp_path, corrections=fix(tmp_path / "fixes.csv", *rows))
    assert lines(home) == [3, 4, 5, 6] and sales_table.snapshot(home) == 0


def test_lines_are_read_again_as_another_feed_says(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "home")
    rows = [f"2026-01-{day:02},1,1,{day}" for day in range(5, 9)]
    (tmp_path / "a.csv").write_text(
        "\n".join(["date,store,item,sales,units", *(f"{row},7" for row in rows), "9.1.2026,1,1,x,8"])
    )
    take_in(home, tmp_path / "a.csv")
    assert quarantine.reasons(home) == {"unparsable date": 1}
    other = Feed(map={"sales": "units"}, date_format="%d.%m.%Y")
    result = again(home, LOOSE, tmp_path, feed=other)
    assert (result.rows_accepted, result.rows_quarantined) == (1, 0)
    assert [(each.before.sales, each.after.sales) for each in result.fixed] == [("x", "8")]
    assert sorted(sales_rows(home)["sales"]) == [5, 6, 7, 8, 8]


def test_a_file_that_is_gone_cannot_be_read_again(home: Home, tmp_path: Path) -> None:
    for path in home.landing.iterdir():
        path.unlink()
    with pytest.raises(NotLanded, match=r"a\.csv is no longer in .*/landing"):
        again(home, LOOSE, tmp_path, feed=Feed(map={"sales": "units"}))
    assert lines(home) == [3, 4, 5, 6]


REFUSED_STORE = "date,store,item,sales\n" + "".join(
    f"2026-01-{day:02},{store},1,{-1 if store == 2 and day > 6 else day}\n"
    for day in range(1, 11)
    for store in (1, 2, 3)
)


@pytest.fixture
def refused_store(tmp_path: Path, take_in: TakeIn) -> Home:
    home = Home(tmp_path / "refused")
    (tmp_path / "r.csv").write_text(REFUSED_STORE)
    result = take_in(home, tmp_path / "r.csv", refused_stores=("2",))
    assert (result.rows_accepted, result.rows_quarantined) == (20, 10)
    assert result.reasons == {"store refused": 6, "negative sales": 4}
    return home


def test_rows_of_a_refused_store_wait_until_few_enough_of_them_are_bad(refused_store: Home, tmp_path: Path) -> None:
    strict = Contract(refuse_store_bad_share=0.3)
    result = again(refused_store, strict, tmp_path)
    assert (result.rows_accepted, result.reasons) == (0, {"store refused": 6, "negative sales": 4})
    fixes = fix(tmp_path / "f.csv", "file,line,sales", "r.csv,21,7")
    assert again(refused_store, strict, tmp_path, corrections=fixes).rows_accepted == 1
    result = again(refused_store, strict, tmp_path)
    assert (result.rows_accepted, result.reasons) == (0, {"store refused": 6, "negative sales": 3})
    assert again(refused_store, Contract(refuse_store_bad_share=0.4), tmp_path).rows_accepted == 6
    assert quarantine.reasons(refused_store) == {"negative sales": 3}
