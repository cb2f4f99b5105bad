"""The manifest of a candidate: means over runs, what ships, and how variants rank."""

from dataclasses import replace

import pytest

from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import dominated_by, rank
from tasks.report.sentences.choice import choice_record
from tasks.retrain.candidate import RunScore
from tasks.retrain.judge import judge
from tasks.retrain.manifest import manifest, release_id
from tasks.retrain.outcome import Outcome, RetrainResult
from tasks.state.manifest import Manifest
from tasks.state.release import Release
from tests.conftest import TODAY, Work, only, publish_candidate

NAMES = ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-int8"]


def manifest_of(work: Work, limits: Limits, devices: dict[str, DeviceClass] | None = None) -> Manifest:
    verdicts = judge.fn(work.candidate, limits, {}, TODAY)
    return manifest(work.candidate, verdicts, limits, "tiny", "a test", "2026-01-01", devices or {}, CostModel())


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


def useless(work: Work, variant: str, run: int) -> None:
    """Let a run's file be of no use."""
    work.candidate.path(variant, run, "json").write_bytes(RunScore(fault="it does not load").to_bytes())


def test_the_mean_over_runs_is_undefined_if_one_runs_file_is_of_no_use(work: Work) -> None:
    useless(work, "lstm-16", 1)
    variant = manifest_of(work, work.limits[0]).variants[1]
    assert variant.mape is None and variant.delta_mape is None and variant.shipped_mape > 0


def test_a_release_is_named_after_what_it_depends_on(built: Work) -> None:
    one, two = (release_id(built.candidate, limits) for limits in built.limits)
    assert one != two and one.startswith("20230306-")
    other = replace(built.candidate, folder=built.candidate.folder.with_name("20230306-00000000"))
    assert release_id(other, built.limits[0]) not in (one, two)


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
    for run in range(2):
        useless(work, "lstm-64", run)
    limits = only(max_mape=60)
    devices = {"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)}
    record = manifest_of(work, limits, devices)
    assert record.variants[0].dominated_by is None
    assert {row.name for row in record.choices[0].ranking} == set(NAMES[1:])
