"""Worker processes, one a core: TensorFlow is imported once in each, and a crash or hang fails only its own job."""

import atexit
import logging
import multiprocessing
import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from pebble import ProcessExpired, ProcessPool

log = logging.getLogger("shelfcast.workers")

HANG = 3600
"""Seconds after which a job is taken for hung."""


def gather(function: Any, jobs: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Call a function of a module once a job, side by side; what the jobs that came through returned, in their order.

    A job whose worker crashed or hung is logged and left out; an exception of the function is raised.
    """
    started = [(job, _pool().schedule(function, args=job, timeout=HANG)) for job in jobs]
    results = []
    for job, future in started:
        try:
            results.append(future.result())
        except (ProcessExpired, TimeoutError) as error:
            log.error("a worker was lost in %s%s: %s", function.__name__, job[1:], error)
    return results


@cache
def _pool() -> ProcessPool:
    pool = ProcessPool(
        max_workers=os.cpu_count() or 1,
        initializer=_one_core,
        context=multiprocessing.get_context("spawn"),
    )
    atexit.register(_close, pool)
    return pool


def _close(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


def _one_core() -> None:
    """Each worker computes on one core: two fits side by side beat one fit on two cores, and bits stay the same."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[threads] = "1"
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's start-up messages; errors come back as exceptions
