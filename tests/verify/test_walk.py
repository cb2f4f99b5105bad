"""One walk through all of the home; tests/faults/test_damage.py damages every kind of file before it."""

from pathlib import Path

from tasks.state import ledger
from tasks.state.home import Home
from tasks.verify.walk import walk


def test_an_empty_home_is_whole(tmp_path: Path) -> None:
    result = walk.fn(Home(tmp_path), repair=False)
    assert (result.checked, result.findings) == ({}, ())


def test_without_the_ledger_nothing_can_be_vouched_for(shop: tuple[Home, str, str]) -> None:
    home, _, _ = shop
    ledger.record(home, [ledger.Entry("alert", "a", "why")])
    max((home.ledger / "_delta_log").glob("*.json")).unlink()
    result = walk.fn(home, repair=True)
    assert "decisions that were recorded" in result.damaged[-1].what
    assert set(result.checked) == {"ledger"}


def test_a_damaged_line_of_the_index_is_named_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "batches.jsonl"
    path.parent.mkdir()
    path.write_text('{"batch": "a"}\n{"batch": "b\n')
    (finding,) = walk.fn(Home(tmp_path), repair=False).findings
    assert (finding.path, finding.what) == ("docs/batches.jsonl", "line 2 is damaged")
