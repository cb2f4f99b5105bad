"""The ledger: what was decided, in order, and who runs what."""

import getpass
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion, DamagedLedger, Entry, Ledger


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def promoted(store: str, release: str, variant: str = "lstm-16") -> Entry:
    return Entry("promotion", store, "fits", release, variant)


def rolled_back(store: str, release: str, variant: str = "lstm-16") -> Entry:
    return Entry("rollback", store, "by hand", release, variant)


def test_an_empty_ledger(home: Home) -> None:
    ledger.record(home, [])
    assert ledger.read(home, ["ingest"]) == []
    assert Ledger.of(home).champions() == {} == Ledger.of(home).first_champions()
    assert not home.root.exists()


def test_an_entry_comes_back_as_it_was(home: Home) -> None:
    before = datetime.now(UTC)
    entry = Entry("refusal", "r1", "too bad", "r1", details={"b": [1, None], "a": "ü"})
    ledger.record(home, [entry])
    assert ledger.read(home, ["refusal"]) == [entry]
    assert entry.who == getpass.getuser()
    assert before <= entry.at <= datetime.now(UTC)


def test_entries_are_read_by_kind_in_the_order_they_were_made(home: Home) -> None:
    for number in ("1", "2", "3"):
        ledger.record(home, [Entry("alert", number, "why")])
    ledger.record(home, [Entry("release", "r", "why")])
    assert [entry.subject for entry in ledger.read(home, ["alert"])] == ["1", "2", "3"]
    assert len(ledger.read(home, ["alert", "release"])) == 4


def test_entries_made_together_are_one_commit_in_their_order(home: Home) -> None:
    ledger.record(home, [promoted("1", "a"), promoted("2", "a"), promoted("1", "b")])
    assert DeltaTable(home.ledger).version() == 0
    assert Ledger.of(home).champions()["1"] == [Champion("a", "lstm-16"), Champion("b", "lstm-16")]


def test_champions_are_a_stack_a_store(home: Home) -> None:
    ledger.record(home, [promoted("1", "a"), promoted("2", "a")])
    ledger.record(home, [promoted("1", "b")])
    ledger.record(home, [rolled_back("1", "a")])
    assert Ledger.of(home).champions() == {"1": [Champion("a", "lstm-16")], "2": [Champion("a", "lstm-16")]}
    ledger.record(home, [promoted("1", "c"), promoted("1", "d"), rolled_back("1", "a")])
    assert Ledger.of(home).champions()["1"] == [Champion("a", "lstm-16")], "a rollback may go back further"


DECISIONS = st.lists(
    st.builds(
        lambda make, release: make("1", release), st.sampled_from([promoted, rolled_back]), st.sampled_from("abc")
    )
)


@given(DECISIONS)
def test_no_order_of_decisions_breaks_a_reader_and_the_last_one_holds(decisions: list[Entry]) -> None:
    decided = Ledger(decisions)
    stacks = decided.champions()
    assert set(stacks) == {entry.subject for entry in decisions}
    for entry in decisions[-1:]:
        assert decided.running() == {"1": Champion(str(entry.release), "lstm-16")}
    for stack in stacks.values():
        assert all(one != other for one, other in pairwise(stack)), "what runs already is no earlier champion"


def test_what_was_decided_twice_counts_once() -> None:
    two = [promoted("1", "a"), promoted("1", "b"), promoted("1", "b")]
    assert Ledger(two).champions()["1"] == [Champion("a", "lstm-16"), Champion("b", "lstm-16")]
    back = [*two, rolled_back("1", "a"), rolled_back("1", "a"), rolled_back("1", "a")]
    assert Ledger(back).champions()["1"] == [Champion("a", "lstm-16")]


@pytest.mark.parametrize("gone", ["deleted", "emptied", "all"])
def test_a_ledger_that_lost_decisions_is_no_shorter_ledger(home: Home, gone: str) -> None:
    for store in "123":
        ledger.record(home, [promoted(store, "a")])
    newest = max((home.ledger / "_delta_log").glob("*.json"))
    if gone == "deleted":
        newest.unlink()
    elif gone == "emptied":
        newest.write_bytes(b"")
    else:
        shutil.rmtree(home.ledger / "_delta_log")
    with pytest.raises(DamagedLedger, match=r"ledger must have the 3 decisions that were recorded\. Received: [02]\."):
        Ledger.of(home)
    with pytest.raises(DamagedLedger):
        ledger.record(home, [promoted("4", "a")])
    (home.ledger / "_entries").unlink()
    assert len(ledger.read(home, ["promotion"])) in (0, 2), "a person may go on without them"


def test_a_ledger_that_cannot_be_read_is_named(home: Home) -> None:
    ledger.record(home, [promoted("1", "a")])
    (file,) = home.ledger.glob("*.parquet")
    file.write_bytes(b"rubbish")
    with pytest.raises(DamagedLedger, match=r"ledger must be readable.*Restore the folder from a backup"):
        Ledger.of(home)


def test_what_runs_now_then_and_first(home: Home) -> None:
    ledger.record(home, [promoted("1", "a"), promoted("2", "a")])
    then = ledger.read(home, ["promotion"])[-1].at
    ledger.record(home, [promoted("1", "b")])
    decided = Ledger.of(home)
    assert decided.running() == {"1": Champion("b", "lstm-16"), "2": Champion("a", "lstm-16")}
    assert decided.running(then) == decided.first_champions() == dict.fromkeys("12", Champion("a", "lstm-16"))


def test_a_ledger_is_read_once_and_says_the_same_from_then_on(home: Home) -> None:
    ledger.record(home, [promoted("1", "a"), Entry("release", "a", "passed")])
    decided = Ledger.of(home)
    ledger.record(home, [promoted("1", "b")])
    assert decided.running() == {"1": Champion("a", "lstm-16")}
    assert [entry.subject for entry in decided.entries("promotion", "rollback")] == ["1"]


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    """A clock that is set back must not put a rollback before its promotion."""
    home = Home(tmp_path)
    now = datetime.now(UTC)
    ledger.record(home, [ledger.Entry("promotion", "1", "fits", "r1", "lstm-16", at=now)])
    ledger.record(home, [ledger.Entry("promotion", "1", "fits", "r2", "lstm-16", at=now - timedelta(hours=1))])
    ledger.record(home, [ledger.Entry("rollback", "1", "worse", "r1", "lstm-16", at=now - timedelta(hours=2))])
    assert [entry.release for entry in ledger.read(home, ["promotion", "rollback"])] == ["r1", "r2", "r1"]
    assert [champion.release for champion in Ledger.of(home).champions()["1"]] == ["r1"]
