"""The home: the one folder that holds all state, and the lock of its only writer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

log = logging.getLogger("shelfcast.home")


class HomeError(ValueError):
    """The home cannot be used."""


class _Folder:
    """A folder of the home, which has the attribute's name; it is not made by asking for it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, home: "Home", owner: type) -> Path:
        return home.root / self._name


@dataclass(frozen=True)
class Home:
    """Where everything is kept; looking creates nothing."""

    root: Path

    landing = _Folder()
    sales = _Folder()
    quarantine = _Folder()
    docs = _Folder()
    candidates = _Folder()
    releases = _Folder()
    backtests = _Folder()
    reports = _Folder()
    channel = _Folder()
    scores = _Folder()
    ledger = _Folder()

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
        """Be the only writer; wait while another run writes. The lock ends with the process that holds it.

        A thread that writes already goes on: what reads, decides and records holds one lock around all of it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".writing.lock", is_singleton=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            log.info("waiting for another run that writes to %s", self.root)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
