"""A store that still runs an overridden variant when the override is over: said once, and its end too."""

from dataclasses import replace
from datetime import date, timedelta

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.forecasting.rollout.waves import StoreList, Wave
from tasks.monitor.expire import expire, remember_expired
from tasks.monitor.score import remember, score, watch
from tasks.promote.deliver import promote_wave, roll_back
from tasks.promote.override import grant, revoke
from tasks.state import ledger
from tasks.state.alerts import Alert
from tasks.state.home import Home
from tasks.state.overrides import Override
from tasks.state.release import Release
from tests.conftest import Refusals

TODAY, UNTIL = date(2026, 11, 24), date(2026, 12, 1)
AFTER = UNTIL + timedelta(1)
TILL = StoreList(default_device="till", devices={"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)})


def word(release: str) -> Override:
    return Override(release, "verdict", "lstm-16-int8", "Ana Ruiz", "the new tills cannot wait", UNTIL)


def promote(home: Home, release: str, today: date, *stores: str) -> None:
    found, costs = Release(home.releases / release), CostModel(per_mape_pp=0)
    promote_wave.fn(home, found, Wave("chosen", stores), TILL, costs, today=today)


def monitor(home: Home, today: date) -> list[Alert]:
    alerts = expire.fn(home, today)
    remember_expired.fn(home, alerts)
    return alerts


def test_one_alert_after_its_last_day_none_before_and_none_the_next_day(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    promote(home, release, TODAY, "2")
    grant.fn(home, word(release), TODAY)
    promote(home, release, TODAY, "1")
    assert monitor(home, TODAY) == monitor(home, UNTIL) == []
    (alert,) = monitor(home, AFTER)
    assert alert == Alert(
        f"override-expired-1-{release}-lstm-16-int8",
        "override-expired",
        "warning",
        "store.1",
        "open",
        f"store 1 still runs lstm-16-int8 of {release}, which the gate did not pass; the override by Ana Ruiz expired "
        f"on 2026-12-01. `shelfcast rollback 1`, promote another, or `shelfcast override {release} --variant "
        "lstm-16-int8` again",
    )
    assert monitor(home, AFTER) == monitor(home, AFTER + timedelta(9)) == []
    assert list(ledger.open_alerts(home)) == [alert.id]


def test_it_is_resolved_when_the_store_runs_another_model(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote(home, release, TODAY, "1", "2")
    assert [alert.subject for alert in monitor(home, AFTER)] == ["store.1", "store.2"]
    promote(home, release, AFTER, "1")
    (resolved,) = monitor(home, AFTER)
    assert (resolved.subject, resolved.state) == ("store.1", "resolved")
    assert resolved.message == "store 1: it runs another model"
    assert list(ledger.open_alerts(home)) == [f"override-expired-2-{release}-lstm-16-int8"]
    roll_back.fn(home, ["1"], "by hand")
    assert [alert.state for alert in monitor(home, AFTER)] == ["open"], "a rollback can bring it back"


def test_it_is_resolved_when_it_is_overridden_again(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote(home, release, TODAY, "1")
    monitor(home, AFTER)
    longer = replace(word(release), until=AFTER + timedelta(5))
    grant.fn(home, longer, AFTER)
    (resolved,) = monitor(home, AFTER)
    assert (resolved.state, resolved.message) == ("resolved", "store 1: lstm-16-int8 is overridden again")
    (again,) = monitor(home, longer.until + timedelta(1))
    assert again.state == "open" and "expired on 2026-12-07" in again.message


def test_a_revoked_one_is_said_at_once_with_who_ended_it(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote(home, release, TODAY, "1")
    revoke.fn(home, replace(word(release), who="Bo Chen", why="empty shelves"), TODAY)
    (alert,) = monitor(home, TODAY)
    assert "the override by Ana Ruiz was revoked on 2026-11-24 by Bo Chen: empty shelves. " in alert.message


def test_an_override_of_freezes_leaves_nothing_to_say(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, Override(release, "freeze", None, "Ana Ruiz", "why", UNTIL), TODAY)
    promote(home, release, TODAY, "1")
    assert monitor(home, AFTER) == []


def test_drift_is_watched_beside_it(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote(home, release, TODAY, "1")
    (alert,) = monitor(home, AFTER)
    last, scored = score.fn(home, None, DriftPolicy())
    remember.fn(home, watch.fn(home, scored, last, DriftPolicy()), scored)
    assert list(ledger.open_alerts(home)) == [alert.id], "neither resolves the other's alerts"
