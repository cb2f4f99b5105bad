"""The home: where it may be, and how a file or a folder appears in it."""

import os
from pathlib import Path

import pytest

from tasks.state.home import Home, HomeError, move_folder, remove_folder, write_file


def test_a_home_is_a_path_or_a_file_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.at("a b").root == Home.at(f"file://{tmp_path}/a%20b").root == Home.at("~/a b").root == tmp_path / "a b"
    assert not (tmp_path / "a b").exists(), "looking creates nothing"


@pytest.mark.parametrize("url", ["s3://bucket/home", "https://example.org/home"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(HomeError, match=f"home must be a folder on this machine.* Received: {url}"):
        Home.at(url)


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match=r"home must be a folder\. Received a file"):
        Home.at(str(tmp_path / "file"))


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
