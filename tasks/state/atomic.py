"""Atomic writes: a file or a folder appears whole or not at all, also after a power cut."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def content_of(path: Path) -> bytes:
    """A file's content; nothing where there is no file."""
    return path.read_bytes() if path.is_file() else b""


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
