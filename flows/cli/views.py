"""Read-only views of a home, as the JSON that the command line shows. Nothing here needs Prefect or TensorFlow."""

from collections import Counter
from pathlib import Path
from typing import Any

from flows.cli.results import JudgeResult, RefusedCandidate, ReleaseRecord, ReleasesResult, VerdictAgain
from tasks.forecasting.accuracy.policy import DEFAULT_POLICY, DifferentPolicies, MapePolicy
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import judge
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import quarantine
from tasks.report.explain import verdict_record
from tasks.state import ledger, overrides, sales_table, scores
from tasks.state.home import Home
from tasks.state.manifest import Manifest
from tasks.state.overrides import OverrideRecord
from tasks.state.record import defined
from tasks.state.release import Release, find, refused, releases


def status(home: Home, drift: DriftPolicy, policy: MapePolicy = DEFAULT_POLICY) -> dict[str, Any]:
    """What runs where, and how well."""
    version = sales_table.snapshot(home)
    newest = next(iter(releases(home)), None)
    lately = scores.lately(home, drift, policy)
    return {
        "home": str(home.root),
        "snapshot": version,
        "last_day": None if version is None else str(sales_table.latest(home)[1]),
        "newest_release": newest and newest.id,
        "stores": [
            _store(home, store, stack, lately.get((store, stack[-1].release, stack[-1].variant)), policy)
            for store, stack in sorted(ledger.champions(home).items(), key=lambda pair: (len(pair[0]), pair[0]))
        ],
        "alerts": [
            {"id": name, "message": entry.why, "since": entry.at.isoformat(timespec="seconds")}
            for name, entry in ledger.open_alerts(home).items()
        ],
        "overrides": _overrides(home),
        "quarantine": quarantine.reasons(home),
    }


def quarantined(home: Home, reason: str | None, store: str | None, limit: int, csv: Path | None) -> dict[str, Any]:
    """Rows in quarantine, newest batch first; all of them as CSV where a path is given."""
    found = quarantine.table(home, reason, store)
    if csv:
        quarantine.export(found, csv)
    shown = [{**row, "at": row["at"].isoformat()} for row in found.slice(0, limit).to_pylist()]
    return {"total": len(found), "rows": shown, "csv": csv and str(csv)}


def _store(
    home: Home, store: str, stack: list[ledger.Champion], live: tuple[float, int] | None, policy: MapePolicy
) -> dict[str, Any]:
    now = stack[-1]
    mape, days = live or (None, 0)
    try:
        gated = Release(home.releases / now.release).gated_mape(now.variant, store, policy)
    except DifferentPolicies:
        gated = None
    return defined(
        {
            "store": store,
            "release": now.release,
            "variant": now.variant,
            "gated_mape": gated,
            "mape": mape,
            "drift_pp": None if mape is None or gated is None else mape - gated,
            "days": days,
            "previous": stack[-2].release if len(stack) > 1 else None,
        }
    )


def rejudged(home: Home, name: str | None, limits: Limits) -> JudgeResult:
    """The verdicts on a release or a refused candidate by other limits, from the errors that it was judged on.

    Raises:
        NoSuchRelease: If there is none.
        DamagedRelease: If its evidence is missing or not what was judged on.
    """
    release = overrides.find(home, name) if name else find(home, None)
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
    running = Counter(stack[-1].release for stack in ledger.champions(home).values())
    return ReleasesResult(
        releases=tuple(_release_record(release.manifest, running[release.id]) for release in releases(home)),
        refused_candidates=tuple(
            RefusedCandidate(release=name, created=candidate.manifest.created, reason=candidate.manifest.reason)
            for name, candidate in refused(home).items()
        ),
        overrides=tuple(OverrideRecord.model_validate(override) for override in overrides.active(home)),
    )


def _release_record(manifest: Manifest, stores: int) -> ReleaseRecord:
    return ReleaseRecord(
        release=manifest.release,
        created=manifest.created,
        reason=manifest.reason,
        recipe=manifest.profile.recipe_name,
        snapshot=manifest.snapshot.version,
        passed=tuple(variant.name for variant in manifest.variants if variant.passed),
        refused=tuple(variant.name for variant in manifest.variants if not variant.passed),
        stores=stores,
    )


def _overrides(home: Home) -> list[dict[str, Any]]:
    """What people released against the gate or a freeze, as long as it holds."""
    return [each.to_dict() for each in overrides.active(home)]
