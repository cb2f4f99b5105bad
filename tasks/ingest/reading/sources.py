"""Sources: files and folders on this machine, and whatever fsspec reaches by URL. No row is read here."""

import glob
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from tasks.ingest.reading.remote import remote_files, require_known
from tasks.ingest.reading.source_file import SourceError, SourceFile, empty, is_sales, protocol, unfit, unmatched


def find(sources: Iterable[str], fetched: Path, known: Mapping[str, str]) -> list[SourceFile]:
    """The files that sources name, each content once, in the order of the sources and then of their names.

    A folder stands for all sales files below it. In a pattern such as `in/*.csv` or `s3://bucket/in/*.csv`, `**`
    stands for any number of folders, and matches that are not sales files are skipped. Each call lists remote folders
    again.

    Args:
        sources: Files, folders, patterns, and URLs of these.
        fetched: Folder for complete copies of remote files; it is created if needed.
        known: sha256 by version of remote files whose content is known, so that they are not fetched again: the
            `versions` that earlier calls returned.

    Raises:
        SourceError: If a source does not exist, holds no sales file, is of another kind, or cannot be read.
    """
    found: dict[str, SourceFile] = {}
    seen = dict(known)
    for source in sources:
        for file in remote_files(source, fetched, seen) if protocol(source) else _local(source):
            if file.version:
                seen[file.version] = file.sha256
            first = found.setdefault(file.sha256, file)
            if file.origin not in {copy.origin for copy in (first, *first.copies)}:
                found[file.sha256] = replace(first, copies=(*first.copies, file))
    return list(found.values())


def require_usable(sources: Iterable[str]) -> None:
    """Check that the sources on this machine exist, and that the protocols of remote sources are known.

    Raises:
        SourceError: If a source does not exist, holds no sales file, or is of another kind or an unknown protocol.
    """
    for source in sources:
        if protocol(source):
            require_known(source)
        else:
            _files(local_path(source))


def _local(source: str) -> Iterator[SourceFile]:
    for path in _files(local_path(source)):
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        yield SourceFile(path, sha256, path.name, str(path.absolute()))


def local_path(source: str) -> Path:
    """The path of a source on this machine, given as such or as a `file://` URL.

    Raises:
        SourceError: If the URL names no path from the root.
    """
    if not source.lower().startswith("file://"):
        return Path(source)
    path = unquote(source[len("file://") :]).removeprefix("localhost")
    if not path.startswith("/"):
        raise SourceError(f"a file:// URL names a path from the root: file:///folder/file.csv. Received: {source}")
    return Path(path)


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = _of_sales(source.rglob("*"))
        if not found:
            raise SourceError(empty(source))
        return found
    if not source.exists():
        return _matches(source)
    if not is_sales(source.name):
        raise SourceError(unfit(source))
    return [source]


def _matches(pattern: Path) -> list[Path]:
    if not glob.has_magic(str(pattern)):
        raise SourceError(f"no such file or folder: {pattern}")
    found = [Path(match) for match in glob.iglob(str(pattern), recursive=True)]  # noqa: PTH207  # absolute or not
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    if not (chosen := _of_sales({*found, *inside})):
        raise SourceError(unmatched(pattern))
    return chosen


def _of_sales(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file() and is_sales(path.name))
