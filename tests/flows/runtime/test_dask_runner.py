"""Two Dask workers, as on two machines that share the home: the same bytes as without them, whatever is lost."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from distributed import Client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.retrain import build_variants, retrain
from flows.runtime import cluster, dask_runner
from flows.settings import Workers
from flows.settings_errors import SettingsError
from tasks import workers
from tasks.forecasting.model.recipe import RECIPES
from tasks.retrain.candidate import Candidate
from tasks.state.home import Home
from tasks.workers import LostWork
from tests.conftest import RECIPE, Work

ROOT = Path(__file__).parents[3]
POOL = "[each.pid for each in __import__('multiprocessing').active_children()]"
TENSORFLOW = "'tensorflow' in __import__('sys').modules"


class Cluster:
    """A scheduler and workers of one thread each, as `dask scheduler` and `dask worker` start them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._started = folder, list[subprocess.Popen[bytes]]()
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2])
        self.client = Client(self.address, timeout=60, set_as_default=False)

    @property
    def settings(self) -> Workers:
        return Workers(dask=self.address)

    def add(self, number: int) -> None:
        """Start workers that the scheduler knows by their place in the order of their start."""
        known = len(self.client.scheduler_info()["workers"])
        for _ in range(number):
            self._start("worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny")
        self.client.wait_for_workers(known + number, timeout=60)

    def on_workers(self, expression: str) -> dict[str, Any]:
        return self.client.run(eval, expression)

    def kill_one_that_works(self) -> None:
        """Kill a worker as soon as it has work."""
        while not (busy := [worker for worker, steps in self.client.processing().items() if steps]):
            time.sleep(0.05)
        os.kill(self.client.run(os.getpid, workers=busy[:1])[busy[0]], signal.SIGKILL)

    def kill_all(self) -> None:
        for pid in self.on_workers("__import__('os').getpid()").values():
            os.kill(pid, signal.SIGKILL)
        while self.client.scheduler_info()["workers"]:
            time.sleep(0.05)

    def stop(self) -> None:
        self.client.close()
        for process in reversed(self._started):
            process.kill()
            process.wait()

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{what}-{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", what, "--no-dashboard", *arguments],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self._started.append(process)
        return process


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("dask"))
    yield started
    started.stop()


@pytest.fixture
def unbuilt(built: Work, tmp_path: Path) -> Work:
    """The same sales and the same candidate, prepared, with nothing built yet."""
    work = built.copied(tmp_path / "unbuilt")
    for variant in work.candidate.spec.variants:
        shutil.rmtree(work.candidate.folder / variant.name)
    return work


def made(candidate: Candidate) -> dict[str, bytes]:
    """Every weight and every file that was built, and what else lies beside them."""
    found = [path for variant in candidate.spec.variants for path in (candidate.folder / variant.name).glob("[!0-9]*")]
    found += [path for path in candidate.folder.glob("*/[0-9]*") if path.suffix in (".npz", ".tflite")]
    return {str(path.relative_to(candidate.folder)): path.read_bytes() for path in found}


def build(dask: Cluster, candidate: Candidate) -> None:
    build_variants.with_options(task_runner=cluster.task_runner(dask.settings))(candidate)


def test_two_workers_make_the_same_bytes_as_none(
    dask: Cluster, built: Work, tmp_path: Path, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built.home.sales, tmp_path / "home" / "sales")
    monkeypatch.setitem(RECIPES, "production", RECIPE)
    settings = tmp_path / "settings.toml"
    settings.write_text(
        '[profiles.quick]\nrecipe = "production"\nruns = 2\nvariants = ["lstm-16", "lstm-16-p50", "lstm-16-int8"]\n'
        f'[gate]\nmax_mape = 0.01\n[workers]\ndask = "{dask.address}"\n'
    )
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(settings))
    dask.add(2)
    assert retrain(str(tmp_path / "home"), "quick").release is None, "a refused candidate's files stay"
    (folder,) = (tmp_path / "home" / "candidates").glob("*/")
    assert len(made(built.candidate)) == 16
    assert made(replace(built.candidate, folder=folder)) == made(built.candidate)
    assert not any(dask.on_workers(TENSORFLOW).values()), "it is imported in worker processes only"
    processes = dask.on_workers(POOL)
    assert [len(pids) for pids in processes.values()] == [1, 1], "both did work, each in one process a thread"
    for worker, (pid,) in processes.items():
        job = f"(__import__('os').getpid(), {TENSORFLOW})"
        answers = dask.client.submit(workers.gather, eval, [(job,)] * 3, workers=[worker], pure=False).result()
        assert answers == [(pid, True)] * 3, "the process that trained is still there, with TensorFlow in it"


