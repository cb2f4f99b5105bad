"""Who is still to be told what."""

from datetime import UTC, datetime, timedelta

from tasks.state.alerts import Alert
from tasks.state.ledger import Entry, Ledger
from tasks.state.outbox import PREFECT, sent, target, targets, waiting

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
ONE, OTHER = target("json://one"), target("json://other")


def news(*wanted: str, minute: int = 0, kind: str = "alert") -> Entry:
    details = {"kind": "drift", "severity": "warning", "subject": "store.1", "targets": list(wanted)}
    return Entry(kind, "drift-1", "4 pp", details=details, at=NOW + timedelta(minutes=minute))  # type: ignore[arg-type]


def due(entries: list[Entry], *current: str) -> list[tuple[str, ...]]:
    return [each.targets for each in waiting(Ledger(entries), current)]


def test_a_targets_name_does_not_tell_its_url() -> None:
    assert targets(["json://user:secret@host"]) == [PREFECT, target("json://user:secret@host")]
    assert len(target("json://user:secret@host")) == 12 and ONE != OTHER


def test_everyone_is_told_once() -> None:
    entries = [news(PREFECT, ONE, OTHER)]
    assert due(entries, PREFECT, ONE, OTHER) == [(PREFECT, ONE, OTHER)]
    (first,) = waiting(Ledger(entries), [PREFECT, ONE, OTHER])
    entries.append(sent(first, [PREFECT, OTHER]))
    assert due(entries, PREFECT, ONE, OTHER) == [(ONE,)]
    entries.append(sent(first, [ONE]))
    assert due(entries, PREFECT, ONE, OTHER) == []


def test_each_news_of_an_alert_is_told_by_itself() -> None:
    entries = [news(ONE), news(ONE, minute=1, kind="resolved")]
    first, second = waiting(Ledger(entries), [ONE])
    assert (first.alert.state, second.alert.state) == ("open", "resolved")
    assert first.alert == Alert("drift-1", "drift", "warning", "store.1", "open", "4 pp")
    assert due([*entries, sent(first, [ONE])], ONE) == [(ONE,)]


def test_a_target_that_is_gone_is_not_waited_for() -> None:
    assert due([news(PREFECT, ONE)], PREFECT) == [(PREFECT,)]


def test_a_new_url_is_told_only_what_no_other_took() -> None:
    entries = [news(PREFECT, ONE)]
    assert due(entries, PREFECT, OTHER) == [(PREFECT, OTHER)]
    (first,) = waiting(Ledger(entries), [ONE])
    entries.append(sent(first, [ONE]))
    assert due(entries, ONE, OTHER) == []
    assert due([news(PREFECT)], OTHER) == [], "nobody was to be told at that time"


def test_quiet_changes_and_old_rows_wait_for_nobody() -> None:
    assert due([news()], PREFECT, ONE) == []
