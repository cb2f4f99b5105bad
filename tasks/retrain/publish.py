"""Step: a candidate that passed becomes a release; its folder appears whole or not at all."""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prefect import task
from prefect.artifacts import create_image_artifact, create_table_artifact

from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.rollout.selection import CostModel, DeviceClass
from tasks.report import override_banner, release_report
from tasks.report.charts import comparison
from tasks.report.explain import smallest, subject
from tasks.retrain.candidate import Candidate
from tasks.retrain.manifest import breakdown, golden, manifest, release_id, samples, scores
from tasks.state import ledger, overrides
from tasks.state.atomic import move_folder, remove_folder, write_file
from tasks.state.home import Home
from tasks.state.record import to_json
from tasks.state.release import Release, releases

log = logging.getLogger("shelfcast.publish")


@task
def publish(
    home: Home,
    candidate: Candidate,
    verdicts: Sequence[Verdict],
    limits: Limits,
    profile: str,
    reason: str,
    devices: Mapping[str, DeviceClass] = MappingProxyType({}),
    costs: CostModel = CostModel(),  # noqa: B008  # frozen
) -> dict[str, Any]:
    """Publish a release if a variant passed, else record the refusal; the manifest either way.

    Everything is written beside the candidate and moved into place last, the ledger's row follows. A run that was
    cut off in between is completed by the next one.
    """
    release = Release(home.releases / release_id(candidate, limits))
    if release.folder.exists():
        return settle(home, candidate, release)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    record = json.loads(to_json(manifest(candidate, verdicts, limits, profile, reason, created, devices, costs)))
    best = smallest(record)
    complete = _write(home, candidate, record, best["name"] if best else None)
    if best is None:
        return _refuse(home, record)
    move_folder(complete, release.folder)
    return settle(home, candidate, release)


def settle(home: Home, candidate: Candidate, release: Release) -> dict[str, Any]:
    """Record every release that has no row in the ledger yet, and clear away the candidate that this one came from."""
    recorded = {entry.subject for entry in ledger.read(home, ["release"])}
    for each in reversed(releases(home)):
        if each.id not in recorded:
            why = (
                f"the gate passed {sum(variant['verdict'] == 'pass' for variant in each.manifest['variants'])} variants"
            )
            details = {"variants": each.manifest["variants"]}
            ledger.record(home, [ledger.Entry("release", each.id, why, each.id, details=details)])
            log.info("published %s: %s", each.id, why)
    remove_folder(candidate.folder)
    return release.manifest


def _refuse(home: Home, record: dict[str, Any]) -> dict[str, Any]:
    """One row in the ledger, however often the same retrain is repeated; the folder waits for a person's override."""
    why = "no variant passed the gate: " + "; ".join(record["variants"][0]["reasons"])
    if all(entry.subject != record["release"] for entry in ledger.read(home, ["refusal"])):
        details = {"variants": record["variants"]}
        ledger.record(home, [ledger.Entry("refusal", record["release"], why, details=details)])
    log.warning("%s", why)
    return record


def _write(home: Home, candidate: Candidate, record: dict[str, Any], best: str | None) -> Path:
    """The folder of a release, complete, beside the candidate; the manifest comes last."""
    folder = candidate.folder / "release"
    remove_folder(folder)
    built = [variant for variant in candidate.variants if candidate.path(variant.name, 0, "tflite").exists()]
    for variant in built:
        write_file(folder / f"{variant.name}.tflite", candidate.path(variant.name, 0, "tflite").read_bytes())
    write_file(folder / "golden.json", to_json(golden(candidate)))
    write_file(folder / "evidence.npz", (candidate.folder / "evidence.npz").read_bytes())
    write_file(folder / "scores.parquet", scores(candidate))
    if levels := candidate.prepared["levels"]:
        write_file(folder / "levels.json", to_json(levels))
    record = record | {"files": _files(folder)}
    write_file(folder / "card.md", release_report.card(record).encode())
    page = override_banner.posted(
        _report(candidate, record, [best] if best else []), overrides.active(ledger.Ledger.of(home), date.today())
    )
    write_file(folder / "report.html", page.encode())
    write_file(folder / "manifest.json", to_json(record | {"files": _files(folder)}))
    return folder


def refused_report(candidate: Candidate) -> Path:
    """Where the report of a candidate is that became no release."""
    return candidate.folder / "release" / "report.html"


def _report(candidate: Candidate, record: dict[str, Any], beside: list[str]) -> str:
    """With the forecasts of the baseline and of the variants `beside` it drawn, where there are any."""
    shown = dict.fromkeys([candidate.variants[0].name, *beside])
    built = [name for name in shown if candidate.path(name, 0, "forecast.npy").exists()]
    parts = breakdown(candidate, [subject(record)["name"]])
    return release_report.report(record, samples(candidate, built) if built else [], parts)


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.name: {"sha256": sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }


@task
def show(record: dict[str, Any]) -> None:
    """The comparison table, every check and the chart of size against MAPE, as Prefect artifacts."""
    create_table_artifact(
        release_report.comparison(record), key="comparison", description=f"release {record['release']}"
    )
    checks = [
        {"variant": variant["name"], **check, "counterfactual": (check["counterfactual"] or {}).get("sentence")}
        for variant in record["variants"]
        for check in variant["checks"]
    ]
    create_table_artifact(checks, key="verdicts", description=f"release {record['release']}")
    picture = base64.b64encode(comparison.png(comparison.size_chart(record))).decode()
    create_image_artifact(f"data:image/png;base64,{picture}", key="size-against-mape")
