"""Building: each run's weights and file are made once, and the same seed gives the same bytes."""

import logging
import shutil
from pathlib import Path

import pytest

from tasks import workers
from tasks.ingest.sample import write_sample
from tasks.retrain import build as steps
from tasks.retrain.build import build, build_run
from tasks.retrain.evaluate import evaluate, score_run
from tasks.retrain.judge import judge
from tasks.retrain.prepare import draft, prepare
from tasks.state.home import Home
from tasks.workers import LostWork
from tests.conftest import TODAY, TakeIn, Work, tiny_spec
from tests.support.deaths import kill_in


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_goes_on_where_it_was_cut_off(work: Work) -> None:
    variant = work.candidate.spec.variants[1]
    before = files(work.candidate.folder)
    for kind in ("npz", "tflite", "json", "forecast.npy"):
        work.candidate.path(variant.name, 1, kind).unlink()
    assert build_run(work.candidate, variant, 0) == 0.0, "the other run stays"
    assert build_run(work.candidate, variant, 1) > 0
    score_run(work.candidate, variant, 1)
    after = files(work.candidate.folder)
    assert {name for name in before if before[name] != after[name]} == set(), "the same seed gives the same bytes"


def test_the_same_sales_give_the_same_bytes_in_another_home(built: Work, tmp_path: Path, take_in: TakeIn) -> None:
    write_sample(tmp_path / "history.parquet", built.chain)
    take_in(Home(tmp_path / "home"), tmp_path / "history.parquet")
    variants = tuple(variant.name for variant in built.candidate.spec.variants[1:])
    again = draft(Home(tmp_path / "home"), tiny_spec(*variants, runs=2))
    prepare.fn(Home(tmp_path / "home"), again)
    workers.gather(build_run, [(again, variant, 1) for variant in again.spec.variants[:2]])
    workers.gather(build_run, [(again, variant, 1) for variant in again.spec.variants[2:]])
    made = files(again.folder)
    assert {"prepared.json", "sales.npy", "lstm-16-int8/1.tflite", "lstm-16-p50/1.npz"} < set(made)
    assert made == {name: files(built.candidate.folder)[name] for name in made}


@pytest.fixture
def unbuilt(work: Work) -> Work:
    for variant in work.candidate.spec.variants[1:3]:
        shutil.rmtree(work.candidate.folder / variant.name)
    return work


def test_a_run_whose_worker_is_killed_once_is_built(
    unbuilt: Work, built: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scratch, pruned, _ = unbuilt.candidate.spec.variants
    monkeypatch.setattr(steps, "build_run", kill_in(unbuilt, "lstm-16", 1, deaths=1))
    build.fn(unbuilt.candidate, scratch, None)
    build.fn(unbuilt.candidate, pruned, scratch)
    evaluate.fn(unbuilt.candidate, scratch)
    for name in ("lstm-16/1.tflite", "lstm-16-p50/1.tflite", "lstm-16/1.json"):
        assert (unbuilt.candidate.folder / name).read_bytes() == (built.candidate.folder / name).read_bytes()


def test_a_run_whose_worker_is_killed_always_fails_the_step_and_the_other_run_stays(
    unbuilt: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = unbuilt.candidate.spec.variants[1]
    monkeypatch.setattr(steps, "build_run", kill_in(unbuilt, "lstm-16", 1, deaths=9))
    with pytest.raises(LostWork, match="in build_or_die of lstm-16, 1; nothing was judged or published"):
        build.fn(unbuilt.candidate, scratch, None)
    assert unbuilt.candidate.path("lstm-16", 0, "tflite").exists()


def test_there_is_no_verdict_on_a_variant_that_was_not_measured(unbuilt: Work) -> None:
    with pytest.raises(FileNotFoundError):
        judge.fn(unbuilt.candidate, unbuilt.limits[0], {}, TODAY)


def test_the_log_says_what_was_made(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    baseline, scratch, pruned, _ = work.candidate.spec.variants
    with caplog.at_level(logging.INFO, "shelfcast.build"):
        build.fn(work.candidate, baseline, None)
        build.fn(work.candidate, pruned, scratch)
    assert [record.message for record in caplog.records] == [
        "trained lstm-64: 2 runs, 0.0 s",
        "compressed lstm-16-p50 from lstm-16: 2 runs, 0.0 s",
    ]
