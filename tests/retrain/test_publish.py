"""From a judged candidate to a release, or a refusal: written down, recorded once, and complete."""

import shutil
from hashlib import sha256
from pathlib import Path

from tasks.forecasting.gate.limits import Limits
from tasks.retrain.candidate import RunScore
from tasks.retrain.outcome import Outcome
from tasks.retrain.publish import published_earlier, record_releases
from tasks.state import ledger
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.release import Release
from tasks.state.variant_record import VariantRecord
from tests.conftest import Work, only, publish_candidate

NAMES = ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-int8"]
IMPOSSIBLE = only(max_mape=0.1)


def publish_(work: Work, limits: Limits | None = None) -> Outcome:
    return publish_candidate(work.home, work.candidate, limits or work.limits[0])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_vouches_for_every_file(shop: tuple[Home, str, str]) -> None:
    home, *ids = shop
    for name in ids:
        release = Release(home.releases / name)
        found = {path.name: path for path in release.folder.iterdir()}
        assert set(found) == {*release.manifest.files, "manifest.json"}
        assert set(found) == {
            *(f"{variant}.tflite" for variant in NAMES),
            "golden.json",
            "items.json",
            "card.md",
            "report.html",
            "evidence.npz",
            "scores.parquet",
        } | {"manifest.json"}
        for file, record in release.manifest.files.items():
            content = found[file].read_bytes()
            assert (len(content), sha256(content).hexdigest()) == (record.bytes, record.sha256)


def test_the_report_says_where_the_smallest_that_passed_does_well_and_badly(shop: tuple[Home, str, str]) -> None:
    page = Release(shop[0].releases / shop[2]).report.read_text()
    assert "Where lstm-16-int8 does well and badly" in page
    assert all(f"<b>By {kind}</b>" in page for kind in ("store", "item class", "weekday", "month", "item"))


def test_the_ledger_names_each_release_once_and_the_candidate_is_gone(shop: tuple[Home, str, str], built: Work) -> None:
    home, older, newer = shop
    assert [entry.subject for entry in ledger.read(home, ["release"])] == [older, newer]
    entry = ledger.read(home, ["release"])[0]
    assert entry.why == "the gate passed 4 variants"
    manifest = Release(home.releases / older).manifest
    kept = [VariantRecord.model_validate(each) for each in entry.details["variants"]]
    assert kept == list(manifest.variants), "with every check of every verdict"


def test_publishing_twice_is_publishing_once(work: Work, tmp_path: Path) -> None:
    shutil.copytree(work.candidate.folder, tmp_path / "kept")
    first = publish_(work)
    folder = work.home.releases / first.manifest.release
    before = files(folder)
    assert not work.candidate.folder.exists()
    shutil.copytree(tmp_path / "kept", work.candidate.folder)
    assert publish_(work) == first
    assert files(folder) == before
    assert len(ledger.read(work.home, ["release"])) == 1
    assert not work.candidate.folder.exists()
    assert published_earlier(work.home, work.candidate, work.limits[0]) == first
    assert len(ledger.read(work.home, ["release"])) == 1


def test_a_release_whose_row_is_missing_from_the_ledger_gets_it(work: Work) -> None:
    name = publish_(work).manifest.release
    shutil.rmtree(work.home.ledger)
    record_releases(work.home)
    assert [entry.subject for entry in ledger.read(work.home, ["release"])] == [name]


def test_a_candidate_that_was_not_published_has_no_earlier_release(work: Work) -> None:
    assert published_earlier(work.home, work.candidate, work.limits[0]) is None
    assert work.candidate.folder.exists()


def test_where_nothing_passes_there_is_no_release_but_a_refusal(work: Work) -> None:
    outcome = publish_(work, IMPOSSIBLE)
    record = outcome.manifest
    assert not work.home.releases.exists() and not outcome.published
    assert {variant.verdict for variant in record.variants} == {"fail"}
    (entry,) = ledger.read(work.home, ["refusal"])
    assert entry.subject == record.release
    assert entry.why.startswith("no variant passed the gate: MAPE is ") and "over the limit of 0.1 %" in entry.why
    assert [variant["name"] for variant in entry.details["variants"]] == NAMES
    page = outcome.report.read_text()
    assert (
        "None of the 4 variants passed" in page and "does well and badly" in page and "Files that were judged" in page
    )
    assert publish_(work).manifest.release != record.release, "other limits can pass the same candidate"


def test_a_variant_can_ship_although_the_baselines_file_is_of_no_use(work: Work) -> None:
    shutil.rmtree(work.candidate.folder / "lstm-64")
    for run in range(2):
        write_file(work.candidate.path("lstm-64", run, "json"), RunScore(fault="it does not load").to_bytes())
    limits = only(max_mape=60)
    record = publish_(work, limits).manifest
    release = Release(work.home.releases / record.release)
    assert {variant.name: variant.verdict for variant in record.variants} == dict(
        zip(NAMES, ["fail", "fail", "pass", "pass"], strict=True)
    )
    assert [candidate.name for candidate in release.candidates] == NAMES[1:]
    assert "lstm-64.tflite" not in release.manifest.files
