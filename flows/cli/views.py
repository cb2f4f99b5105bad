"""Read-only views of a home, as the JSON that the command line shows. Nothing here needs Prefect or TensorFlow."""

from dataclasses import asdict
from typing import Any

from tasks.forecasting.accuracy.scoring import DEFAULT_POLICY, DifferentPolicies, MapePolicy
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import judge
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import quarantine
from tasks.state import ledger, overrides, sales_table, scores
from tasks.state.home import Home
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
                "stores": sum(stack[-1].release == release.id for stack in ledger.champions(home).values()),
            }
            for release in releases(home)
        ],
        "refused_candidates": [
            {"release": name, "created": each.manifest["created"], "reason": each.manifest["reason"]}
            for name, each in refused(home).items()
        ],
        "overrides": _overrides(home),
    }


def _overrides(home: Home) -> list[dict[str, Any]]:
    """What people released against the gate or a freeze, as long as it holds."""
    return [each.to_dict() for each in overrides.active(home)]
