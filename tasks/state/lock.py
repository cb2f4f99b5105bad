"""Locks between processes: they end with the process that holds them, and what is left of one is harmless."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger("shelfcast.lock")


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock of a file; wait while another process or thread holds it. A thread that holds it goes on.

    Args:
        path: The file, which is made.
        waiting: What to log before waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        log.info("%s", waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_free(path: Path) -> bool:
    """Whether no process holds the lock of a file, which need not exist."""
    if not path.exists():
        return True
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    return True


def lock_of(folder: Path) -> Path:
    """The file whose lock a run holds while it works on a folder; it is beside the folder."""
    return folder.with_name(f"{folder.name}.lock")
