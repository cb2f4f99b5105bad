"""What opens and what ends each kind of alert."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.state.alert_rules import (
    of_batch,
    of_completed_run,
    of_delivery,
    of_failed_run,
    of_override,
    of_replay,
    of_retrain,
    of_verification,
)
from tasks.state.alerts import Alert, Changes, Kind, open_alerts, record
from tasks.state.home import Home
from tasks.state.ledger import Ledger


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def alert(kind: Kind, about: str, feed: str | None = None) -> Alert:
    release = about if kind == "nothing-passed" else None
    return Alert(f"{kind}-{about}", kind, "critical", f"batch.{about}", "open", "why", release=release, feed=feed)


def batch(home: Home, *raised: Alert, feed: str | None = None) -> list[tuple[str, str]]:
    """Record what a batch changes; what people are told."""
    return told(home, of_batch(Ledger.of(home), raised, feed))


def told(home: Home, changes: Changes) -> list[tuple[str, str]]:
    record(home, changes)
    return [(each.id, each.state) for each in changes.news]


def opened(home: Home) -> list[str]:
    return [each.alert.id for each in open_alerts(Ledger.of(home))]


def test_a_refused_batch_is_over_when_a_later_one_is_taken_in(home: Home) -> None:
    assert batch(home, alert("data-refused", "a")) == [("data-refused-a", "open")]
    assert batch(home, alert("data-refused", "a")) == [], "people are told once"
    assert batch(home) == [("data-refused-a", "resolved")]
    assert opened(home) == []


def test_a_batch_that_is_refused_too_replaces_the_first_and_ends_nothing_else(home: Home) -> None:
    batch(home, alert("store-refused", "a"), alert("data-warning", "a"))
    batch(home, alert("data-refused", "b"))
    assert batch(home, alert("data-refused", "c")) == [("data-refused-c", "open")], "and not that the first is over"
    assert opened(home) == ["store-refused-a", "data-warning-a", "data-refused-c"]


def test_a_batch_of_another_feed_ends_nothing(home: Home) -> None:
    batch(home, alert("data-refused", "a"), feed="till")
    assert batch(home) == batch(home, feed="web") == []
    assert opened(home) == ["data-refused-a"]
    assert batch(home, feed="till") == [("data-refused-a", "resolved")]


def test_warnings_go_without_a_word_and_a_store_that_is_refused_again_is_told_once(home: Home) -> None:
    batch(home, alert("store-refused", "a"), alert("data-warning", "a"))
    assert batch(home, alert("store-refused", "b")) == [("store-refused-b", "open")]
    assert opened(home) == ["store-refused-b"]


def test_a_replay_ends_the_refusal_of_stores_once_none_of_their_rows_wait(home: Home) -> None:
    batch(home, alert("store-refused", "a"), alert("data-warning", "a"), feed="till")
    assert told(home, of_replay(Ledger.of(home), waiting=True)) == []
    assert told(home, of_replay(Ledger.of(home), waiting=False)) == [("store-refused-a", "resolved")]
    assert opened(home) == ["data-warning-a"]


def test_a_release_ends_that_nothing_passed_and_another_refusal_replaces_it(home: Home) -> None:
    for name in ("r1", "r2"):
        refused = alert("nothing-passed", name)
        assert told(home, of_retrain(Ledger.of(home), refused)) == [(refused.id, "open")]
    assert opened(home) == ["nothing-passed-r2"]
    assert told(home, of_retrain(Ledger.of(home), None)) == [("nothing-passed-r2", "resolved")]
    assert told(home, of_retrain(Ledger.of(home), None)) == []


def test_an_override_ends_that_nothing_passed_of_its_own_candidate(home: Home) -> None:
    told(home, of_retrain(Ledger.of(home), alert("nothing-passed", "r1")))
    assert told(home, of_override(Ledger.of(home), "r2")) == []
    assert told(home, of_override(Ledger.of(home), "r1")) == [("nothing-passed-r1", "resolved")]


def test_each_failure_is_told_and_the_next_run_of_the_same_flow_ends_it(home: Home) -> None:
    for message in ("disk full", "disk still full"):
        assert told(home, of_failed_run("tidy", message)) == [("run-failed-tidy", "open")]
    (failed,) = open_alerts(Ledger.of(home))
    assert failed.alert.message == "disk still full"
    assert told(home, of_completed_run(Ledger.of(home), "ingest")) == []
    assert told(home, of_completed_run(Ledger.of(home), "tidy")) == [("run-failed-tidy", "resolved")]
    assert told(home, of_completed_run(Ledger.of(home), "tidy")) == []


def test_the_feed_is_kept_with_what_is_said_of_its_batch(home: Home) -> None:
    batch(home, alert("data-warning", "a"), feed="till")
    (warned,) = open_alerts(Ledger.of(home))
    assert warned.alert == replace(alert("data-warning", "a"), feed="till")


def test_a_channel_that_cannot_be_written_is_one_alert_until_every_store_is_reached(home: Home) -> None:
    failed = [("3", "permission denied"), ("4", "permission denied")]
    assert told(home, of_delivery(Ledger.of(home), failed)) == [("undelivered", "open")]
    (raised,) = open_alerts(Ledger.of(home))
    assert raised.alert.message == (
        "the channel could not be written for store 3 and 1 more: permission denied. Nothing changes there until it can"
    )
    assert told(home, of_delivery(Ledger.of(home), failed[:1])) == [], "people are told once"
    assert told(home, of_delivery(Ledger.of(home), [])) == [("undelivered", "resolved")]


def test_damage_is_one_alert_until_a_walk_finds_none(home: Home) -> None:
    assert told(home, of_verification(Ledger.of(home), ["a: gone", "b: gone"])) == [("damaged-home", "open")]
    of_a_release = Alert("damaged-r1", "damaged", "critical", "release.r1", "open", "why", release="r1")
    record(home, Changes((of_a_release,)))
    assert told(home, of_verification(Ledger.of(home), [])) == [("damaged-home", "resolved")]
    assert opened(home) == ["damaged-r1"], "which monitor ends"
