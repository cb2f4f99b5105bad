"""Landed rows: lines in quarantine read again with another feed. `test_replay.py` has the whole way back."""

from pathlib import Path

import pytest

from tasks.ingest import quarantine
from tasks.ingest.landed_rows import NotLanded, read_again
from tasks.ingest.reading.feed import Feed
from tasks.state.home import Home
from tests.ingest.steps import ingest


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,x;2\n2026-01-07,1\n")
    ingest(Home(tmp_path / "home"), tmp_path / "a.csv")
    return Home(tmp_path / "home")


def test_a_line_has_the_texts_that_the_feed_gives_it(home: Home) -> None:
    rows = read_again(quarantine.rows(home), Feed(set={"item": "all"}), home)
    assert [(row.line, row.item, row.sales) for row in rows] == [(3, "all", "x;2"), (4, None, None)]


def test_a_file_that_was_never_landed_cannot_be_read(home: Home) -> None:
    rows = [row.model_copy(update={"sha256": "other"}) for row in quarantine.rows(home)]
    with pytest.raises(NotLanded, match=r"a\.csv is no longer in .*/landing, so its lines cannot be read again"):
        read_again(rows, Feed(), home)
