"""Every deployment of `deployments/prefect.yaml`, served from this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are not installed
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.states import Crashed

from flows.runtime import child, environment, seasons
from flows.runtime.local_server import ServeError, client_of, local_server

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments" / "prefect.yaml"
JOBS = ROOT / "deployments" / "work_pool.json"
"""The work pool's base job template: a run has no command, environment or folder but the worker's."""
PATHS = ("SHELFCAST_HOME", "SHELFCAST_SETTINGS", "SHELFCAST_STORES", "SHELFCAST_SEASONS")


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
        url = get_current_settings().api.url
        own = None if url else stack.enter_context(local_server())
        variables = _environment(own.client if own else {"PREFECT_API_URL": str(url)})
        _prepare(variables, pool, own=own is not None)
        _deploy(variables)
        worker = stack.enter_context(child.prefect(variables, "worker", "start", "--type", "process", "--pool", pool))
        print(f"serving; what runs when: {_ui(variables)}/deployments (Ctrl-C stops)", file=sys.stderr)
        if own:
            print(f"the page asks for the secret in {own.secret}", file=sys.stderr)
        _watch({"worker": worker} | ({"server": own.process} if own else {}))


def _ui(variables: Mapping[str, str]) -> str:
    with temporary_settings({PREFECT_API_URL: variables["PREFECT_API_URL"]}):
        return get_current_settings().ui_url or variables["PREFECT_API_URL"]


def _prepare(variables: Mapping[str, str], pool: str, own: bool) -> None:
    """Make the work pool; on a server of our `own`, where no other worker is, also end what a power cut left."""
    with client_of(variables) as client:
        if error := client.api_healthcheck():
            raise ServeError(
                f"the server of PREFECT_API_URL must answer. Received from {variables['PREFECT_API_URL']}: {error}. "
                "Start it, or unset PREFECT_API_URL to have one here"
            )
        jobs = json.loads(JOBS.read_text())
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=pool, type="process", base_job_template=jobs))
        if own:
            client.update_work_pool(pool, WorkPoolUpdate(base_job_template=jobs))
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


def _environment(client: dict[str, str]) -> dict[str, str]:
    """The environment of runs; their working directory is the project's folder, so paths become absolute."""
    set_ = {name: os.environ[name] for name in PATHS if os.environ.get(name)}
    paths = {name: path if "://" in path else str(Path(path).absolute()) for name, path in set_.items()}
    return dict(os.environ) | paths | client


def _deploy(environment: dict[str, str]) -> None:
    file = str(DEPLOYMENTS.relative_to(ROOT))
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file]
    # else a deployment would keep the schedules that an earlier prefect.yaml gave it
    exactly = environment | {"PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY": "true"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=exactly, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        print((done.stdout + done.stderr).decode(errors="replace"), file=sys.stderr)
        raise ServeError(f"`prefect deploy` must accept {file}, see its messages above")


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
