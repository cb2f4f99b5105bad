"""Steps: say which stores still run a variant whose override is over, and when they no longer do."""

from collections.abc import Sequence
from datetime import date

from prefect import task

from tasks.state import ledger, overrides
from tasks.state.alerts import Alert
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.overrides import Override

KIND = "override-expired"


@task
def expire(home: Home, today: date | None = None) -> list[Alert]:
    """Alerts to open where a store runs a variant whose override is over, and to resolve where it no longer does."""
    day = today or date.today()
    known = {(each.release, each.variant): each for each in overrides.latest(home) if each.what == "verdict"}
    running = {store: stack[-1] for store, stack in ledger.champions(home).items()}
    over = {
        _id(store, now): (store, known[now.release, now.variant])
        for store, now in sorted(running.items(), key=lambda pair: (len(pair[0]), pair[0]))
        if (now.release, now.variant) in known and not known[now.release, now.variant].active(day)
    }
    before = _open(home)
    opened = [_opened(name, *about) for name, about in over.items() if name not in before]
    return opened + [_resolved(name, entry, running) for name, entry in before.items() if name not in over]


@task
def remember_expired(home: Home, alerts: Sequence[Alert]) -> None:
    """Record these alerts after they were said, so that one is rather said twice than never."""
    before = _open(home)
    running = {store: stack[-1] for store, stack in ledger.champions(home).items()}
    ledger.record(home, [_entry(alert, before, running) for alert in alerts])


def _open(home: Home) -> dict[str, ledger.Entry]:
    return {name: entry for name, entry in ledger.open_alerts(home).items() if entry.details["kind"] == KIND}


def _id(store: str, runs: Champion) -> str:
    return f"{KIND}-{store}-{runs.release}-{runs.variant}"


def _opened(name: str, store: str, override: Override) -> Alert:
    message = (
        f"store {store} still runs {override.subject}, which the gate did not pass; the override by {override.who} "
        f"{override.end}. `shelfcast rollback {store}`, promote another, or `shelfcast override {override.release} "
        f"--variant {override.variant}` again"
    )
    return Alert(name, "override-expired", "warning", f"store.{store}", "open", message)


def _resolved(name: str, entry: ledger.Entry, running: dict[str, Champion]) -> Alert:
    store = entry.details["store"]
    same = running.get(store) == Champion(str(entry.release), str(entry.variant))
    message = f"store {store}: {f'{entry.variant} is overridden again' if same else 'it runs another model'}"
    return Alert(name, "override-expired", "warning", f"store.{store}", "resolved", message)


def _entry(alert: Alert, before: dict[str, ledger.Entry], running: dict[str, Champion]) -> ledger.Entry:
    if alert.state == "resolved":
        opened = before[alert.id]
        return ledger.Entry("resolved", alert.id, alert.message, opened.release, opened.variant, opened.details)
    store = alert.subject.removeprefix("store.")
    details = {"kind": alert.kind, "store": store, "severity": alert.severity}
    return ledger.Entry("alert", alert.id, alert.message, running[store].release, running[store].variant, details)
