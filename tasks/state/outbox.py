"""The outbox: news about alerts that somebody is still to be told.

News is recorded with those who are to be told, its targets, before anything is sent; each target that took it is
recorded afterwards. So news may be told twice, but is never lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from tasks.state.alerts import Alert, AlertDetails, alert_of
from tasks.state.ledger import Entry, Ledger
from tasks.state.record import Record

PREFECT = "prefect"
"""The target that is always there: Prefect's events and artifacts."""


class SentDetails(Record):
    """The details of the row that news was told.

    Attributes:
        news: Time of the row that has the news.
        targets: Those who took it.
    """

    news: datetime
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """News that somebody is still to be told.

    Attributes:
        alert: The alert that opened or was resolved.
        at: When that was recorded.
        targets: Those who are to be told.
    """

    alert: Alert
    at: datetime
    targets: tuple[str, ...]


def target(url: str) -> str:
    """The name of a URL that alerts are sent to; the URL, which may have a password, cannot be told from it."""
    return sha256(url.encode()).hexdigest()[:12]


def targets(urls: Iterable[str]) -> list[str]:
    """All who are told news: Prefect, and each URL."""
    return [PREFECT, *map(target, urls)]


def waiting(entries: Ledger, current: Sequence[str]) -> list[Waiting]:
    """News that somebody is still to be told, the oldest first.

    What no URL of its time took is also for URLs of today, as one may have been wrong.

    Args:
        entries: The ledger.
        current: The targets of today; others are not told any more.
    """
    taken: dict[datetime, set[str]] = {}
    for entry in entries.entries("sent"):
        details = SentDetails.model_validate(entry.details)
        taken.setdefault(details.news, set()).update(details.targets)
    due = []
    for entry in entries.entries("alert", "resolved"):
        missing = _missing(AlertDetails.model_validate(entry.details).targets, taken.get(entry.at, set()), current)
        due += [Waiting(alert_of(entry), entry.at, missing)] if missing else []
    return due


def _missing(wanted: Sequence[str], took: set[str], current: Sequence[str]) -> tuple[str, ...]:
    urls = set(wanted) - {PREFECT}
    for_any = bool(urls) and not urls & took and not (took - {PREFECT})
    return tuple(each for each in current if each not in took and (each in wanted or for_any))


def sent(news: Waiting, took: Sequence[str]) -> Entry:
    """The row that some targets took news."""
    kept = SentDetails(news=news.at, targets=tuple(took)).model_dump(mode="json")
    return Entry("sent", news.alert.id, f"told {len(took)} of {len(news.targets)}", details=kept)