def test_a_worker_that_is_not_fit_is_refused_before_anything_starts(
    dask: Cluster, built: Work, tmp_path: Path, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask.add(1 - min(1, len(dask.client.scheduler_info()["workers"])))
    cluster.require_usable(dask.settings, built.home)
    with pytest.raises(SettingsError, match=r"worker tcp://127.0.0.1:\d+ cannot be used: it does not see the home"):
        cluster.require_usable(dask.settings, Home(tmp_path / "elsewhere"))
    monkeypatch.setattr(cluster, "version", lambda _: "0.0.1")
    with pytest.raises(SettingsError, match=r"it has .*tensorflow 2[.\d]+, not 0.0.1; .*install the same"):
        cluster.require_usable(dask.settings, built.home)


def test_a_killed_workers_steps_are_done_by_another(dask: Cluster, built: Work, unbuilt: Work, api_url: str) -> None:
    dask.add(2 - len(dask.client.scheduler_info()["workers"]))
    killer = Thread(target=dask.kill_one_that_works)
    killer.start()
    build(dask, unbuilt.candidate)
    killer.join()
    assert len(dask.client.scheduler_info()["workers"]) == 1
    assert made(unbuilt.candidate) == made(built.candidate)


def test_a_step_that_is_lost_for_good_fails_the_run_and_the_next_one_completes_it(
    dask: Cluster, built: Work, unbuilt: Work, api_url: str
) -> None:
    dask.add(2 - len(dask.client.scheduler_info()["workers"]))
    dask.client.run_on_scheduler(_allow_no_failure)
    killer = Thread(target=dask.kill_one_that_works)
    killer.start()
    with pytest.raises(LostWork, match=r"in a step on the cluster .*; nothing was judged or published"):
        build(dask, unbuilt.candidate)
    killer.join()
    assert made(unbuilt.candidate).items() < made(built.candidate).items()
    build(dask, unbuilt.candidate)
    assert made(unbuilt.candidate) == made(built.candidate), "the next run goes on from there"


def test_a_cluster_without_workers_is_no_cluster(
    dask: Cluster, unbuilt: Work, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask.kill_all()
    with pytest.raises(SettingsError, match=f"has no workers; start some: dask worker {dask.address}"):
        cluster.require_usable(dask.settings, unbuilt.home)
    monkeypatch.setattr(dask_runner, "WORKERLESS", 2)
    with pytest.raises(dask_runner.ClusterLost, match="no Dask worker for 2 s"):
        build(dask, unbuilt.candidate)


def test_a_scheduler_that_dies_fails_the_run(dask: Cluster, unbuilt: Work, api_url: str) -> None:
    def kill() -> None:
        while len(dask.client.run_on_scheduler(_steps)) < 8:
            time.sleep(0.05)
        dask.scheduler.kill()

    killer = Thread(target=kill)
    killer.start()
    with pytest.raises(dask_runner.ClusterLost, match="scheduler is gone; start it and run the same command again"):
        build(dask, unbuilt.candidate)
    killer.join()


def test_without_a_prefect_server_for_all_it_does_not_start(unbuilt: Work) -> None:
    with (
        temporary_settings({PREFECT_API_URL: None}),
        pytest.raises(SettingsError, match=r"needs one Prefect server.* PREFECT_API_URL"),
    ):
        cluster.require_usable(Workers(dask="tcp://10.0.0.5:8786"), unbuilt.home)


def test_the_command_says_in_one_line_that_nothing_answers(unbuilt: Work, api_url: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    environment = {"PYTHONPATH": str(ROOT), "PREFECT_API_URL": api_url, "SHELFCAST_WORKERS__DASK": address}
    said = subprocess.run(
        [Path(sys.executable).with_name("shelfcast"), "retrain", "--home", str(unbuilt.home.root)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    (line,) = said.stderr.splitlines()
    assert f"workers.dask = {address} does not answer" in line and "start it with `dask scheduler`" in line


def _steps(dask_scheduler: Any) -> list[str]:
    return [str(key) for key in dask_scheduler.tasks]


def _allow_no_failure(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 0
