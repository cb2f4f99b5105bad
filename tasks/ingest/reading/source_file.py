"""What local and remote sources have in common: the files that they hold, and what is said where they hold none."""

import re
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
_KINDS = ", ".join(SUFFIXES)


class SourceError(ValueError):
    """A source that holds nothing to read, or that cannot be reached."""


@dataclass(frozen=True)
class SourceFile:
    """One file content that the sources hold.

    Attributes:
        path: Where the file can be read; for a remote file its fetched copy, or `None` if its content is known already.
        sha256: Hash of the bytes: the same content under another name is the same file.
        name: Name of the file at its source.
        origin: Absolute path or URL, without credentials.
        version: For a remote file, a hash that changes with origin and content. `None` for a local file, and where the
            object store keeps neither ETag nor time of change, so that the file is fetched each time.
        copies: The same content elsewhere in the sources.
    """

    path: Path | None
    sha256: str
    name: str
    origin: str
    version: str | None = None
    copies: tuple["SourceFile", ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions of the file and its copies, by which `find` knows them later without fetching them."""
        return tuple(file.version for file in (self, *self.copies) if file.version)


def protocol(source: str) -> str:
    """The protocol of a remote URL; an empty string for a path or a `file://` URL."""
    found = re.match(r"([a-z][a-z0-9+.-]*)://", source, re.IGNORECASE)
    return found[1].lower() if found and found[1].lower() != "file" else ""


def is_sales(name: str) -> bool:
    """Whether a file's name is one of a file of sales."""
    return name.lower().endswith(SUFFIXES)


def empty(source: object) -> str:
    """What is said of a folder without sales."""
    return f"the folder holds no {_KINDS} file: {source}"


def unfit(source: object) -> str:
    """What is said of a file of another kind."""
    return f"sales come as {_KINDS}. Received: {source}"


def unmatched(source: object) -> str:
    """What is said of a pattern that no file of sales matches."""
    return f"no {_KINDS} file matches: {source}"
