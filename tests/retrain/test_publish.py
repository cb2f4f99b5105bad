"""From a built candidate to a release: prepared, scored, judged, written down, and answered by the files."""

import json
import os
import shutil
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import dominated_by, rank
from tasks.report.sentences.checks import reasons
from tasks.report.sentences.choice import choice_record
from tasks.retrain.candidate import Candidate
from tasks.retrain.comparators import Comparator
from tasks.retrain.evaluate import evaluate_comparators
from tasks.retrain.judge import judge
from tasks.retrain.manifest import manifest, release_id
from tasks.retrain.outcome import Outcome, RetrainResult
from tasks.retrain.publish import published_earlier, record_releases
from tasks.state import ledger
from tasks.state import release as releases
from tasks.state.arrays import npy
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.manifest import Manifest
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tasks.state.variant_record import VariantRecord
from tests.conftest import LIMITS, TODAY, Work, only, publish_candidate

NAMES = ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-int8"]
IMPOSSIBLE = only(max_mape=0.1)


def outcomes(verdicts: list[Verdict]) -> dict[str, str]:
    return {verdict.variant: verdict.outcome for verdict in verdicts}


def checks(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.outcome for check in verdict.checks}


def publish_(work: Work, limits: Limits | None = None) -> Outcome:
    return publish_candidate(work.home, work.candidate, limits or work.limits[0])


def manifest_of(work: Work, limits: Limits, devices: dict[str, DeviceClass] | None = None) -> Manifest:
    verdicts = judge.fn(work.candidate, limits, {}, TODAY)
    return manifest(work.candidate, verdicts, limits, "tiny", "a test", "2026-01-01", devices or {}, CostModel())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def deadly(*_: Any) -> None:
    """A job that crashes its process."""
    os.kill(os.getpid(), signal.SIGKILL)


def candidate_in(home: Home, built: Work) -> Candidate:
    return replace(built.candidate, folder=home.candidates / built.candidate.folder.name)


def test_every_variant_is_judged_and_a_missing_champion_is_not_applicable(built: Work) -> None:
    verdicts = judge.fn(built.candidate, built.limits[0], {}, TODAY)
    assert outcomes(verdicts) == dict.fromkeys(NAMES, "pass"), [reasons(verdict.checks) for verdict in verdicts]
    assert {checks(verdict)["champion"] for verdict in verdicts} == {"not applicable"}


@pytest.mark.parametrize(
    ("times", "outcome"), [(float("nan"), "abstain"), (1.0, "fail"), (9.0, "pass")], ids=["nan", "better", "worse"]
)
def test_a_champion(work: Work, times: float, outcome: str) -> None:
    champion = Comparator("champion", "what runs", {"1": Champion("none", "lstm-64")})
    evaluate_comparators.fn(work.home, work.candidate, [champion])
    units = work.candidate.holdout.actual * np.float32(times)
    write_file(work.candidate.comparator("champion"), npy(units))
    verdicts = judge.fn(work.candidate, work.limits[0], {}, TODAY)
    assert {checks(verdict)["champion"] for verdict in verdicts} == {outcome}
    assert set(outcomes(verdicts).values()) == {outcome}


def test_champions_are_measured_in_the_stores_that_run_them_on_the_same_days(
    shop: tuple[Home, str, str], built: Work
) -> None:
    home, older, newer = shop
    candidate = candidate_in(home, built)
    runs = {"1": Champion(older, "lstm-64"), "2": Champion(newer, "lstm-16-p50")}
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", runs)])
    judge.fn(candidate, LIMITS[0], {}, TODAY)
    evidence = Evidence.from_bytes((candidate.folder / "evidence.npz").read_bytes())
    for store, model in runs.items():
        cells = evidence.stores == store
        champion, own = (evidence.errors[name].percentage[cells] for name in ("champion", model.variant))
        assert champion == pytest.approx(own, rel=1e-4)
    assert evidence.errors["incumbent"].percentage == pytest.approx(evidence.errors["champion"].percentage)


def test_a_store_without_a_champion_keeps_the_reference_forecast(shop: tuple[Home, str, str], built: Work) -> None:
    home, older, _ = shop
    candidate = candidate_in(home, built)
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", {"1": Champion(older, "lstm-64")})])
    judge.fn(candidate, LIMITS[0], {}, TODAY)
    evidence = Evidence.from_bytes((candidate.folder / "evidence.npz").read_bytes())
    other = evidence.stores == "2"
    assert evidence.errors["champion"].covers.tolist() == (~other).tolist()
    kept, reference = (evidence.errors[name].percentage[other] for name in ("incumbent", "reference"))
    assert kept == pytest.approx(reference)


