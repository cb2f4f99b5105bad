"""The day's work in its order, on a real server whose worker is played by a thread: runs that end badly or never."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from prefect import State, flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Completed, Failed, Pending, Running

from flows import routine as module
from flows.routine import routine

DONE = Completed()


@flow
def step() -> None:
    """A flow that a worker would run."""


@contextmanager
def worker(ends: dict[str, State | None]) -> Iterator[list[str]]:
    """Start each run of the deployments as soon as it is there, and end it a little later, or never."""
    log: list[str] = []
    over = Event()

    def work() -> None:
        with get_client(sync_client=True) as client:
            flow_id = client.create_flow(step)
            names = {client.create_deployment(flow_id, name=name): name for name in ends}
            ready.set()
            while not over.wait(0.1):
                _work(client, {key: (name, ends[name]) for key, name in names.items()}, log)

    ready, thread = Event(), Thread(target=work)
    thread.start()
    assert ready.wait(60)
    try:
        yield log
    finally:
        over.set()
        thread.join()


def _work(client: SyncPrefectClient, ends: dict[object, tuple[str, State | None]], log: list[str]) -> None:
    for run in client.read_flow_runs():
        if run.deployment_id in ends and run.state and run.state.is_scheduled():
            name, end = ends[run.deployment_id]
            log.append(f"{name} starts")
            for state in (Pending(), Running()):
                client.set_flow_run_state(run.id, state)
            if end:
                time.sleep(0.5)
                log.append(f"{name} ends")
                client.set_flow_run_state(run.id, end)


@pytest.mark.usefixtures("api_url")
def test_each_starts_when_the_one_before_has_ended_well_or_not() -> None:
    with worker({"a": Failed(message="no sales came"), "b": DONE, "c": DONE}) as log:
        routine(["step/a", "step/b", "step/c"])
    assert log == ["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]


@pytest.mark.usefixtures("api_url")
def test_a_run_that_is_lost_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 2)
    with worker({"lost": None, "next": DONE}) as log:
        routine(["step/lost", "step/next"])
    assert log == ["lost starts", "next starts", "next ends"]
