"""What opens and what ends each kind of alert.

| kind | resolved by |
|---|---|
| `data-refused`, `store-refused` | the next new batch of the same feed that is taken in without that trouble |
| `store-refused` | also a replay after which no row waits in quarantine because its store was refused |
| `data-warning` | the next new batch of the same feed that is taken in; else it lapses after `alerts.NOTICE_DAYS` |
| `nothing-passed` | the next retrain that ends with a release, or an override of that candidate |
| `run-failed` | the next run of the same flow that completes |
| `damaged` | the next run of `verify`, or of `monitor` for a release that stores run, that finds it whole |
| `undelivered` | the next delivery to all stores that reaches each of them |
| `drift`, `override-expired` | the next run of `monitor` that finds it over |

An alert that another one of its kind replaces is resolved quietly: people are told of the new one only.
"""

from collections.abc import Sequence
from dataclasses import replace

from tasks.state.alerts import Alert, Changes, open_alerts, reconcile
from tasks.state.ledger import Ledger


def of_batch(entries: Ledger, raised: Sequence[Alert], feed: str | None) -> Changes:
    """What a new batch of a feed changes: what it raises opens, and what earlier batches raised is over.

    While batches are refused, nothing was taken in, so that of the earlier alerts only a refusal is replaced.

    Args:
        entries: The ledger.
        raised: Alerts about the batch.
        feed: The feed's name in the settings; `None` for our own columns.
    """
    every = open_alerts(entries, "data-refused", "store-refused", "data-warning")
    earlier = [each for each in every if each.alert.feed == feed]
    refused = any(alert.kind == "data-refused" for alert in raised)
    kept = [each.alert for each in earlier if refused and each.alert.kind != "data-refused"]
    wanted = [*kept, *(replace(alert, feed=feed) for alert in raised)]
    return _replacing(reconcile(earlier, wanted, lambda _: "a later batch was taken in"), wanted)


def of_replay(entries: Ledger, waiting: bool) -> Changes:
    """What a replay of the quarantine changes: a store is no longer refused once none of its rows wait for that reason.

    Args:
        entries: The ledger.
        waiting: Whether rows of refused stores still wait in quarantine.
    """
    refused = open_alerts(entries, "store-refused")
    return reconcile(refused, [each.alert for each in refused if waiting], lambda _: "its rows were replayed")


def of_retrain(entries: Ledger, refused: Alert | None) -> Changes:
    """What a retrain that came to its end changes.

    Args:
        entries: The ledger.
        refused: The alert that nothing passed; `None` if there is a release.
    """
    wanted = [refused] if refused else []
    earlier = open_alerts(entries, "nothing-passed")
    return _replacing(reconcile(earlier, wanted, lambda _: "a later retrain was published"), wanted)


def of_override(entries: Ledger, release: str) -> Changes:
    """What an override of a verdict changes: a candidate of which nothing passed is a release now."""
    about = [each for each in open_alerts(entries, "nothing-passed") if each.alert.release == release]
    return reconcile(about, [], lambda _: "a person overrode the verdict, so there is a release")


def of_delivery(entries: Ledger, failed: Sequence[tuple[str, str]]) -> Changes:
    """What a delivery to all stores changes.

    Args:
        entries: The ledger.
        failed: Code of each store that the channel could not be written for, and why.
    """
    earlier = open_alerts(entries, "undelivered")
    wanted = [_undelivered(failed)] if failed else []
    return reconcile(earlier, wanted, lambda _: "the channel has what was decided for every store")


def _undelivered(failed: Sequence[tuple[str, str]]) -> Alert:
    (store, why), others = failed[0], len(failed) - 1
    whom = f"store {store}" + (f" and {others} more" if others else "")
    message = f"the channel could not be written for {whom}: {why}. Nothing changes there until it can"
    return Alert("undelivered", "undelivered", "critical", "channel", "open", message)


def of_verification(entries: Ledger, found: Sequence[str]) -> Changes:
    """What a walk through the home changes.

    Args:
        entries: The ledger.
        found: What is damaged, a sentence each.
    """
    earlier = [each for each in open_alerts(entries, "damaged") if each.alert.subject == "home"]
    return reconcile(earlier, [_damaged(found)] if found else [], lambda _: "a later walk found nothing damaged")


def _damaged(found: Sequence[str]) -> Alert:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = f"the home is damaged: {found[0]}{more}; `shelfcast verify` lists all of it with what to do"
    return Alert("damaged-home", "damaged", "critical", "home", "open", message)


def of_failed_run(flow: str, message: str) -> Changes:
    """What a run that failed changes: people are told each time; its flow has one alert, with the latest message."""
    return Changes((Alert(f"run-failed-{flow}", "run-failed", "critical", f"flow.{flow}", "open", message),))


def of_completed_run(entries: Ledger, flow: str) -> Changes:
    """What a run that completed changes: earlier runs of its flow no longer count as failed."""
    failed = [each for each in open_alerts(entries, "run-failed") if each.alert.subject == f"flow.{flow}"]
    return reconcile(failed, [], lambda _: f"a later {flow} run completed")


def _replacing(changes: Changes, wanted: Sequence[Alert]) -> Changes:
    """The changes, with the end of notices and of what another alert of the same kind replaces made quiet."""
    kinds = {"data-warning", *(alert.kind for alert in wanted)}
    quiet = tuple(alert for alert in changes.news if alert.state == "resolved" and alert.kind in kinds)
    return Changes(tuple(alert for alert in changes.news if alert not in quiet), changes.quiet + quiet)
