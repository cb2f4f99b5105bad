"""Alerts: what a person should know, in a sentence or two; which are open, and what opens, changes or ends one.

The ledger has a row for each alert that opens, changes its message, or is resolved; `alert_rules` has what ends which,
`outbox` who was told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Entry, Ledger
from tasks.state.manifest import Manifest
from tasks.state.record import Record

Kind = Literal[
    "data-refused",
    "store-refused",
    "data-warning",
    "nothing-passed",
    "run-failed",
    "drift",
    "override-expired",
    "undelivered",
    "damaged",
]
Severity = Literal["critical", "warning"]

NOTICE_DAYS = 7
"""Days after which a `data-warning` lapses: it is about one batch, and nothing may come that could resolve it."""


@dataclass(frozen=True)
class Alert:
    """Something that a person should know.

    Attributes:
        id: The same for the same trouble, so that people are told once.
        kind: What is wrong.
        severity: `critical` if it stops something, else `warning`.
        subject: What the alert is about: `store.3`, `batch.1a2b...`, `release.20260101-ab`, `flow.retrain`.
        state: `open` or `resolved`.
        message: One or two sentences: what is wrong, how much, what to do.
        link: Address of a page that says more. Defaults to `None`.
        release: The release that the alert is about, if there is one. Defaults to `None`.
        variant: The variant that the alert is about, if there is one. Defaults to `None`.
        feed: The feed of the settings whose sales the alert is about. Defaults to `None`, our own columns.
    """

    id: str
    kind: Kind
    severity: Severity
    subject: str
    state: Literal["open", "resolved"]
    message: str
    link: str | None = None
    release: str | None = None
    variant: str | None = None
    feed: str | None = None

    @property
    def store(self) -> str | None:
        """The store that the alert is about, if it is about one."""
        return self.subject.removeprefix("store.") if self.subject.startswith("store.") else None


class AlertDetails(Record):
    """What the ledger's row of an alert has beside its id, message, release and variant."""

    kind: Kind
    severity: Severity
    subject: str
    link: str | None = None
    feed: str | None = None
    store: str | None = None
    targets: tuple[str, ...] = Field((), description="who is to be told; nobody of a quiet change")


@dataclass(frozen=True)
class OpenAlert:
    """An alert that was raised and not resolved, with its latest message, and when it was first raised."""

    alert: Alert
    since: datetime


@dataclass(frozen=True)
class Changes:
    """Changes of alerts, all of which go into the ledger.

    Attributes:
        news: Alerts that open or are resolved: what people are told. Defaults to none.
        quiet: Alerts that people are not told of: those that stay open with another message, and those that another
            alert replaces. Defaults to none.
    """

    news: tuple[Alert, ...] = ()
    quiet: tuple[Alert, ...] = ()

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(self.news + other.news, self.quiet + other.quiet)

    @property
    def all(self) -> tuple[Alert, ...]:
        return self.news + self.quiet


def open_alerts(entries: Ledger, *kinds: Kind) -> list[OpenAlert]:
    """Alerts that were raised and not resolved, the oldest first.

    Args:
        entries: The ledger.
        kinds: Only alerts of these kinds. Defaults to all.
    """
    found: dict[str, OpenAlert] = {}
    for entry in entries.entries("alert", "resolved"):
        if entry.kind == "resolved":
            found.pop(entry.subject, None)
        else:
            first = found.get(entry.subject)
            found[entry.subject] = OpenAlert(alert_of(entry), first.since if first else entry.at)
    return [each for each in found.values() if not kinds or each.alert.kind in kinds]


def standing(now_open: Iterable[OpenAlert], now: datetime) -> list[OpenAlert]:
    """Open alerts without notices that have lapsed by now, a time with a time zone."""
    oldest = now - timedelta(NOTICE_DAYS)
    return [each for each in now_open if each.alert.kind != "data-warning" or each.since >= oldest]


def reconcile(now_open: Iterable[OpenAlert], wanted: Iterable[Alert], ending: Callable[[Alert], str]) -> Changes:
    """What must change so that exactly the wanted alerts are open.

    An alert that is open and wanted stays as it is; where its message is another one now, that is a quiet change.

    Args:
        now_open: Alerts that are open.
        wanted: Alerts that should be open.
        ending: The message for an alert that is resolved.
    """
    before = {each.alert.id: each.alert for each in now_open}
    after = {alert.id: alert for alert in wanted}
    opened = [alert for name, alert in after.items() if name not in before]
    ended = [
        replace(alert, state="resolved", message=ending(alert)) for name, alert in before.items() if name not in after
    ]
    restated = [alert for name, alert in after.items() if name in before and alert.message != before[name].message]
    return Changes((*opened, *ended), tuple(restated))


def still_open(now_open: Iterable[OpenAlert], changes: Changes) -> list[str]:
    """Ids of the alerts that are open after some changes, in alphabetical order."""
    opened = {alert.id for alert in changes.all if alert.state == "open"}
    resolved = {alert.id for alert in changes.all if alert.state == "resolved"}
    return sorted(({each.alert.id for each in now_open} | opened) - resolved)


def record(home: Home, changes: Changes, targets: Sequence[str] = ()) -> None:
    """Add changes to the ledger; a home that does not exist yet is not made for an alert.

    Args:
        home: The home of the ledger.
        changes: What changed.
        targets: Who is to be told the news. Defaults to nobody.
    """
    if home.root.is_dir():
        told = [_entry(alert, targets) for alert in changes.news]
        ledger.record(home, [*told, *(_entry(alert, ()) for alert in changes.quiet)])


def nothing_passed(manifest: Manifest) -> Alert:
    """The alert of a retrain whose variants were all refused."""
    baseline, name = manifest.variants[0], manifest.release
    message = f"no release: {baseline.name}: {'; '.join(baseline.reasons)}. Stores keep what they run"
    return Alert(
        f"nothing-passed-{name}", "nothing-passed", "critical", f"release.{name}", "open", message, release=name
    )


def alert_of(entry: Entry) -> Alert:
    """The alert that a row of the ledger has, open or resolved."""
    details = AlertDetails.model_validate(entry.details).model_dump(exclude={"store", "targets"})
    state: Literal["open", "resolved"] = "resolved" if entry.kind == "resolved" else "open"
    return Alert(
        id=entry.subject, state=state, message=entry.why, release=entry.release, variant=entry.variant, **details
    )


def _entry(alert: Alert, targets: Sequence[str]) -> Entry:
    kind: Literal["alert", "resolved"] = "alert" if alert.state == "open" else "resolved"
    details = AlertDetails.model_validate(alert).model_copy(update={"targets": tuple(targets)})
    kept = details.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return Entry(kind, alert.id, alert.message, alert.release, alert.variant, kept)
