"""A batch: its id, which of its files are known, and that its rows add up."""

from pathlib import Path

import pytest

from tasks.ingest.batch import Batch, EarlierFiles, LostRows, Merged, counts
from tasks.ingest.reading.feed import Feed
from tasks.state import ledger
from tasks.state.home import Home
from tests.ingest.steps import OURS, ingest, read


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\nx\n")
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-06,1,1,7\n")
    return Home(tmp_path / "home")


def test_the_same_files_are_the_same_batch_in_any_order(home: Home, tmp_path: Path) -> None:
    batches = [
        read(home, tmp_path / "one", tmp_path / "a.csv", tmp_path / "b.csv"),
        read(home, tmp_path / "two", tmp_path / "b.csv", tmp_path / "a.csv"),
        read(home, tmp_path / "three", tmp_path / "a.csv"),
    ]
    assert batches[0].id == batches[1].id != batches[2].id


def test_what_was_ingested_comes_back_from_the_ledger(home: Home, tmp_path: Path) -> None:
    feed = Feed(set={"item": "all"})
    ingest(home, tmp_path / "a.csv", feed=feed)
    (file,) = EarlierFiles.read(home).files.values()
    assert (file.name, file.rows, file.reasons, file.reading) == ("a.csv", 2, {"wrong number of columns": 1}, feed)
    (entry,) = ledger.read(home, ["ingest"])
    assert entry.details["reading"] == {"set": {"item": "all"}}, "settings that are not defaults"


def test_the_ledger_is_read_again_only_if_it_has_changed(home: Home, tmp_path: Path) -> None:
    before = EarlierFiles.read(home)
    assert before.now() is before and before.version is None
    ingest(home, tmp_path / "a.csv")
    assert [file.name for file in before.now().files.values()] == ["a.csv"]


def test_the_ledger_is_read_once_in_an_ingest(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []
    read_ledger = ledger.read
    monkeypatch.setattr(ledger, "read", lambda home, asked: kinds.append(asked) or read_ledger(home, asked))
    ingest(home, tmp_path / "a.csv", tmp_path / "b.csv")
    assert kinds == [["ingest"]]


def test_a_known_file_that_is_read_with_another_feed_is_remarked(home: Home, tmp_path: Path) -> None:
    ingest(home, tmp_path / "a.csv")
    assert read(home, tmp_path / "same", tmp_path / "a.csv").notes == ()
    (note,) = read(home, tmp_path / "other", tmp_path / "a.csv", feed=Feed(decimal=",")).notes
    assert note.startswith(
        "a.csv was ingested before with our own columns; reading it with another feed changes nothing"
    )


def test_the_first_bad_rows_of_all_files(home: Home, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("date,store,item,sales\n2026-01-06,1,1,-7\ny\n2026-01-06,1,2,-8\n")
    batch = read(home, tmp_path / "staging", tmp_path / "a.csv", tmp_path / "b.csv")
    rows = [(row.file, row.line, row.reason, row.raw) for row in batch.bad_rows(3)]
    assert rows == [
        ("a.csv", 3, "wrong number of columns", "x"),
        ("b.csv", 2, "negative sales", "2026-01-06,1,1,-7"),
        ("b.csv", 3, "wrong number of columns", "y"),
    ]


def test_rows_that_do_not_add_up_are_a_defect(home: Home) -> None:
    batch = Batch.of([], EarlierFiles.read(home), OURS)
    with pytest.raises(LostRows, match="does not add up, which is a defect of shelfcast"):
        counts(batch, Merged(1, 0, 0, None))
