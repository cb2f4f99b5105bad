"""What cannot be promoted, rolled back or overridden fails the flow before any step, as on the command line."""

from datetime import date
from pathlib import Path

import pytest

from flows.preflight.request import RequestError
from flows.promote import override, promote, rollback
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.release import NoSuchRelease
from tests.conftest import TakeIn


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "settings.toml").touch()
    (tmp_path / "stores.toml").write_text("[devices.till]\nflash_kb = 9\nram_kb = 9\nlatency_us = 9\n")
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("SHELFCAST_STORES", str(tmp_path / "stores.toml"))
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    return str(tmp_path / "home")


def test_what_cannot_be_is_refused_and_changes_nothing(home: str) -> None:
    with pytest.raises(NoSuchRelease, match="there are no releases"):
        promote.fn(home)
    with pytest.raises(RequestError, match="store names store 9, which has no sales"):
        rollback.fn(home, store="9")
    with pytest.raises(RequestError, match="why names the reason, in words"):
        override.fn("r", "Ana Ruiz", "", str(date.today()), freeze=True, home=home)
    assert ledger.read(Home(Path(home)), ["promotion", "rollback", "override"]) == []
    assert not (Path(home) / "channel").exists()
