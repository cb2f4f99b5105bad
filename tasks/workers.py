"""Worker processes, one a core: TensorFlow is imported once in each, and a crash or hang fails only its own job."""

import atexit
import multiprocessing
import os
from concurrent.futures import Future
from functools import cache
from typing import Any

from pebble import ProcessPool

HANG = 3600
"""Seconds after which a job is taken for hung."""


def submit(function: Any, *args: Any) -> "Future[Any]":
    """Run a function of a module in a worker; a crash or a hang ends in an exception of the future."""
    return _pool().schedule(function, args=args, timeout=HANG)


@cache
def _pool() -> ProcessPool:
    pool = ProcessPool(
        max_workers=os.cpu_count() or 1,
        initializer=_one_core,
        context=multiprocessing.get_context("spawn"),
    )
    atexit.register(pool.stop)
    return pool


def _one_core() -> None:
    """Each worker computes on one core: two fits side by side beat one fit on two cores, and bits stay the same."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for library in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[library] = "1"
