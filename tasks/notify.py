"""Steps: tell people, by a Prefect event, a Markdown artifact, a log line, and a message where URLs are set."""

import logging
import re
from collections.abc import Sequence
from dataclasses import asdict

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from tasks.state.alerts import Alert, Changes, record
from tasks.state.home import Home

log = logging.getLogger("shelfcast.alert")


@task
def tell(home: Home, changes: Changes, urls: Sequence[str]) -> None:
    """Tell people the news about alerts, then record all changes: news may be told twice, but is never lost.

    Args:
        home: The home of the ledger.
        changes: What changed about alerts.
        urls: Apprise URLs to send the news to.
    """
    send(changes.news, urls)
    record(home, changes)


def send(alerts: Sequence[Alert], urls: Sequence[str]) -> None:
    """Send each alert in every way; a way that fails is logged and does not stop the others."""
    for alert in alerts:
        level = logging.INFO if alert.state == "resolved" else logging.WARNING
        log.log(level, "%s %s: %s", alert.kind, alert.state, alert.message)
        _event(alert)
        create_markdown_artifact(_markdown(alert), key=_key(alert), description=alert.message)
    if alerts and urls:
        _notify(alerts, urls)


def _event(alert: Alert) -> None:
    name = f"shelfcast.{alert.kind}" + ("-resolved" if alert.state == "resolved" else "")
    payload = {"alert": alert.id, **asdict(alert)}
    emit_event(name, {"prefect.resource.id": f"shelfcast.{alert.subject}"}, payload=payload)


def _markdown(alert: Alert) -> str:
    more = f"\n\n[Data Docs]({alert.link})" if alert.link else ""
    return f"# {alert.kind}: {alert.state}\n\n{alert.message}{more}\n\n| | |\n|---|---|\n" + "".join(
        f"| {name} | {getattr(alert, name)} |\n" for name in ("id", "severity", "subject")
    )


def _key(alert: Alert) -> str:
    """Artifact keys are lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"alert-{alert.kind}-{alert.subject}".lower()).strip("-")


def _notify(alerts: Sequence[Alert], urls: Sequence[str]) -> None:
    """One message for all alerts of a run: a late feed must not send one for each store."""
    import apprise

    sender = apprise.Apprise()
    for url in urls:
        if not sender.add(url):
            log.error("an alert URL is not one that Apprise knows; see SHELFCAST_ALERT_URLS: %s...", url.split(":")[0])
    opened = sum(alert.state == "open" for alert in alerts)
    title = f"shelfcast: {opened} alert{'s' * (opened != 1)}, {len(alerts) - opened} resolved"
    lines = [f"[{alert.state}] {alert.kind} {alert.subject}: {alert.message}" for alert in alerts]
    body = "\n".join([*lines, *sorted({alert.link for alert in alerts if alert.link})])
    if not sender.notify(title=title, body=body):
        log.error("an alert could not be sent to every URL of SHELFCAST_ALERT_URLS")
