"""What may be retrained: a mistake is said before anything is trained."""

import json
from datetime import date
from pathlib import Path

import pytest

from flows.preflight.retrain import retrain_request
from flows.settings_errors import SettingsError
from tasks.forecasting.rollout.waves import UnknownStores
from tasks.state.home import Home
from tasks.state.sales_table import NoSales
from tests.conftest import TakeIn


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "settings.toml").touch()
    (tmp_path / "stores.toml").write_text("[devices.till]\nflash_kb = 9\nram_kb = 9\nlatency_us = 9\n")
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("SHELFCAST_STORES", str(tmp_path / "stores.toml"))
    return str(tmp_path / "home")


def test_it_is_what_was_asked(home: str, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    asked = retrain_request(home, "quick", "reference")
    assert (asked.spec.recipe_name, asked.spec.runs, list(asked.devices)) == ("reference", 1, ["till"])


def test_without_sales_a_profile_or_stores_there_is_nothing_to_train(
    home: str, tmp_path: Path, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSales):
        retrain_request(home, "quick", None)
    with pytest.raises(SettingsError, match="no profile 'fast'; there are quick"):
        retrain_request(home, "fast", None)
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    period = {"first": str(date(2026, 1, 1)), "last": str(date(2026, 1, 2)), "stores": ["9"], "reason": "strike"}
    monkeypatch.setenv("SHELFCAST_HISTORY__EXCLUDE", json.dumps([period]))
    with pytest.raises(UnknownStores, match="the excluded period 'strike' names store 9, which has no sales"):
        retrain_request(home, "quick", None)
