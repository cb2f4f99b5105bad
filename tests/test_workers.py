"""Workers: a job that is lost costs itself only."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

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
