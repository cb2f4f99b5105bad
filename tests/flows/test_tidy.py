"""Tidying up as a flow: it needs settings that can be read, and gives the command line's JSON."""

import json
from pathlib import Path

import pytest

from flows.settings_errors import SettingsError
from flows.tidy import tidy
from tasks.state.home import Home
from tests.conftest import TakeIn


def test_settings_that_cannot_be_read_fail_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match="the settings file does not exist"):
        tidy.fn(str(tmp_path / "home"))


@pytest.mark.usefixtures("api_url")
def test_it_names_what_it_did_to_each_table(tmp_path: Path, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    result = json.loads(tidy(str(tmp_path / "home")).model_dump_json())
    assert set(result) == {"schema_version", "tables", "kept_versions", "removed"}
    assert [each["table"] for each in result["tables"]] == ["sales", "ledger"]
    assert set(result["tables"][0]) == {"table", "version", "files_before", "files", "removed", "bytes_freed"}
