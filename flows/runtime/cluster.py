"""A Dask cluster whose workers share the home: whether it can build variants, and how to submit to it."""

import socket
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from flows.settings import Workers
from flows.settings_errors import SettingsError
from tasks import workers
from tasks.state.home import Home

CONNECT = 5
"""Seconds in which a scheduler must answer."""
SAME = ("shelfcast", "prefect", "tensorflow", "keras", "numpy")
"""Packages whose versions must be equal on all machines, so that results are equal."""


def require_usable(settings: Workers, home: Home) -> None:
    """Check that variants can be built on the machines of the settings.

    Raises:
        SettingsError: If there is no Prefect server for all, no scheduler, no worker, or a worker that is unfit.
    """
    if settings.dask is None:
        return
    from prefect.settings import PREFECT_API_URL

    where = f"workers.dask = {settings.dask}"
    server = PREFECT_API_URL.value()
    if not server:
        raise SettingsError(
            f"{where} needs one Prefect server for all its workers, else each starts its own; "
            "run `prefect server start` and set PREFECT_API_URL to an address that they reach"
        )
    _require_answer(where, settings.dask)
    versions = {name: version(name) for name in SAME}
    unfit = _unfit_workers(settings.dask, home.root, str(server), versions)
    if unfit is None:
        raise SettingsError(f"{where} has no workers; start some: dask worker {settings.dask} --no-nanny")
    for worker, why in unfit.items():
        raise SettingsError(f"{where}: the worker {worker} cannot be used: {why}")


def task_runner(settings: Workers) -> Any:
    """The Prefect task runner of the settings' machines."""
    from prefect.task_runners import ThreadPoolTaskRunner

    if settings.dask is None:
        return ThreadPoolTaskRunner(max_workers=16)
    from flows.runtime.dask_runner import ClusterTaskRunner

    return ClusterTaskRunner(address=settings.dask, client_kwargs={"timeout": CONNECT})


def _require_answer(where: str, address: str) -> None:
    parts = urlsplit(address)
    try:
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), CONNECT).close()
    except OSError as error:
        raise SettingsError(
            f"{where} does not answer ({error}); start it with `dask scheduler`, or correct the address"
        ) from None


def _unfit_workers(address: str, *job: Any) -> dict[str, str] | None:
    """Why each unfit worker cannot do a job, by its address; `None` if there is no worker at all."""
    from distributed import Client

    with Client(address, timeout=CONNECT, set_as_default=False) as client:
        found = client.run(workers.unfit, *job, on_error="return")
    return {worker: str(why) for worker, why in found.items() if why} if found else None
