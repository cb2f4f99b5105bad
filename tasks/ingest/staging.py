"""The staging folder of an ingest: it is gone when the run ends, and if the run is killed, by the next one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from tasks.state.atomic import remove_folder

PREFIX = "shelfcast-ingest-"

YOUNG_S = 60
"""Seconds for which a folder stays in any case: its run may not have locked it yet."""


@contextmanager
def staging_folder() -> Iterator[Path]:
    """A new folder below the system's folder for temporary files, locked for the time of the run."""
    clear()
    folder = Path(mkdtemp(prefix=PREFIX))
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        remove_folder(folder)
        os.close(handle)


def clear() -> list[Path]:
    """Remove what killed runs of this user left; the folders of live ones stay."""
    left = [folder for folder in Path(gettempdir()).glob(f"{PREFIX}*") if _is_left(folder)]
    for folder in left:
        remove_folder(folder)
    return left


def _is_left(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        is_ours = os.fstat(handle).st_uid == os.getuid()
        is_old = os.fstat(handle).st_mtime < time.time() - YOUNG_S
        if is_ours and is_old:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return is_ours and is_old
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
