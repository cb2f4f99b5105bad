"""Alerts: which are open, since when and in which words; what must change so that the wanted ones are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.state import ledger
from tasks.state.alerts import (
    NOTICE_DAYS,
    Alert,
    Changes,
    Kind,
    OpenAlert,
    nothing_passed,
    open_alerts,
    reconcile,
    record,
    standing,
    still_open,
)
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tests.support.manifests import changed, manifest, variant

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
ONE = Alert("drift-1", "drift", "warning", "store.1", "open", "4 pp", release="r", variant="lstm-16")
TWO = Alert("drift-2", "drift", "warning", "store.2", "open", "5 pp")
DATA = Alert("data-warning-b", "data-warning", "warning", "batch.b", "open", "few rows", "file:///docs", feed="till")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def at(alert: Alert, since: datetime = NOW) -> OpenAlert:
    return OpenAlert(alert, since)


def resolved(alert: Alert, message: str = "over") -> Alert:
    return replace(alert, state="resolved", message=message)


def opened(home: Home, *kinds: Kind) -> list[Alert]:
    return [each.alert for each in open_alerts(Ledger.of(home), *kinds)]


def test_nothing_passed_names_the_baseline_and_its_reasons() -> None:
    baseline = changed(variant("lstm-64", verdict="fail"), reasons=("too bad", "too few days"))
    alert = nothing_passed(manifest(variants=[baseline], release="20260101-ab"))
    assert (alert.id, alert.severity) == ("nothing-passed-20260101-ab", "critical")
    assert alert.message == "no release: lstm-64: too bad; too few days. Stores keep what they run"


def test_an_alert_about_a_store_names_it() -> None:
    assert (ONE.store, DATA.store) == ("1", None)


def test_an_alert_comes_back_from_the_ledger_as_it_was(home: Home) -> None:
    record(home, Changes((ONE, DATA)))
    assert opened(home) == [ONE, DATA]
    assert opened(home, "drift") == [ONE] and opened(home, "run-failed") == []
    details = ledger.read(home, ["alert"])[0].details
    assert details == {"kind": "drift", "severity": "warning", "subject": "store.1", "store": "1"}


def test_an_alert_is_open_until_it_is_resolved(home: Home) -> None:
    record(home, Changes((ONE, TWO)))
    record(home, Changes((resolved(ONE),)))
    assert opened(home) == [TWO]
    record(home, Changes((replace(ONE, message="again"),)))
    assert [alert.message for alert in opened(home)] == ["5 pp", "again"]


def test_an_open_alert_is_as_old_as_it_is_whatever_it_says_now(home: Home) -> None:
    record(home, Changes((ONE,)))
    (first,) = open_alerts(Ledger.of(home))
    record(home, Changes(quiet=(replace(ONE, message="6 pp"),)))
    assert open_alerts(Ledger.of(home)) == [OpenAlert(replace(ONE, message="6 pp"), first.since)]


def test_no_home_is_made_for_an_alert(tmp_path: Path) -> None:
    record(Home(tmp_path / "home"), Changes((ONE,)))
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ([ONE], Changes()),
        ([], Changes((resolved(ONE),))),
        ([ONE, TWO], Changes((TWO,))),
        ([TWO], Changes((TWO, resolved(ONE)))),
        ([replace(ONE, message="6 pp")], Changes(quiet=(replace(ONE, message="6 pp"),))),
    ],
    ids=["as it is", "over", "one more", "another", "other figures"],
)
def test_what_must_change_so_that_the_wanted_ones_are_open(wanted: list[Alert], changes: Changes) -> None:
    assert reconcile([at(ONE)], wanted, lambda _: "over") == changes
    assert still_open([at(ONE)], changes) == sorted(alert.id for alert in wanted)


def test_changes_add_up() -> None:
    assert Changes((ONE,), (TWO,)) + Changes((DATA,)) == Changes((ONE, DATA), (TWO,))


def test_a_notice_lapses_and_other_alerts_do_not() -> None:
    raised = [at(DATA), at(ONE)]
    assert standing(raised, NOW + timedelta(NOTICE_DAYS)) == raised
    assert standing(raised, NOW + timedelta(NOTICE_DAYS, seconds=1)) == [at(ONE)]
