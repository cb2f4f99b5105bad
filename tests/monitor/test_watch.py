"""Drift, and stores that still run an overridden variant when the override is over: told once, and so is the end."""

from dataclasses import replace
from datetime import date, timedelta

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.monitor.result import StoreScore, monitored
from tasks.monitor.score import score
from tasks.monitor.watch import expired, watch
from tasks.promote.override import grant, revoke
from tasks.state import ledger, sales_table
from tasks.state.alerts import Alert, Changes, open_alerts, record
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override
from tests.conftest import Refusals
from tests.stores import promote, roll_back

POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)
TODAY, UNTIL = date(2026, 11, 24), date(2026, 12, 1)
AFTER = UNTIL + timedelta(1)

Shop = tuple[Home, str, str]


def monitor(home: Home, as_of: date, policy: DriftPolicy = POLICY) -> tuple[list[StoreScore], list[Alert]]:
    decided = Ledger.of(home)
    scored = score.fn(home, decided, as_of, policy, MapePolicy())
    changes = watch.fn(decided, scored, as_of, policy, TODAY)
    record(home, changes)
    return scored, list(changes.news)


def open_ids(home: Home) -> list[str]:
    return [each.alert.id for each in open_alerts(Ledger.of(home))]


def said(alerts: list[Alert]) -> list[tuple[str, str, str]]:
    return [(alert.kind, alert.subject, alert.state) for alert in alerts]


def test_drift_opens_one_alert_the_next_day_none_and_a_notice_once_it_is_over(shifted: Shop) -> None:
    home, older, _ = shifted
    assert said(monitor(home, date(2023, 3, 19))[1]) == []
    _, opened = monitor(home, date(2023, 3, 23))
    assert said(opened) == [("drift", "store.1", "open"), ("drift", "store.2", "open")]
    assert opened[0].id == f"drift-1-{older}-lstm-16-int8" and opened[0].severity == "warning"
    assert "limit 6. Retrain, or `shelfcast rollback 1`" in opened[0].message
    assert len(open_ids(home)) == 2

    assert monitor(home, date(2023, 3, 23))[1] == [], "the same day again"
    assert monitor(home, date(2023, 3, 24))[1] == [], "the next day"

    scored, resolved = monitor(home, date(2023, 5, 5))
    assert said(resolved) == [("drift", "store.1", "resolved"), ("drift", "store.2", "resolved")]
    assert "back within 5" in resolved[0].message
    assert open_ids(home) == []
    assert monitor(home, date(2023, 5, 5))[1] == []
    result = monitored(date(2023, 5, 5), scored, [], Changes(tuple(resolved)))
    assert (result.alerts, result.open_alerts) == (tuple(resolved), ())


def test_an_alert_is_resolved_when_the_store_runs_another_release(shifted: Shop) -> None:
    home, older, newer = shifted
    monitor(home, date(2023, 3, 24))
    promote(home, newer, "1", costs=CostModel(per_mape_pp=0))
    _, alerts = monitor(home, date(2023, 3, 25))
    name, moved = f"drift-1-{older}-lstm-16-int8", "the store runs another model"
    over = Alert(name, "drift", "warning", "store.1", "resolved", moved, release=older, variant="lstm-16-int8")
    assert [alert for alert in alerts if alert.state == "resolved"] == [over]
    assert set(open_ids(home)) <= {f"drift-1-{newer}-lstm-16-int8", f"drift-2-{older}-lstm-16-int8"}


def test_an_alert_is_resolved_when_the_store_is_rolled_back(shop: Shop, shifted: Shop) -> None:
    home, older, newer = shifted
    promote(home, newer, "1", costs=CostModel(per_mape_pp=0))
    monitor(home, date(2023, 3, 24))
    roll_back(home, "1", why="it drifts")
    _, alerts = monitor(home, date(2023, 3, 24))
    assert (f"drift-1-{newer}-lstm-16-int8", "resolved") in [(alert.id, alert.state) for alert in alerts]
    assert f"drift-1-{newer}-lstm-16-int8" not in open_ids(home)
    assert f"drift-1-{older}-lstm-16-int8" in open_ids(home)


def test_too_few_days_say_nothing(shifted: Shop) -> None:
    home, *_ = shifted
    patient = POLICY.model_copy(update={"min_days": 14})
    assert monitor(home, date(2023, 3, 19), patient)[1] == []
    hasty = DriftPolicy(limit_pp=0.001, resolve_pp=0.001, days=28, min_days=7)
    assert monitor(home, date(2023, 3, 12), hasty)[1] == [], "6 days"
    impatient = hasty.model_copy(update={"min_days": 1})
    assert all(each.live.days == 6 for each in monitor(home, date(2023, 3, 12), impatient)[0])


