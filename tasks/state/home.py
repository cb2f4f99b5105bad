"""The home: the one folder that holds all state, and the lock of its only writer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tasks.state.lock import locked

_UNUSABLE = re.compile("%[0-9A-Fa-f]{2}|[\\\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What Delta's library reads otherwise than it was written, or refuses."""


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
            HomeError: If it is another kind of URL, a file, or has a path that no table can be kept under.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("", "file"):
            raise HomeError(f"home must be a folder on this machine; mount the store or sync it. Received: {url}")
        root = Path(url2pathname(parts.path) if parts.scheme else url).expanduser().absolute()
        if unusable := _UNUSABLE.search(str(root)):
            raise HomeError(
                "home must have a path without %XX, backslashes and control characters, under which tables cannot be "
                f"kept; give the folder another name. Received: {str(root)!a}, which has {unusable[0]!a}"
            )
        if root.exists() and not root.is_dir():
            raise HomeError(f"home must be a folder. Received a file: {root}")
        return cls(root)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; wait while another run writes. The lock ends with the process that holds it.

        A thread that writes already goes on: what reads, decides and records holds one lock around all of it.
        """
        with locked(self.root / ".writing.lock", f"waiting for another run that writes to {self.root}"):
            yield
