"""`shelfcast serve` in a process of its own, and its server's API as someone reaches it who has the secret."""

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
from prefect.client.constants import SERVER_API_VERSION

from tests.support.patient import PatientClient

ROOT = Path(__file__).parents[3]
SERVE = "from flows.runtime.serve import serve; serve()"
QUICK = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_PREFETCH_SECONDS": "1",  # else it starts what is due in 10 s
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "1",
}


def environment(folder: Path) -> dict[str, str]:
    """The environment of a `serve` that is started in a folder, with a database and a home of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SHELFCAST_"))}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return (
        clean
        | QUICK
        | {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_API_PORT": str(port),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), clean.get("PYTHONPATH")))),
            "SHELFCAST_HOME": "home",  # relative to where `serve` is started, not to the project
        }
    )


@contextmanager
def serving(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`serve`, started in `folder`, when it has said that it serves."""
    log = folder / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=folder, env=environment, stderr=output)
    try:
        wait_until(lambda: "serving; what runs when" in log.read_text() or process.poll() is not None, seconds=300)
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


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


class Api(PatientClient):
    """The API for who has the secret, with a token against forged requests."""

    def all(self, what: str, **filters: Any) -> list[dict[str, Any]]:
        return self.post(f"/{what}/filter", json=filters).raise_for_status().json()

    def deployment(self, name: str) -> dict[str, Any]:
        return self.get(f"/deployments/name/{name}").raise_for_status().json()

    def runs(self, name: str) -> list[dict[str, Any]]:
        """The runs of a deployment in the order of their starts, then those that did not start."""
        runs = self.all("flow_runs", deployments={"id": {"any_": [self.deployment(name)["id"]]}})
        return sorted(runs, key=lambda run: run["start_time"] or "9")

    def start(self, name: str, **body: Any) -> httpx.Response:
        """Ask for a run of a deployment; at once, unless the body says otherwise."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return self.post(path, json={"state": {"type": "SCHEDULED"}} | body)


def url_of(environment: dict[str, str]) -> str:
    return f"http://127.0.0.1:{environment['PREFECT_SERVER_API_PORT']}"


def secret_of(environment: dict[str, str]) -> tuple[str, str]:
    user, _, password = (Path(environment["PREFECT_HOME"]) / "serve.secret").read_text().partition(":")
    return user, password


@contextmanager
def api_of(environment: dict[str, str]) -> Iterator[Api]:
    agent = f"prefect/{prefect.__version__} (API {SERVER_API_VERSION})"  # only its own clients hold a lease on a slot
    url, headers = f"{url_of(environment)}/api", {"User-Agent": agent, "Prefect-Csrf-Client": "tests"}
    with Api(base_url=url, auth=secret_of(environment), timeout=30, trust_env=False, headers=headers) as api:
        token = api.get("/csrf-token", params={"client": "tests"}).raise_for_status().json()["token"]
        api.headers["Prefect-Csrf-Token"] = token
        yield api
