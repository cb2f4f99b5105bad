"""Workers: a job that is lost costs itself only."""

import logging
import os
import signal
import time

import pytest

from tasks import workers


def double(number: int) -> int:
    """Twice a number; -1 kills its worker, -2 raises."""
    if number == -1:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == -2:
        raise ValueError("not this one")
    time.sleep(0.01 * (10 - number))
    return 2 * number


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert workers.gather(double, [(number,) for number in range(6)]) == [0, 2, 4, 6, 8, 10]
    assert workers.gather(double, []) == []


def test_a_worker_that_is_killed_loses_its_own_job_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "shelfcast.workers"):
        assert workers.gather(double, [(1,), (-1,), (3,), (-1,), (5,)]) == [2, 6, 10]
    assert [record.message.split(":")[0] for record in caplog.records] == ["a worker was lost in double()"] * 2
    assert workers.gather(double, [(4,)]) == [8], "the pool goes on"


def test_an_exception_of_the_job_is_raised() -> None:
    with pytest.raises(ValueError, match="not this one"):
        workers.gather(double, [(1,), (-2,), (3,)])
    assert workers.gather(double, [(4,)]) == [8]


def test_a_job_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HANG", 1)
    assert workers.gather(time.sleep, [(60,), (0,)]) == [None]
