"""Worker processes, one a core: TensorFlow is imported once in each, and a crash or hang costs only its own job a try.

On a Dask cluster each Dask worker has such processes of its own, one for each of its threads.
"""

import atexit
import logging
import multiprocessing
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from pebble import ProcessExpired, ProcessPool

log = logging.getLogger("shelfcast.workers")

HANG = 3600
"""Seconds after which a job counts as hung."""

DONE = {"done": 1}
"""The `extra` of a log line that reports a step as done; a terminal shows how many are."""

_one_at_a_time = Lock()


def to_do(steps: int) -> dict[str, int]:
    """The `extra` of a log line that announces a number of steps."""
    return {"steps": steps}


class LostWork(RuntimeError):
    """Jobs whose worker was killed or hung twice; what other jobs made is kept, and the same run resumes from it."""

    @classmethod
    def of(cls, jobs: str) -> "LostWork":
        """The error that names jobs."""
        return cls(
            f"worker processes were killed or hung twice, most likely for lack of memory, in {jobs}; "
            "nothing was judged or published: free memory, and run the same command again to go on from here"
        )


def gather(function: Any, jobs: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Call a function of a module for each job, in parallel; the results, in the order of the jobs.

    Raises:
        LostWork: If a job's worker was killed or hung, and again at the job's second try.
    """
    found = dict(_arriving(function, jobs))
    return [found[number] for number in sorted(found)]


def arriving(function: Any, jobs: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """The results of `gather` one by one, for progress; those of second tries come last."""
    for _, result in _arriving(function, jobs):
        yield result


def _arriving(function: Any, jobs: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """Each job's number and result; a job that is lost is tried again when all others are done, and alone."""
    with _one_at_a_time:
        pool = _pool()
    started = [(job, pool.schedule(function, args=job, timeout=HANG)) for job in jobs]
    lost: dict[int, tuple[Any, ...]] = {}
    for number, (job, future) in enumerate(started):
        try:
            yield number, future.result()
        except (ProcessExpired, TimeoutError) as error:
            log.warning("a worker was lost in %s, which is tried again: %s", _named(function, job), error)
            lost[number] = job
    lost_again = []
    for number, job in lost.items():
        try:
            yield number, pool.schedule(function, args=job, timeout=HANG).result()
        except (ProcessExpired, TimeoutError) as error:
            log.error("a worker was lost in %s again: %s", _named(function, job), error)
            lost_again.append(_named(function, job))
    if lost_again:
        raise LostWork.of("; ".join(lost_again))


def _named(function: Any, job: tuple[Any, ...]) -> str:
    """A job in words: "build_run of lstm-64, 0"."""
    parts = [getattr(part, "name", part) for part in job]
    words = ", ".join(str(part) for part in parts if isinstance(part, str | int | date))
    return f"{function.__name__}{f' of {words}' if words else ''}"


def unfit(folder: Path, server: str, versions: dict[str, str]) -> str | None:
    """Why this process cannot do a candidate's jobs; `None` if it can.

    Args:
        folder: The home, which all machines share under the same path.
        server: URL of the Prefect server to which every step reports.
        versions: Version that each package must have, as the bytes of a result depend on it.
    """
    from importlib.metadata import version

    if multiprocessing.current_process().daemon:
        return (
            "it may not start processes of its own; start it with `dask worker --no-nanny`, "
            "or with DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment"
        )
    if not folder.is_dir():
        return f"it does not see the home {folder}; share that folder with it under the same path"
    if fault := _unreachable(server):
        return (
            f"it does not reach the Prefect server {server} ({fault}); give PREFECT_API_URL an address that all reach"
        )
    others = [f"{name} {version(name)}, not {wanted}" for name, wanted in versions.items() if version(name) != wanted]
    return f"it has {'; '.join(others)}; install the same requirements.lock" if others else None


def _unreachable(server: str) -> OSError | None:
    """Why no connection to a URL's server can be made; `None` if it can."""
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=5).close()
    except OSError as error:
        return error
    return None


@cache
def _pool() -> ProcessPool:
    pool = ProcessPool(max_workers=_cores(), initializer=_one_core, context=multiprocessing.get_context("spawn"))
    atexit.register(_close, pool)
    return pool


def _cores() -> int:
    """Processes that may compute here: as many as the Dask worker has threads, or else as the machine has cores."""
    if "distributed" in sys.modules:  # never imported for this: it takes half a second
        from distributed import get_worker

        try:
            return int(get_worker().state.nthreads)
        except ValueError:
            pass  # not in a Dask worker
    return os.cpu_count() or 1


def _close(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


def _one_core() -> None:
    """Each worker computes on one core: two fits side by side beat one fit on two cores, and bits stay the same."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[threads] = "1"
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's start-up messages; errors come back as exceptions
