"""Every deployment of `deployments/prefect.yaml`, served from this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are not installed
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.states import Crashed
from prefect.workers.process import ProcessWorker

from flows.runtime import environment, seasons

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments" / "prefect.yaml"
START_SECONDS = 300
"""The first start makes a database, which takes a busy small machine a minute."""
STOP_SECONDS = 20
PATHS = ("SHELFCAST_HOME", "SHELFCAST_SETTINGS", "SHELFCAST_STORES", "SHELFCAST_SEASONS")


class ServeError(RuntimeError):
    """The deployments cannot be served: what is wrong, what to do."""


def checkout() -> dict[str, str]:
    """Pull step of prefect.yaml: a worker runs the flows of its own installation, wherever that is."""
    environment.prepare()
    return {"directory": str(ROOT)}


def serve() -> None:
    """Deploy all of prefect.yaml and run what is due, until Ctrl-C or SIGTERM.

    Uses the server of `PREFECT_API_URL`; without one, a server on 127.0.0.1 that ends with this call.

    Raises:
        SeasonsError: If `seasons.toml` cannot be used.
        ServeError: If the server, the deployment or the worker fails.
    """
    environment.prepare()
    seasons.load()
    pool = yaml.safe_load(DEPLOYMENTS.read_text())["definitions"]["pool"]["name"]
    with _until_told_to_stop(), ExitStack() as stack:
        url, server = _server(stack)
        variables = _environment(url)
        _prepare(url, pool, alone=server is not None)
        _deploy(variables)
        worker = stack.enter_context(_child(variables, "worker", "start", "--type", "process", "--pool", pool))
        print(f"serving; what runs when: {_ui(url)}/deployments (Ctrl-C stops)", file=sys.stderr)
        _watch({"worker": worker} | ({"server": server} if server else {}))


def _server(stack: ExitStack) -> tuple[str, subprocess.Popen[bytes] | None]:
    """The address of the API, and the server's process if it is our own."""
    settings = get_current_settings()
    if settings.api.url:
        return settings.api.url, None
    port = settings.server.api.port
    _must_be_free(port)
    server = stack.enter_context(
        _child(dict(os.environ), "server", "start", "--host", "127.0.0.1", "--port", str(port))
    )
    url = f"http://127.0.0.1:{port}/api"
    _wait_for(url, server)
    return url, server


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServeError(
                f"port {port} must be free for the Prefect server. Received: {error.strerror}. "
                f"Set PREFECT_SERVER_API_PORT to another port or, if a Prefect server is there, PREFECT_API_URL=http://127.0.0.1:{port}/api"
            ) from None


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    with _client(url) as client:
        while client.api_healthcheck():
            if server.poll() is not None or time.monotonic() > end:
                raise ServeError(f"the local Prefect server must answer at {url}, see its messages above")
            time.sleep(0.5)


@contextmanager
def _client(url: str) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        yield client


def _ui(url: str) -> str:
    with temporary_settings({PREFECT_API_URL: url}):
        return get_current_settings().ui_url or url


def _prepare(url: str, pool: str, alone: bool) -> None:
    """Make the work pool; if no other worker can be at work (`alone`), end runs that a power cut left `Running`."""
    with _client(url) as client:
        if error := client.api_healthcheck():
            raise ServeError(
                f"the server of PREFECT_API_URL must answer. Received from {url}: {error}. "
                "Start it, or unset PREFECT_API_URL to have one here"
            )
        with suppress(ObjectAlreadyExists):
            template = ProcessWorker.get_default_base_job_template()
            client.create_work_pool(WorkPoolCreate(name=pool, type="process", base_job_template=template))
        if alone:
            _end_dead_runs(client, pool)


def _end_dead_runs(client: SyncPrefectClient, pool: str) -> None:
    """End the runs that no worker is at work on any more.

    A run whose machine died is `Running` forever and holds its deployment's only slot, so no later run would start.
    Prefect 3.9.1 still needs this: its server keeps the leases of slots in memory and forgets them when it ends.
    """
    live = FlowRunFilter.model_validate({"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}})
    ours = WorkPoolFilter.model_validate({"name": {"any_": [pool]}})
    for run in client.read_flow_runs(flow_run_filter=live, work_pool_filter=ours):
        client.set_flow_run_state(run.id, Crashed(message="shelfcast serve had stopped"), force=True)


def _environment(url: str) -> dict[str, str]:
    """The environment of runs; their working directory is the project's folder, so paths become absolute."""
    set_ = {name: os.environ[name] for name in PATHS if os.environ.get(name)}
    paths = {name: path if "://" in path else str(Path(path).absolute()) for name, path in set_.items()}
    return dict(os.environ) | paths | {"PREFECT_API_URL": url}


def _deploy(environment: dict[str, str]) -> None:
    file = str(DEPLOYMENTS.relative_to(ROOT))
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode:
        print((done.stdout + done.stderr).decode(errors="replace"), file=sys.stderr)
        raise ServeError(f"`prefect deploy` must accept {file}, see its messages above")


@contextmanager
def _child(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `prefect` command that ends with the block; in a session of its own, so that Ctrl-C stops it in our order."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _watch(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise ServeError(f"the {name} must keep running. Received: exit code {process.returncode}, see above")
        time.sleep(0.5)


@contextmanager
def _until_told_to_stop() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block quietly; once. Children get the default handlers, also below `nohup` or `&`."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: Any) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = [signal.signal(number, stop) for number in signals]
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
