"""Read-only views of a home, as the JSON that the command line shows. Nothing here needs Prefect or TensorFlow."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from flows.cli.results import (
    AlertStatus,
    DamagedRecord,
    JudgeResult,
    RefusedCandidate,
    ReleaseRecord,
    ReleasesResult,
    StatusResult,
    StoreStatus,
    UnsentAlert,
    VerdictAgain,
)
from tasks.forecasting.accuracy.policy import DifferentPolicies, MapePolicy
from tasks.forecasting.data.days import natural
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import judge
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import quarantine
from tasks.report.explain import verdict_record
from tasks.state import outbox, overrides, sales_table, scores
from tasks.state.alerts import OpenAlert, open_alerts, standing
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.manifest import Manifest
from tasks.state.outbox import Waiting
from tasks.state.overrides import OverrideRecord
from tasks.state.parquet import DamagedTable
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import Releases, find_judged, refused

T = TypeVar("T")


def status(
    home: Home, drift: DriftPolicy, policy: MapePolicy, now: datetime, alert_urls: Sequence[str] = ()
) -> StatusResult:
    """What runs where, how well, and what is wrong.

    Args:
        home: Folder of all state.
        drift: How far back accuracy is looked at.
        policy: Which days count in MAPE.
        now: The time, with a time zone.
        alert_urls: Where alerts are sent to. Defaults to nowhere.
    """
    unreadable: list[str] = []
    version, last_day = _read(unreadable, partial(_sales, home)) or (None, None)
    lately = _read(unreadable, partial(scores.lately, home, drift, policy)) or {}
    reasons = _read(unreadable, partial(quarantine.reasons, home)) or {}
    decided, known = Ledger.of(home), Releases.of(home)
    newest = next(iter(known.whole), None)
    champions = decided.champions()
    return StatusResult(
        home=str(home.root),
        snapshot=version,
        last_day=last_day,
        newest_release=newest and newest.id,
        stores=tuple(_store(known, store, champions[store], lately, policy) for store in natural(champions)),
        alerts=tuple(_alert(each) for each in standing(open_alerts(decided), now)),
        overrides=_overrides(decided),
        quarantine=reasons,
        damaged=_damaged(known),
        unsent=tuple(_unsent(each) for each in outbox.waiting(decided, outbox.targets(alert_urls))),
        unreadable=tuple(unreadable),
    )


def _read(unreadable: list[str], read: Callable[[], T]) -> T | None:
    """What is read, or `None` if the table is damaged, which is noted."""
    try:
        return read()
    except DamagedTable as error:
        unreadable.append(str(error))
        return None


def _sales(home: Home) -> tuple[int, date] | None:
    """Version and last day of the sales; `None` before the first ingest."""
    return None if sales_table.snapshot(home) is None else sales_table.latest(home)


def _damaged(known: Releases) -> tuple[DamagedRecord, ...]:
    return tuple(DamagedRecord(release=name, reason=why) for name, why in known.damaged.items())


def _unsent(waiting: Waiting) -> UnsentAlert:
    alert, since = waiting.alert, waiting.at.isoformat(timespec="seconds")
    return UnsentAlert(id=alert.id, state=alert.state, message=alert.message, since=since)


def _store(
    known: Releases, store: str, stack: Sequence[Champion], lately: Mapping[Any, tuple[float, int]], policy: MapePolicy
) -> StoreStatus:
    now = stack[-1]
    mape, days = lately.get((store, now.release, now.variant), (None, 0))
    gated = _gated(known, store, now, policy)
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


def _gated(known: Releases, store: str, runs: Champion, policy: MapePolicy) -> float | None:
    """The MAPE at which a model was gated, in percent; `None` where that does not compare or is not known."""
    try:
        return known.release(runs.release).gated_mape(runs.variant, store, policy)
    except (DifferentPolicies, DamagedRelease, NoSuchRelease):
        return None


def _alert(raised: OpenAlert) -> AlertStatus:
    known = {name: getattr(raised.alert, name) for name in AlertStatus.model_fields.keys() - {"since"}}
    return AlertStatus(**known, since=raised.since.isoformat(timespec="seconds"))


def rejudged(home: Home, name: str | None, limits: Limits) -> JudgeResult:
    """The verdicts on a release or a refused candidate by other limits, from the errors that it was judged on.

    Raises:
        NoSuchRelease: If there is none.
        DamagedRelease: If its evidence is missing or not what was judged on.
    """
    release = find_judged(home, name)
    before = {variant.name: variant.verdict for variant in release.manifest.variants}
    evidence = release.evidence
    variants = tuple(
        VerdictAgain(
            name=verdict.variant,
            before=before.get(verdict.variant),
            mape=evidence.mape(verdict.variant),
            **dict(verdict_record(verdict)),
        )
        for verdict in judge(evidence, limits)
    )
    return JudgeResult(release=release.manifest.release, policy=evidence.policy, limits=limits, variants=variants)


def published(home: Home) -> ReleasesResult:
    """Releases and their verdicts, newest first."""
    decided, known = Ledger.of(home), Releases.of(home)
    running = Counter(champion.release for champion in decided.running().values())
    return ReleasesResult(
        releases=tuple(_release_record(release.manifest, running[release.id]) for release in known.whole),
        refused_candidates=tuple(
            RefusedCandidate(release=name, created=candidate.manifest.created, reason=candidate.manifest.reason)
            for name, candidate in refused(home).items()
        ),
        overrides=_overrides(decided),
        damaged=_damaged(known),
    )


def _release_record(manifest: Manifest, stores: int) -> ReleaseRecord:
    return ReleaseRecord(
        release=manifest.release,
        created=manifest.created,
        reason=manifest.reason,
        recipe=manifest.profile.recipe_name,
        snapshot=manifest.snapshot.version,
        passed=tuple(variant.name for variant in manifest.passed),
        refused=tuple(variant.name for variant in manifest.variants if not variant.passed),
        stores=stores,
    )


def _overrides(decided: Ledger) -> tuple[OverrideRecord, ...]:
    """What people released against the gate or a freeze, while that is active."""
    return tuple(OverrideRecord.model_validate(each) for each in overrides.active(decided, date.today()))
