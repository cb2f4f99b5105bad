"""The home: where it may be."""

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.state import delta
from tasks.state.home import Home, HomeError


def test_a_home_is_a_path_or_a_file_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.at("a b").root == Home.at(f"file://{tmp_path}/a%20b").root == Home.at("~/a b").root == tmp_path / "a b"
    assert not (tmp_path / "a b").exists(), "looking creates nothing"


def test_each_folder_has_its_name(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert (home.landing, home.ledger) == (tmp_path / "landing", tmp_path / "ledger")
    assert Home(tmp_path / "other").landing == tmp_path / "other" / "landing"
    assert home == Home(tmp_path) and not list(tmp_path.iterdir()), "looking creates nothing"


@pytest.mark.parametrize("url", ["s3://bucket/home", "https://example.org/home"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(HomeError, match=f"home must be a folder on this machine.* Received: {url}"):
        Home.at(url)


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match=r"home must be a folder\. Received a file"):
        Home.at(str(tmp_path / "file"))


@pytest.mark.parametrize("name", ["z%41q", "ä%20b", "back\\slash", "new\nline", "tab\t", "\x7f", "\x85", "\udcff"])
def test_a_path_that_tables_cannot_be_kept_under_is_refused_by_name(name: str) -> None:
    with pytest.raises(HomeError, match=r"without %XX, backslashes and control characters.* Received: .*, which has "):
        Home.at(f"/data/{name}/home")


@pytest.mark.parametrize("name", ["a b", "Köln", "日本", "q'\"", "h#x", "w?y", "100%", "[x]", "a;b&c=d", "a:b", "*"])
def test_tables_are_kept_under_any_other_path(tmp_path: Path, name: str) -> None:
    home = Home.at(str(tmp_path / name))
    for units in (1, 2):
        delta.append(home.ledger, pa.table({"units": [units]}))
    assert set(delta.read(home.ledger, pa.schema([("units", pa.int64())]))["units"].to_pylist()) == {1, 2}
    assert delta.open_table(home.ledger).vacuum(0, enforce_retention_duration=False) == []
    assert {path.parent for path in delta.paths(home.ledger)} == {tmp_path / name / "ledger"}
