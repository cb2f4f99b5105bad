"""A candidate: views of its folder, and what goes to workers."""

import pickle

import numpy as np
import pytest

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.retrain.candidate import NOT_TIMED
from tests.conftest import Work


def test_only_its_fields_go_to_a_worker(built: Work) -> None:
    assert len(built.candidate.holdout)
    sent = pickle.dumps(built.candidate)
    assert len(sent) < 5000 and "holdout" not in pickle.loads(sent).__dict__
    assert pickle.loads(sent) == built.candidate


def test_the_training_set_stays_in_its_files(built: Work) -> None:
    training_set = built.candidate.training_set
    assert isinstance(training_set.inputs, np.memmap)
    assert len(training_set.inputs) == len(training_set.outputs) == len(training_set.weight)
    assert len(training_set.inputs) == built.candidate.prepared.training_windows


def test_the_validation_days_end_where_the_holdout_begins(built: Work) -> None:
    candidate = built.candidate
    assert isinstance(candidate.validation, EvaluationSet)
    assert candidate.validation.windows.day.min() == np.datetime64(candidate.prepared.validation.first)
    assert candidate.validation.windows.day.max() < candidate.holdout.day.min()


def test_golden_windows_are_spread_over_the_holdout(built: Work) -> None:
    golden = built.candidate.golden
    assert len(golden) == 8
    assert golden.day[0] == built.candidate.holdout.day[0] and golden.series[-1] == built.candidate.holdout.series[-1]


def test_a_run_that_was_lost_has_no_score(work: Work) -> None:
    work.candidate.path("lstm-16", 1, "json").unlink()
    with pytest.raises(FileNotFoundError):
        work.candidate.scores("lstm-16")


def test_a_file_that_was_not_timed_says_so(work: Work) -> None:
    work.candidate.path("lstm-16", 0, "latency.json").unlink()
    assert work.candidate.latency("lstm-16") == NOT_TIMED
