"""Read-only views of a home, as the JSON that the command line shows. Nothing here needs Prefect or TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tasks.forecasting.accuracy.scoring import DifferentPolicies, MapePolicy
from tasks.forecasting.data.days import natural
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import judge
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import quarantine
from tasks.state import overrides, sales_table, scores
from tasks.state.alerts import Kind, OpenAlert, Severity, open_alerts, standing
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.overrides import OverrideRecord
from tasks.state.record import Document, Number, Record, defined
from tasks.state.release import Release, find, refused, releases


class StoreStatus(Record):
    """What a store runs, and how accurate it is lately; errors are MAPE in percent, `None` where undefined.

    Attributes:
        store: The store's code.
        release: The release that the store runs.
        variant: The variant of that release.
        gated_mape: MAPE for this store at which the release was gated.
        mape: MAPE over the days that the drift policy looks back over.
        drift_pp: `mape` minus `gated_mape`, in percentage points.
        days: Scored days that `mape` is over.
        previous: The release that a rollback would bring back; `None` where there is none.
    """

    store: str
    release: str
    variant: str
    gated_mape: Number
    mape: Number
    drift_pp: Number
    days: int
    previous: str | None


class AlertStatus(Record):
    """An open alert.

    Attributes:
        id: The alert's id.
        message: What is wrong and what to do, with the figures of the latest run that looked.
        since: When the alert was raised, ISO time in UTC.
        kind: What is wrong.
        severity: `critical` if it stops something, else `warning`.
        subject: What the alert is about, such as `store.3`.
        link: Address of a page that says more; `None` without one.
    """

    id: str
    message: str
    since: str
    kind: Kind
    severity: Severity
    subject: str
    link: str | None


class StatusResult(Document):
    """The JSON of `shelfcast status`.

    Attributes:
        home: Folder of all state.
        snapshot: Version of the sales table; `None` before the first ingest.
        last_day: The last day with sales; `None` before the first ingest.
        newest_release: Id of the newest release; `None` where there is none.
        stores: What each store runs, in the order of their codes.
        alerts: Open alerts, the oldest first.
        overrides: Overrides that are active today.
        quarantine: Rows in quarantine by reason.
    """

    home: str
    snapshot: int | None
    last_day: date | None
    newest_release: str | None
    stores: tuple[StoreStatus, ...]
    alerts: tuple[AlertStatus, ...]
    overrides: tuple[OverrideRecord, ...]
    quarantine: dict[str, int]


def status(home: Home, drift: DriftPolicy, policy: MapePolicy, now: datetime) -> StatusResult:
    """What runs where, how well, and what is wrong.

    Args:
        home: Folder of all state.
        drift: How far back accuracy is looked at.
        policy: Which days count in MAPE.
        now: The time, with a time zone.
    """
    version, newest = sales_table.snapshot(home), next(iter(releases(home)), None)
    decided, lately = Ledger.of(home), scores.lately(home, drift, policy)
    champions = decided.champions()
    return StatusResult(
        home=str(home.root),
        snapshot=version,
        last_day=None if version is None else sales_table.latest(home)[1],
        newest_release=newest and newest.id,
        stores=tuple(_store(home, store, champions[store], lately, policy) for store in natural(champions)),
        alerts=tuple(_alert(each) for each in standing(open_alerts(decided), now)),
        overrides=_overrides(decided),
        quarantine=quarantine.reasons(home),
    )


def _store(
    home: Home, store: str, stack: Sequence[Champion], lately: Mapping[Any, tuple[float, int]], policy: MapePolicy
) -> StoreStatus:
    now = stack[-1]
    mape, days = lately.get((store, now.release, now.variant), (None, 0))
    gated = _gated(home, store, now, policy)
    return StoreStatus(
        store=store,
        release=now.release,
        variant=now.variant,
        gated_mape=gated,
        mape=mape,
        drift_pp=None if mape is None or gated is None else mape - gated,
        days=days,
        previous=stack[-2].release if len(stack) > 1 else None,
    )


def _gated(home: Home, store: str, runs: Champion, policy: MapePolicy) -> float | None:
    """The MAPE at which a model was gated, in percent; `None` where that does not compare."""
    try:
        return Release(home.releases / runs.release).gated_mape(runs.variant, store, policy)
    except DifferentPolicies:
        return None


def _alert(raised: OpenAlert) -> AlertStatus:
    alert = raised.alert
    return AlertStatus(
        id=alert.id,
        message=alert.message,
        since=raised.since.isoformat(timespec="seconds"),
        kind=alert.kind,
        severity=alert.severity,
        subject=alert.subject,
        link=alert.link,
    )


def quarantined(home: Home, reason: str | None, store: str | None, limit: int, csv: Path | None) -> dict[str, Any]:
    """Rows in quarantine, newest batch first; all of them as CSV where a path is given."""
    found = quarantine.table(home, reason, store)
    if csv:
        quarantine.export(found, csv)
    shown = [{**row, "at": row["at"].isoformat()} for row in found.slice(0, limit).to_pylist()]
    return {"total": len(found), "rows": shown, "csv": csv and str(csv)}


def rejudged(home: Home, name: str | None, limits: Limits) -> dict[str, Any]:
    """The verdicts on a release or a refused candidate by other limits, from the errors that it was judged on.

    Raises:
        NoSuchRelease: If there is none.
        DamagedRelease: If its evidence is missing or not what was judged on.
    """
    release = overrides.find(home, name) if name else find(home, None)
    before = {each["name"]: each["verdict"] for each in release.manifest["variants"]}
    evidence = release.evidence
    verdicts = judge(evidence, limits)
    return defined(
        {
            "release": release.manifest["release"],
            "policy": evidence.policy,
            "limits": limits.model_dump(mode="json"),
            "variants": [
                {
                    "name": each.variant,
                    "verdict": each.outcome,
                    "before": before.get(each.variant),
                    "mape": evidence.mape(each.variant),
                    "reasons": each.reasons,
                    "checks": [asdict(check) for check in each.checks],
                    "worst_off": [store._asdict() for store in each.worst_off],
                }
                for each in verdicts
            ],
        }
    )


def published(home: Home) -> dict[str, Any]:
    """Releases and their verdicts, newest first."""
    decided = Ledger.of(home)
    running = decided.running()
    return {
        "releases": [
            {
                "release": release.id,
                "created": release.manifest["created"],
                "reason": release.manifest["reason"],
                "recipe": release.manifest["profile"]["recipe_name"],
                "snapshot": release.manifest["snapshot"]["version"],
                "passed": [each["name"] for each in release.manifest["variants"] if each["verdict"] == "pass"],
                "refused": [each["name"] for each in release.manifest["variants"] if each["verdict"] != "pass"],
                "stores": sum(champion.release == release.id for champion in running.values()),
            }
            for release in releases(home)
        ],
        "refused_candidates": [
            {"release": name, "created": each.manifest["created"], "reason": each.manifest["reason"]}
            for name, each in refused(home).items()
        ],
        "overrides": [each.model_dump(mode="json") for each in _overrides(decided)],
    }


def _overrides(decided: Ledger) -> tuple[OverrideRecord, ...]:
    """What people released against the gate or a freeze, while that is active."""
    return tuple(OverrideRecord.model_validate(each) for each in overrides.active(decided, date.today()))
