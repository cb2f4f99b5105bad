"""Building: each run's weights and file are made once, and the same seed gives the same bytes."""

import logging
import shutil
from pathlib import Path

import pytest

from tasks import workers
from tasks.ingest.sample import write_sample
from tasks.report.sentences.checks import reasons
from tasks.retrain.build import build, build_run
from tasks.retrain.evaluate import score_run
from tasks.retrain.judge import judge
from tasks.retrain.prepare import draft, prepare
from tasks.state.home import Home
from tests.conftest import TODAY, TakeIn, Work, tiny_spec


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


def test_a_lost_worker_is_a_fault_and_its_children_are_not_built(work: Work) -> None:
    scratch, pruned = work.candidate.spec.variants[1:3]
    for variant in (scratch, pruned):
        shutil.rmtree(work.candidate.folder / variant.name)
    assert build_run(work.candidate, pruned, 0) == 0.0
    score_run(work.candidate, pruned, 0)
    assert not (work.candidate.folder / pruned.name).exists()
    verdicts = judge.fn(work.candidate, work.limits[0], {}, TODAY)
    assert [verdict.outcome for verdict in verdicts] == ["pass", "fail", "fail", "fail"]
    assert "its worker or its parent's crashed or hung" in reasons(verdicts[1].checks)[0]


@pytest.mark.parametrize(("lost", "runs"), [(False, "2 runs"), (True, "1 of 2 runs")])
def test_the_log_says_what_was_made(
    work: Work, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, lost: bool, runs: str
) -> None:
    baseline, scratch, pruned, _ = work.candidate.spec.variants
    if lost:
        monkeypatch.setattr(workers, "gather", lambda function, jobs: [function(*jobs[0])])
    with caplog.at_level(logging.INFO, "shelfcast.build"):
        build.fn(work.candidate, baseline, None)
        build.fn(work.candidate, pruned, scratch)
    assert [record.message for record in caplog.records] == [
        f"trained lstm-64: {runs}, 0.0 s",
        f"compressed lstm-16-p50 from lstm-16: {runs}, 0.0 s",
    ]
