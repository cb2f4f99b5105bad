"""Evaluation: each file's score, the faults of files that must not ship, and their latency."""

import shutil

import numpy as np
import pytest

from tasks.report.sentences.checks import reasons
from tasks.retrain.evaluate import score_run, time_file
from tasks.retrain.judge import judge
from tests.conftest import TODAY, Work


def test_each_run_has_its_weights_file_and_score(built: Work) -> None:
    for variant in built.candidate.spec.variants:
        for run, score in enumerate(built.candidate.scores(variant.name)):
            assert score.fault is None, (variant.name, run)
            content = built.candidate.path(variant.name, run, "tflite").read_bytes()
            assert score.file_bytes == len(content) < score.ram_bytes
            forecast, days = built.candidate.forecast(variant.name, run), built.candidate.holdout
            sold = days.actual > 0
            errors = np.abs(forecast - days.actual)[sold] / days.actual[sold]
            assert score.mape == pytest.approx(100 * errors.mean(dtype=float))
            assert set(score.by_store) == {"1", "2"}


def test_a_file_is_timed_by_the_rules_and_without_a_figure_says_why(work: Work) -> None:
    name = work.candidate.spec.variants[0].name
    assert work.candidate.latency(name).latency_us > 0
    assert work.candidate.latency(name).latency_fault is None
    work.candidate.path(name, 0, "latency.json").unlink()
    work.candidate.path(name, 0, "tflite").write_bytes(work.candidate.path(name, 1, "tflite").read_bytes())
    time_file(work.candidate, work.candidate.spec.variants[0])
    assert work.candidate.latency(name).latency_us is None
    assert "must be the one that was scored" in work.candidate.latency(name).latency_fault


def test_a_damaged_file_is_a_fault_and_fails(work: Work) -> None:
    variant = work.candidate.spec.variants[1]
    path = work.candidate.path(variant.name, 0, "tflite")
    path.write_bytes(path.read_bytes()[:500])
    work.candidate.path(variant.name, 0, "json").unlink()
    score_run(work.candidate, variant, 0)
    verdict = judge.fn(work.candidate, work.limits[0], {}, TODAY)[1]
    assert verdict.outcome == "fail"
    assert "the file is not usable: the file does not load in LiteRT" in reasons(verdict.checks)[0]


def test_a_file_that_answers_other_than_its_weights_is_a_fault(work: Work) -> None:
    one, other = work.candidate.spec.variants[1], work.candidate.spec.variants[0]
    shutil.copy(work.candidate.path(other.name, 0, "tflite"), work.candidate.path(one.name, 0, "tflite"))
    work.candidate.path(one.name, 0, "json").unlink()
    score_run(work.candidate, one, 0)
    assert "its answers differ from its weights' by" in work.candidate.shipped(one.name).fault
