"""`serve` for real: one process to start, everything up; one signal, everything gone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import prefect
import pytest
from prefect.client.constants import SERVER_API_VERSION

from flows.runtime import serve

ROOT = Path(__file__).parents[3]
SERVE = "from flows.runtime.serve import serve; serve()"

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SHELFCAST_"))}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return clean | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_API_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), clean.get("PYTHONPATH")))),
        "SHELFCAST_HOME": "home",  # relative to where `serve` is started, not to the project
    }


@contextmanager
def serving(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`serve` in a process of its own, started in `folder`, when it has said that it serves."""
    log = folder / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=folder, env=environment, stderr=output)
    try:
        wait_until(lambda: "serving; what runs when" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        for pid in (process.pid, *descendants(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing for {seconds} s"
        time.sleep(0.2)


def descendants(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    found = [pid]
    for parent in found:
        found += [child for child, of in pairs if of == parent]
    return found[1:]


class Api(httpx.Client):
    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """As Prefect's own clients do, again when SQLite was locked, which still happens with Prefect 3.9.1."""
        for seconds in (0.5, 1, 2, 4, 8):
            response = super().send(request, **options)
            if response.status_code != 503:
                break
            time.sleep(seconds)
        return response


def api_of(environment: dict[str, str]) -> Api:
    url = f"http://127.0.0.1:{environment['PREFECT_SERVER_API_PORT']}/api"
    agent = f"prefect/{prefect.__version__} (API {SERVER_API_VERSION})"  # only its own clients hold a lease on a slot
    return Api(base_url=url, timeout=30, trust_env=False, headers={"User-Agent": agent})


def retrains(api: Api) -> tuple[dict, int]:
    """The deployment and the number of its runs that the server believes to be running."""
    found = api.get("/deployments/name/retrain/seasonal").raise_for_status().json()
    return found, found["global_concurrency_limit"]["active_slots"]


def test_all_is_up_then_all_is_gone_and_a_run_that_died_does_not_block_the_next(environment, tmp_path):
    with serving(environment, tmp_path) as process, api_of(environment) as api:
        names = {item["entrypoint"] for item in api.post("/deployments/filter", json={}).json()}
        assert names == {f"flows/{flow}.py:{flow}" for flow in ("ingest", "monitor", "promote", "retrain", "tidy")}
        wait_until(lambda: api.post("/work_pools/shelfcast/workers/filter", json={}).json())
        retrain, _ = retrains(api)
        later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2090-01-01T00:00:00Z"}}}
        run = api.post(f"/deployments/{retrain['id']}/create_flow_run", json=later).raise_for_status().json()
        for state in ({"type": "PENDING"}, {"type": "RUNNING"}):  # as a worker would say that has started it
            api.post(f"/flow_runs/{run['id']}/set_state", json={"state": state, "force": False}).raise_for_status()
        assert retrains(api)[1] == 1
        children = descendants(process.pid)
        assert len(children) >= 2, "a server and a worker"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]

    with serving(environment, tmp_path) as process, api_of(environment) as api:
        assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "CRASHED"
        assert retrains(api)[1] == 0
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_server_that_dies_ends_serve_and_its_worker(environment, tmp_path):
    with serving(environment, tmp_path) as process:
        children = descendants(process.pid)
        os.kill(children[0], signal.SIGKILL)
        assert process.wait(60) == 1
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert "ServeError: the server must keep running" in (tmp_path / "serve.log").read_text()


def refused(environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", SERVE]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_taken_port_is_refused_with_the_remedy(environment):
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment["PREFECT_SERVER_API_PORT"])))
        other.listen()
        line = refused(environment)
    assert line.startswith(
        f"flows.runtime.serve.ServeError: port {environment['PREFECT_SERVER_API_PORT']} must be free"
    )
    assert "Set PREFECT_SERVER_API_PORT to another port" in line


def test_a_server_that_does_not_answer_is_refused(environment):
    line = refused(environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    assert line.startswith("flows.runtime.serve.ServeError: the server of PREFECT_API_URL must answer")


def test_bad_seasons_are_refused_before_anything_starts(environment, tmp_path):
    (tmp_path / "seasons.toml").write_text("[[season]]\nname = 3")
    line = refused(environment | {"SHELFCAST_SEASONS": str(tmp_path / "seasons.toml")})
    assert line.startswith("flows.runtime.seasons.SeasonsError: seasons (")


def test_runs_get_absolute_paths_and_urls_as_they_are(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELFCAST_HOME", "home")
    monkeypatch.setenv("SHELFCAST_SETTINGS", "file:///etc/shelfcast.toml")
    environment = serve._environment("http://127.0.0.1:1/api")
    assert environment["SHELFCAST_HOME"] == str(tmp_path / "home")
    assert environment["SHELFCAST_SETTINGS"] == "file:///etc/shelfcast.toml"
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
