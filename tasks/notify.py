"""Steps: tell people, by a Prefect event, a Markdown artifact, a log line, and a message where URLs are set."""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from tasks.state import ledger, outbox
from tasks.state.alerts import Alert, Changes, record
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.lock import locked
from tasks.state.outbox import PREFECT, Waiting
from tasks.state.plain_text import chat, markdown

log = logging.getLogger("shelfcast.alert")

LIMIT = 10.0
"""Seconds that sending may take in one run, whatever the targets do; who was not reached is tried again by the next."""


def note(home: Home, changes: Callable[[Ledger], Changes], urls: Sequence[str]) -> Changes:
    """Record what changes about alerts, and who is to be told; `send_waiting` tells them at the end of the run.

    Args:
        home: The home of the ledger.
        changes: What changes, by the ledger as it is.
        urls: Apprise URLs to send the news to.

    Returns:
        What changed.
    """
    if not home.root.is_dir():
        return changes(Ledger([]))
    with home.writing():
        found = changes(Ledger.of(home))
        record(home, found, outbox.targets(urls))
    for alert in found.news:
        level = logging.INFO if alert.state == "resolved" else logging.WARNING
        log.log(level, "%s %s: %s", alert.kind, alert.state, alert.message)
    return found


@task
def tell(home: Home, changes: Callable[[Ledger], Changes], urls: Sequence[str]) -> Changes:
    """`note` as a step of a flow."""
    return note(home, changes, urls)


def send_waiting(home: Home, urls: Sequence[str]) -> None:
    """Send all news that somebody is still to be told, of this run and of earlier ones, and record who took it.

    One run at a time, so that two do not say the same.
    """
    if not home.root.is_dir():
        return
    with locked(home.root / ".sending.lock", "waiting for another run that sends alerts"):
        due = outbox.waiting(Ledger.of(home), outbox.targets(urls))
        took = send(due, urls) if due else set()
        told = [(each, [name for name in each.targets if name in took]) for each in due]
        ledger.record(home, [outbox.sent(news, names) for news, names in told if names])


def send_at_once(changes: Changes, urls: Sequence[str]) -> None:
    """Send the news of some changes that could not be recorded."""
    names = tuple(outbox.targets(urls))
    send([Waiting(alert, datetime.now(UTC), names) for alert in changes.news], urls)


def send(due: Sequence[Waiting], urls: Sequence[str]) -> set[str]:
    """Send each target its news, all at the same time and for `LIMIT` seconds at most; the targets that took it."""
    news = {name: [each.alert for each in due if name in each.targets] for name in outbox.targets(urls)}
    end, took = time.monotonic() + LIMIT, set[str]()
    sending = {url: _started(url, news[outbox.target(url)], took) for url in urls if news[outbox.target(url)]}
    if news[PREFECT] and _announced(news[PREFECT]):
        took.add(PREFECT)
    for url, thread in sending.items():
        thread.join(max(0.0, end - time.monotonic()))
        if outbox.target(url) not in took:
            log.error("an alert could not be sent to %s; the next run tries again", _public(url))
    return set(took)


def _started(url: str, alerts: Sequence[Alert], took: set[str]) -> threading.Thread:
    """A thread that sends; it never keeps the process from its end, however slowly the target answers."""

    def run() -> None:
        if _notified(url, alerts):
            took.add(outbox.target(url))

    thread = threading.Thread(target=run, daemon=True, name="alert")
    thread.start()
    return thread


def _announced(alerts: Sequence[Alert]) -> bool:
    """Whether Prefect took an event and an artifact of each alert."""
    try:
        for alert in alerts:
            _event(alert)
            create_markdown_artifact(_markdown(alert), key=_key(alert), description=alert.message)
    except Exception as error:  # whatever its server answers, the news goes out by the other ways
        log.error("Prefect did not take an alert; the next run tries again: %s", error)
        return False
    return True


def _event(alert: Alert) -> None:
    name = f"shelfcast.{alert.kind}" + ("-resolved" if alert.state == "resolved" else "")
    payload = {"alert": alert.id, **asdict(alert)}
    emit_event(name, {"prefect.resource.id": f"shelfcast.{alert.subject}"}, payload=payload)


def _markdown(alert: Alert) -> str:
    more = f"\n\n[Data Docs]({alert.link})" if alert.link else ""
    return f"# {alert.kind}: {alert.state}\n\n{markdown(alert.message)}{more}\n\n| | |\n|---|---|\n" + "".join(
        f"| {name} | {getattr(alert, name)} |\n" for name in ("id", "severity", "subject")
    )


def _key(alert: Alert) -> str:
    """Artifact keys are lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"alert-{alert.kind}-{alert.subject}".lower()).strip("-")


def _notified(url: str, alerts: Sequence[Alert]) -> bool:
    """Whether a URL took one message for all alerts of a run: a late feed must not send one for each store."""
    import apprise

    logging.getLogger("apprise").disabled = True  # it logs URLs with their secrets
    sender = apprise.Apprise()
    if not sender.add(url):
        log.error("an alert URL is not one that Apprise knows; see SHELFCAST_ALERT_URLS: %s", _public(url))
        return False
    opened = sum(alert.state == "open" for alert in alerts)
    title = f"shelfcast: {opened} alert{'s' * (opened != 1)}, {len(alerts) - opened} resolved"
    lines = [f"[{alert.state}] {alert.kind} {chat(alert.subject)}: {chat(alert.message)}" for alert in alerts]
    body = "\n".join([*lines, *sorted({alert.link for alert in alerts if alert.link})])
    return bool(sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))


def _public(url: str) -> str:
    """A URL without what may be secret in it."""
    return f"{url.split(':', maxsplit=1)[0]}..."
