"""A file or a folder appears whole, or not at all."""

import os
from pathlib import Path

import pytest

from tasks.state.atomic import move_folder, remove_folder, write_file


def test_a_file_is_written_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["a.json"]  # noqa: PTH208  # hidden files too


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_file(path, b"one")

    def full(handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"


def test_a_folder_is_moved_whole_and_never_over_another(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_file(tmp_path / name / "deep" / "file", name.encode())
    move_folder(tmp_path / "a", tmp_path / "releases" / "x")
    assert (tmp_path / "releases" / "x" / "deep" / "file").read_bytes() == b"a"
    assert not (tmp_path / "a").exists()
    with pytest.raises(OSError, match="not empty"):
        move_folder(tmp_path / "b", tmp_path / "releases" / "x")
    assert (tmp_path / "releases" / "x" / "deep" / "file").read_bytes() == b"a"


def test_a_folder_is_removed_and_one_that_is_not_there_is_none(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "file", b"")
    remove_folder(tmp_path / "a")
    remove_folder(tmp_path / "a")
    assert not (tmp_path / "a").exists()
