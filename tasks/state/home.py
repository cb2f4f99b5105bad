"""The home: the one folder that holds all state, and the two ways in which a file appears in it."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

log = logging.getLogger("shelfcast.home")


class HomeError(ValueError):
    """The home cannot be used."""


@dataclass(frozen=True)
class Home:
    """Where everything is; nothing is created by looking."""

    root: Path

    @classmethod
    def at(cls, url: str) -> "Home":
        """The home in a folder, given as a path or a `file://` URL.

        Raises:
            HomeError: If it is another kind of URL, or a file.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("", "file"):
            raise HomeError(f"home must be a folder on this machine; mount the store or sync it. Received: {url}")
        root = Path(url2pathname(parts.path) if parts.scheme else url).expanduser().absolute()
        if root.exists() and not root.is_dir():
            raise HomeError(f"home must be a folder. Received a file: {root}")
        return cls(root)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; waits while another run is. The lock ends with the process that holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".writing.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            log.info("waiting for another run that writes to %s", self.root)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def sales(self) -> Path:
        return self.root / "sales"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def candidates(self) -> Path:
        return self.root / "candidates"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def backtests(self) -> Path:
        return self.root / "backtests"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def channel(self) -> Path:
        return self.root / "channel"

    @property
    def scores(self) -> Path:
        return self.root / "scores"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"


def write_file(path: Path, content: bytes) -> None:
    """Put a file in place: it is there whole or not at all, also after a power cut."""
    with placed(path) as file:
        file.write(content)


def copy_file(source: Path, path: Path) -> None:
    """Put a copy of a file in place: it is there whole or not at all, also after a power cut.

    For the only writer: what a copy that was cut off left behind is written over.
    """
    with source.open("rb") as original, placed(path, f".{path.name}.partial") as file:
        shutil.copyfileobj(original, file, 1 << 22)


@contextmanager
def placed(path: Path, partial_name: str | None = None) -> Iterator[IO[bytes]]:
    """A file to write, under another name until it is whole and on disk; it is removed when that fails.

    Args:
        path: Where it will be.
        partial_name: What it is called until then. Defaults to a name of this process's own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(partial_name or f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync(path.parent)


def move_folder(folder: Path, path: Path) -> None:
    """Put a finished folder in place, as a whole.

    Raises:
        OSError: If `path` is a folder already.
    """
    for file in folder.rglob("*"):
        sync(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(path)
    sync(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all below it; nothing happens if there is none."""
    if folder.exists():
        shutil.rmtree(folder)


def sync(path: Path) -> None:
    """Have a file or a folder's list of files on disk, also after a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