@pytest.mark.parametrize("model", ["lost", "damaged", "gone"])
def test_a_champion_that_cannot_be_measured_makes_the_gate_abstain(
    shop: tuple[Home, str, str], built: Work, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, older, newer = shop
    candidate = candidate_in(home, built)
    if model == "damaged":
        (home.releases / newer / "lstm-64.tflite").write_bytes(b"")
    if model == "lost":
        monkeypatch.setattr("tasks.retrain.evaluate.forecast_of", deadly)
    runs = {"1": Champion(older, "lstm-16"), "2": Champion("gone" if model == "gone" else newer, "lstm-64")}
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", runs)])
    verdicts = judge.fn(candidate, LIMITS[0], {}, TODAY)
    assert {checks(verdict)["champion"] for verdict in verdicts} == {"abstain"}
    assert set(outcomes(verdicts).values()) == {"abstain"}


def test_the_first_run_is_judged_not_the_best(work: Work) -> None:
    path = work.candidate.path("lstm-64", 0, "forecast.npy")
    write_file(path, npy(5 * np.load(path)))
    assert judge.fn(work.candidate, work.limits[0], {}, TODAY)[0].outcome == "fail"


def test_the_manifest_averages_runs_and_keeps_what_ships_apart(built: Work) -> None:
    record = manifest_of(built, built.limits[0])
    assert [variant.name for variant in record.variants] == NAMES
    assert (record.reason, record.seeds, record.profile.runs) == ("a test", (0, 1), 2)
    baseline = record.variants[0]
    for variant in record.variants:
        one, two = [score.mape for score in built.candidate.scores(variant.name)]
        assert variant.mape == pytest.approx((one + two) / 2)
        assert variant.mape_std == pytest.approx(abs(one - two) / 2**0.5)
        assert (variant.shipped_mape, variant.shipped_run, variant.runs) == (one, 1, 2)
        assert variant.delta_mape == pytest.approx(variant.mape - baseline.mape)
    said = RetrainResult.of(Outcome(record, built.home.root, published=False), seconds=1.0)
    assert said.release is None and said.naive_mape == record.references[0].mape


def test_the_mean_over_runs_is_undefined_if_one_run_was_lost(work: Work) -> None:
    work.candidate.path("lstm-16", 1, "json").unlink()
    variant = manifest_of(work, work.limits[0]).variants[1]
    assert variant.mape is None and variant.delta_mape is None and variant.shipped_mape > 0


def test_a_release_is_named_after_what_it_depends_on(built: Work) -> None:
    one, two = (release_id(built.candidate, limits) for limits in built.limits)
    assert one != two and one.startswith("20230306-")
    other = replace(built.candidate, folder=built.candidate.folder.with_name("20230306-00000000"))
    assert release_id(other, built.limits[0]) not in (one, two)


def test_the_manifest_vouches_for_every_file(shop: tuple[Home, str, str]) -> None:
    home, *ids = shop
    for name in ids:
        release = Release(home.releases / name)
        found = {path.name: path for path in release.folder.iterdir()}
        assert set(found) == {*release.manifest.files, "manifest.json"}
        assert set(found) == {
            *(f"{variant}.tflite" for variant in NAMES),
            "golden.json",
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


def test_scores_by_group_are_in_the_release_with_their_policy(shop: tuple[Home, str, str], built: Work) -> None:
    table = pd.read_parquet(shop[0].releases / shop[1] / "scores.parquet")
    assert set(table["by"]) == {"", "store", "item", "item class", "store x item class", "weekday", "month"}
    assert set(table["policy"]) == {MapePolicy().hash} and set(table["forecaster"]) == {"reference", *NAMES}
    overall = table[table["by"] == ""].set_index("forecaster")
    for name in NAMES:
        score = built.candidate.shipped(name)
        assert score.policy == MapePolicy().hash
        for error in ("mape", "wape", "bias_pct", "mase", "rmsse"):
            assert overall.loc[name, error] == pytest.approx(getattr(score, error))
    stores = table[(table["forecaster"] == "lstm-16") & (table["by"] == "store")].set_index("group")["mape"]
    assert stores.to_dict() == pytest.approx(built.candidate.shipped("lstm-16").by_store)


def test_a_manifest_ranks_the_variants_for_each_device_class(work: Work) -> None:
    devices = {
        "till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6),
        "tag": DeviceClass(flash_kb=1, ram_kb=8, latency_us=1e6),
    }
    costs = CostModel(currency="CHF", per_mape_pp=0, per_retrain=104, retrains_per_year=1)
    limits = work.limits[0]
    outcome = publish_candidate(work.home, work.candidate, limits, devices=devices, costs=costs)
    record = outcome.manifest
    release = Release(work.home.releases / record.release)
    assert record.release == release_id(work.candidate, limits), "costs are no part of it"
    assert record.costs == costs
    till, tag = record.choices
    assert (till.device, till.variant, till.flash_kb) == ("till", "lstm-16-int8", 128)
    assert (tag.device, tag.variant) == ("tag", None)
    assert tag.reason.startswith("no variant fits a tag device; the smallest, lstm-16-int8, needs ")
    assert {row.name for row in till.ranking} == {row.name for row in tag.ranking} == set(NAMES)
    again = rank(release.candidates, devices["till"], costs, 2)
    assert till == choice_record(again, "till", devices["till"], "CHF"), "two stores share a retrain"
    assert {each.name: each.dominated_by for each in record.variants} == dominated_by(release.candidates)
    for choice in (till, tag):
        assert choice.reason in (release.folder / "card.md").read_text()
    assert RetrainResult.of(outcome, 1.0).choices == record.choices


def test_variants_that_were_not_measured_are_dominated_by_none_and_not_ranked(work: Work) -> None:
    shutil.rmtree(work.candidate.folder / "lstm-64")
    limits = only(max_mape=60)
    devices = {"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)}
    record = manifest_of(work, limits, devices)
    assert record.variants[0].dominated_by is None
    assert {row.name for row in record.choices[0].ranking} == set(NAMES[1:])


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
        "None of the 4 variants passed" in page
        and "does well and badly" in page
        and "lstm-16.tflite was judged" in page
    )
    assert publish_(work).manifest.release != record.release, "other limits can pass the same candidate"


def test_a_variant_can_ship_although_the_baseline_was_lost(work: Work) -> None:
    shutil.rmtree(work.candidate.folder / "lstm-64")
    limits = only(max_mape=60)
    record = publish_(work, limits).manifest
    release = Release(work.home.releases / record.release)
    assert {variant.name: variant.verdict for variant in record.variants} == dict(
        zip(NAMES, ["fail", "fail", "pass", "pass"], strict=True)
    )
    assert [candidate.name for candidate in release.candidates] == NAMES[1:]
    assert "lstm-64.tflite" not in release.manifest.files


def test_a_latency_without_a_figure_fits_no_device(shop: tuple[Home, str, str]) -> None:
    home, _, newer = shop
    path = home.releases / newer / "manifest.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"variants": [each | {"latency_us": None} for each in record["variants"]]}))
    device = DeviceClass(flash_kb=99, ram_kb=99, latency_us=1e6)
    ranking = rank(releases.find(home, newer).candidates, device, CostModel(), 2)
    assert ranking.chosen is None
    assert {row.misfit and row.misfit.resource for row in ranking.passed} == {"no latency"}


def test_a_release_is_found_by_its_id_else_the_newest(shop: tuple[Home, str, str], tmp_path: Path) -> None:
    home, older, newer = shop
    assert releases.find(home, older).id == older
    path = home.releases / newer / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": "2999-01-01T00:00:00+00:00"}))
    assert releases.find(home, None).id == newer
    (home.releases / "half").mkdir()
    assert len(releases.releases(home)) == 2, "a folder without a manifest is no release"
    with pytest.raises(NoSuchRelease, match=rf"no release 'x'; there are {newer}, {older}"):
        releases.find(home, "x")
    with pytest.raises(NoSuchRelease, match=r"there are no releases in .* yet; run `shelfcast retrain` first"):
        releases.find(Home(tmp_path / "empty"), None)


def test_a_changed_or_missing_file_is_not_handed_out(shop: tuple[Home, str, str], built: Work) -> None:
    release = Release(shop[0].releases / shop[1])
    path = release.folder / "lstm-16.tflite"
    content = path.read_bytes()
    assert release.file("lstm-16") == content
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedRelease, match=r"is not the file gated: sha256 .*, expected "):
        release.file("lstm-16")
    path.unlink()
    with pytest.raises(DamagedRelease):
        release.forecast("lstm-16", built.candidate.holdout)
    with pytest.raises(NoSuchRelease, match="has no variant 'lstm-7'"):
        release.file("lstm-7")


def test_the_mape_gated_at_is_the_stores_own_else_that_of_all(shop: tuple[Home, str, str]) -> None:
    release = Release(shop[0].releases / shop[1])
    record = release.variant("lstm-16")
    assert release.gated_mape("lstm-16", "2", MapePolicy()) == record.by_store["2"]
    assert release.gated_mape("lstm-16", "new", MapePolicy()) == record.shipped_mape
    assert record.shipped_mape != record.by_store["2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "schema_version must be 1; received 2, of another shelfcast version"),
        ({"window": None}, "window: Input should be a valid integer"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
    ],
)
def test_a_foreign_manifest_is_refused_in_one_line(shop: tuple[Home, str, str], change: Any, said: str) -> None:
    path = shop[0].releases / shop[1] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DamagedRelease, match=said) as raised:
        releases.find(shop[0], shop[1])
    assert str(path) in str(raised.value) and "Restore it" in str(raised.value) and "\n" not in str(raised.value)


def test_a_manifest_is_read_as_it_was_written(shop: tuple[Home, str, str]) -> None:
    path = shop[0].releases / shop[1] / "manifest.json"
    assert Release(path.parent).manifest.to_bytes() == path.read_bytes()
    assert json.loads(path.read_text())["schema_version"] == 1
