"""Workers: a job that is lost costs itself only."""

import logging
import multiprocessing
import os
import pickle
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from tasks import workers
from tasks.workers import LostWork


def double(number: int, twice: Path | None = None) -> int:
    """Twice a number; -1 kills its worker, the first time only if a path is given; -2 raises."""
    if number == -1 and not (twice and twice.exists()):
        if twice:
            twice.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if number == -2:
        raise ValueError("not this one")
    time.sleep(0.01 * (10 - number))
    return 2 * number


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert workers.gather(double, [(number,) for number in range(6)]) == [0, 2, 4, 6, 8, 10]
    assert workers.gather(double, []) == []


def test_a_job_whose_worker_is_killed_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "shelfcast.workers"):
        assert workers.gather(double, [(1,), (-1, tmp_path / "killed"), (3,)]) == [2, -2, 6]
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("a worker was lost in double of -1, killed, which is tried again: ")


def test_a_job_whose_worker_is_killed_again_is_lost_and_costs_no_other(tmp_path: Path) -> None:
    made = workers.arriving(double, [(1,), (-1,), (3,), (-1,), (5,)])
    assert [next(made) for _ in range(3)] == [2, 6, 10]
    with pytest.raises(LostWork, match=r"lack of memory, in double of -1; double of -1; nothing was .* run the same"):
        next(made)
    assert workers.gather(double, [(4,)]) == [8], "the pool goes on"


def test_lost_work_says_the_same_on_another_machine() -> None:
    error = LostWork.of("double of 1")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_exception_of_the_job_is_raised() -> None:
    with pytest.raises(ValueError, match="not this one"):
        workers.gather(double, [(1,), (-2,), (3,)])
    assert workers.gather(double, [(4,)]) == [8]


def test_a_job_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HANG", 1)
    made = workers.arriving(time.sleep, [(60,), (0,)])
    assert next(made) is None
    with pytest.raises(LostWork, match="in sleep of 60; "):
        next(made)


@pytest.fixture
def server() -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"


def test_a_process_that_may_have_no_children_is_not_fit(tmp_path: Path, server: str) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as daemons:
        assert "--no-nanny" in daemons.apply(workers.unfit, (tmp_path, server, {}))
    assert workers.unfit(tmp_path, server, {}) is None


def test_a_process_on_another_machine_must_see_and_have_the_same(tmp_path: Path, server: str) -> None:
    numpy = version("numpy")
    assert workers.unfit(tmp_path, server, {"numpy": numpy}) is None
    assert f"it has numpy {numpy}, not 1.0" in str(workers.unfit(tmp_path, server, {"numpy": "1.0"}))
    assert f"does not see the home {tmp_path / 'home'}" in str(workers.unfit(tmp_path / "home", server, {}))
    assert "does not reach the Prefect server" in str(workers.unfit(tmp_path, "http://127.0.0.1:9/api", {}))