def test_an_open_alert_stays_open_where_too_little_is_known(shifted: Shop) -> None:
    home, *_ = shifted
    monitor(home, date(2023, 3, 24))
    patient = POLICY.model_copy(update={"min_days": 14, "days": 14})
    assert monitor(home, date(2023, 3, 12), patient)[1] == []
    assert len(open_ids(home)) == 2


def test_an_open_alert_has_todays_figures_and_the_day_it_opened(shifted: Shop) -> None:
    home, *_ = shifted
    monitor(home, date(2023, 3, 23))
    (first, _) = open_alerts(Ledger.of(home))
    assert monitor(home, date(2023, 3, 24))[1] == [], "people are not told again"
    (now, _) = open_alerts(Ledger.of(home))
    assert "days to 2023-03-23, gated" in first.alert.message and "days to 2023-03-24, gated" in now.alert.message
    assert (now.alert.id, now.since) == (first.alert.id, first.since)
    rows = len(ledger.read(home, ["alert"]))
    monitor(home, date(2023, 3, 24))
    assert len(ledger.read(home, ["alert"])) == rows, "the same figures again are no news to the ledger either"


# overrides that are over


def word(release: str) -> Override:
    return Override(release, "verdict", "lstm-16-int8", "Ana Ruiz", "the new tills cannot wait", UNTIL)


def promote_on(home: Home, release: str, today: date, *stores: str) -> None:
    promote(home, release, *stores, costs=CostModel(per_mape_pp=0), today=today)


def expire(home: Home, today: date) -> list[Alert]:
    changes = expired(Ledger.of(home), today)
    record(home, changes)
    return list(changes.news)


def test_one_alert_after_its_last_day_none_before_and_none_the_next_day(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    promote_on(home, release, TODAY, "2")
    grant.fn(home, word(release), TODAY)
    promote_on(home, release, TODAY, "1")
    assert expire(home, TODAY) == expire(home, UNTIL) == []
    (alert,) = expire(home, AFTER)
    assert alert == Alert(
        f"override-expired-1-{release}-lstm-16-int8",
        "override-expired",
        "warning",
        "store.1",
        "open",
        f"store 1 still runs lstm-16-int8 of {release}, which the gate did not pass; the override by Ana Ruiz expired "
        f"on 2026-12-01. `shelfcast rollback 1`, promote another, or `shelfcast override {release} --variant "
        "lstm-16-int8` again",
        release=release,
        variant="lstm-16-int8",
    )
    assert expire(home, AFTER) == expire(home, AFTER + timedelta(9)) == []
    assert open_ids(home) == [alert.id]


def test_it_is_resolved_when_the_store_runs_another_model(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote_on(home, release, TODAY, "1", "2")
    assert [alert.subject for alert in expire(home, AFTER)] == ["store.1", "store.2"]
    promote_on(home, release, AFTER, "1")
    (resolved,) = expire(home, AFTER)
    assert (resolved.subject, resolved.state) == ("store.1", "resolved")
    assert resolved.message == "store 1: it runs another model"
    assert open_ids(home) == [f"override-expired-2-{release}-lstm-16-int8"]
    roll_back(home, "1")
    assert [alert.state for alert in expire(home, AFTER)] == ["open"], "a rollback can bring it back"


def test_it_is_resolved_when_it_is_overridden_again(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote_on(home, release, TODAY, "1")
    expire(home, AFTER)
    longer = replace(word(release), until=AFTER + timedelta(5))
    grant.fn(home, longer, AFTER)
    (resolved,) = expire(home, AFTER)
    assert (resolved.state, resolved.message) == ("resolved", "store 1: lstm-16-int8 is overridden again")
    (again,) = expire(home, longer.until + timedelta(1))
    assert again.state == "open" and "expired on 2026-12-07" in again.message


def test_a_revoked_one_is_said_at_once_with_who_ended_it(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote_on(home, release, TODAY, "1")
    revoke.fn(home, replace(word(release), who="Bo Chen", why="empty shelves"), TODAY)
    (alert,) = expire(home, TODAY)
    assert "the override by Ana Ruiz was revoked on 2026-11-24 by Bo Chen: empty shelves. " in alert.message


def test_an_override_of_freezes_leaves_nothing_to_say(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, Override(release, "freeze", None, "Ana Ruiz", "why", UNTIL), TODAY)
    promote_on(home, release, TODAY, "1")
    assert expire(home, AFTER) == []


def test_drift_is_watched_beside_it(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    grant.fn(home, word(release), TODAY)
    promote_on(home, release, TODAY, "1")
    (alert,) = expire(home, AFTER)
    last = sales_table.latest(home)[1]
    scored = score.fn(home, Ledger.of(home), last, DriftPolicy(), MapePolicy())
    record(home, watch.fn(Ledger.of(home), scored, last, DriftPolicy(), AFTER))
    assert open_ids(home) == [alert.id], "neither resolves the other's alerts"
