"""What may be replayed: a mistake is said before anything is trained."""

from pathlib import Path

import pytest

from flows.preflight.backtest import backtest_request
from flows.runtime.seasons import SeasonsError
from tasks.forecasting.model.variants.plan import NoSuchVariant
from tasks.state.home import Home
from tasks.state.sales_table import NoSales
from tests.conftest import TakeIn


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    (tmp_path / "seasons.toml").write_text('[[season]]\nname = "summer"\nstart = "06-01"\nlead_days = 28\n')
    monkeypatch.setenv("SHELFCAST_SEASONS", str(tmp_path / "seasons.toml"))
    return str(tmp_path / "home")


def test_it_is_what_was_asked(home: str, tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    asked = backtest_request(home, "lstm-16", "quick")
    assert [f"{day:%m-%d}" for day in asked.before_seasons] == ["05-04"]
    assert asked.spec.recipe_name == "production"


def test_without_sales_a_variant_or_seasons_there_is_nothing_to_replay(home: str, tmp_path: Path) -> None:
    with pytest.raises(NoSales):
        backtest_request(home, "lstm-16", "quick")
    with pytest.raises(NoSuchVariant, match="'gpt-4'"):
        backtest_request(home, "gpt-4", "quick")
    (tmp_path / "seasons.toml").write_text("")
    with pytest.raises(SeasonsError):
        backtest_request(home, "lstm-16", "quick")
