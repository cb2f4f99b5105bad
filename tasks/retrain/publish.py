"""Step: publish a candidate that passed as a release, whose folder appears whole or not at all."""

import base64
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from prefect import task
from prefect.artifacts import create_image_artifact, create_table_artifact

from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.report import override_banner, release_report
from tasks.report.charts.size import size_chart
from tasks.report.charts.style import png
from tasks.report.comparison import comparison
from tasks.report.explain import smallest, subject
from tasks.retrain.candidate import SHIPPED, Candidate
from tasks.retrain.manifest import manifest, release_id
from tasks.retrain.outcome import Outcome
from tasks.retrain.samples import golden, samples
from tasks.retrain.scores import breakdown, scores
from tasks.state import ledger, overrides
from tasks.state.atomic import move_folder, remove_folder, write_file
from tasks.state.home import Home
from tasks.state.manifest import FileRecord, Manifest
from tasks.state.release import ITEMS, LEVELS, Release
from tasks.state.releases import JudgedDetails, Releases

log = logging.getLogger("shelfcast.publish")


@task
def publish(
    home: Home,
    candidate: Candidate,
    verdicts: Sequence[Verdict],
    limits: Limits,
    profile: str,
    reason: str,
    devices: Mapping[str, DeviceClass],
    costs: CostModel,
) -> Outcome:
    """Publish a release if a variant passed, else record the refusal.

    Everything is written in the candidate's folder and moved into place last; then the ledger gets its row. A run that
    was cut off in between is completed by the next one.
    """
    if earlier := published_earlier(home, candidate, limits):
        return earlier
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    record = _write(home, candidate, manifest(candidate, verdicts, limits, profile, reason, created, devices, costs))
    if not record.passed:
        _record_refusal(home, record)
        return Outcome(record, _complete(candidate, record) / "report.html", published=False)
    release = Release(home.releases / record.release)
    with home.writing():
        move_folder(_complete(candidate, record), release.folder)
        record_releases(home)
    discard_candidate(candidate)
    return Outcome(record, release.report, published=True)


def published_earlier(home: Home, candidate: Candidate, limits: Limits) -> Outcome | None:
    """The release that the candidate became before, once what a run that was cut off left to do is done; or `None`."""
    release = Release(home.releases / release_id(candidate, limits))
    if not release.folder.exists():
        return None
    log.info("%s is published already", release.id)
    record_releases(home)
    discard_candidate(candidate)
    return Outcome(release.manifest, release.report, published=True)


def record_releases(home: Home) -> None:
    """Give every release its row in the ledger, the oldest first, unless it has one."""
    with home.writing():
        known = Releases.of(home)
        new = [each for each in reversed(known.whole) if each.id in known.unrecorded]
        for release in new:
            why = f"the gate passed {len(release.manifest.passed)} variants"
            details = JudgedDetails.of(release.manifest).kept()
            ledger.record(home, [ledger.Entry("release", release.id, why, release.id, details=details)])
            log.info("published %s: %s", release.id, why)


def discard_candidate(candidate: Candidate) -> None:
    """Remove the work in progress of a candidate that became a release."""
    remove_folder(candidate.folder)


def _record_refusal(home: Home, record: Manifest) -> None:
    """Give the refusal a row in the ledger, which vouches for its manifest; a run that was cut off adds no second one.

    The folder stays, in case a person overrides the verdict.
    """
    why = "no variant passed the gate: " + "; ".join(record.variants[0].reasons)
    entry = ledger.Entry("refusal", record.release, why, details=JudgedDetails.of(record).kept())
    with home.writing():
        known = {each.subject: each.details for each in ledger.read(home, ["refusal"])}
        if known.get(entry.subject) != entry.details:
            ledger.record(home, [entry])
    log.warning("%s", why)


def _complete(candidate: Candidate, record: Manifest) -> Path:
    """Where the release's folder is made: within the candidate's folder, where it stays if nothing passed."""
    return candidate.folder / record.release


def _write(home: Home, candidate: Candidate, record: Manifest) -> Manifest:
    """Write the folder of a release, the manifest last.

    Returns:
        The manifest, which names all other files.
    """
    folder = _complete(candidate, record)
    remove_folder(folder)
    for name in _built(candidate, "tflite"):
        write_file(folder / f"{name}.tflite", candidate.path(name, SHIPPED, "tflite").read_bytes())
    write_file(folder / "golden.json", golden(candidate).to_bytes())
    write_file(folder / "evidence.npz", (candidate.folder / "evidence.npz").read_bytes())
    write_file(folder / "scores.parquet", scores(candidate))
    write_file(folder / "items.json", ITEMS.dump_json(_items(candidate), indent=1))
    if levels := candidate.prepared.levels:
        write_file(folder / "levels.json", LEVELS.dump_json(levels, indent=1))
    record = _with_files(record, folder)
    write_file(folder / "card.md", release_report.card(record).encode())
    page = override_banner.posted(_report(candidate, record), overrides.active(ledger.Ledger.of(home), date.today()))
    write_file(folder / "report.html", page.encode())
    record = _with_files(record, folder)
    write_file(folder / "manifest.json", record.to_bytes())
    return record


def _items(candidate: Candidate) -> dict[str, tuple[str, ...]]:
    """The items of each store that take part."""
    series, found = candidate.prepared.series, dict[str, list[str]]()
    for store, item in zip(series.stores, series.items, strict=True):
        found.setdefault(store, []).append(item)
    return {store: tuple(items) for store, items in found.items()}


def _built(candidate: Candidate, kind: str) -> list[str]:
    """Names of the variants whose shipped run has a file of a kind."""
    return [each.name for each in candidate.spec.variants if candidate.path(each.name, SHIPPED, kind).exists()]


def _report(candidate: Candidate, record: Manifest) -> str:
    """The HTML report, with the forecasts of the baseline and of the smallest variant that passed, if they have any."""
    best, forecast = smallest(record), _built(candidate, "forecast.npy")
    shown = dict.fromkeys([record.variants[0].name, *([best.name] if best else [])])
    drawn = [name for name in shown if name in forecast]
    parts = breakdown(candidate, [subject(record).name])
    return release_report.report(record, samples(candidate, drawn) if drawn else [], parts)


def _with_files(record: Manifest, folder: Path) -> Manifest:
    """The manifest with the size and hash of each file that the folder has."""
    files = {
        path.name: FileRecord(sha256=sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
    }
    return record.model_copy(update={"files": files})


@task
def show(record: Manifest) -> None:
    """The comparison table, every check and the chart of size against MAPE, as Prefect artifacts."""
    description = f"release {record.release}"
    rows = [row.model_dump(exclude_unset=True) for row in comparison(record)]
    create_table_artifact(rows, key="comparison", description=description)
    checks = [
        {"variant": variant.name, **check.model_dump(), "counterfactual": would and would.sentence}
        for variant in record.variants
        for check, would in ((check, check.counterfactual) for check in variant.checks)
    ]
    create_table_artifact(checks, key="verdicts", description=description)
    picture = base64.b64encode(png(size_chart(record))).decode()
    create_image_artifact(f"data:image/png;base64,{picture}", key="size-against-mape")
