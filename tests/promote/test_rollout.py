"""How far a release has spread, by the ledger alone: whatever is about other releases does not count."""

from datetime import date
from pathlib import Path

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.waves import Progress, RolloutPolicy
from tasks.promote import entries
from tasks.promote.result import gets
from tasks.promote.rollout import Rollout
from tasks.state import ledger
from tasks.state.alerts import Alert, Changes, record
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.release import Release
from tests.stores import TILL

OLD, NEW = Champion("r1", "lstm-16"), Champion("r2", "lstm-16")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Store 1 runs r2; store 2 was rolled back from it, and store 3 too, before a person promoted it again."""
    for store in "123":
        ledger.record(Home(tmp_path), [_promotion(store, OLD), _promotion(store, NEW)])
    for store in "23":
        ledger.record(Home(tmp_path), [entries.rollback(gets(store, OLD, NEW, "rolled back", "why"), NEW)])
    ledger.record(Home(tmp_path), [_promotion("3", NEW)])
    return Home(tmp_path)


def _promotion(store: str, champion: Champion) -> ledger.Entry:
    return entries.promotion(gets(store, champion, None, "promoted", "why"), "chosen")


def drift(store: str, release: str) -> Alert:
    return Alert(f"drift-{store}-{release}", "drift", "warning", f"store.{store}", "open", "why", release=release)


def progress(home: Home, release: str) -> Progress:
    found, policy = Release(home.releases / release), RolloutPolicy()
    rollout = Rollout(home, found, ("1", "2", "3"), TILL, policy, CostModel(), Ledger.of(home), date(2026, 11, 24))
    return rollout.progress


def test_stores_that_run_it_were_taken_off_it_and_in_which_it_drifts(home: Home) -> None:
    record(home, Changes((drift("1", "r2"), drift("2", "r1"))))
    assert progress(home, "r2") == Progress(frozenset("13"), frozenset("2"), frozenset("1"), {})
    assert progress(home, "r1") == Progress(frozenset("2"), frozenset(), frozenset("2"), {})
