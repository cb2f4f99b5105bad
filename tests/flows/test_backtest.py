"""Backtest on a real Prefect server: one answer for the command line, and a table for Prefect."""

import json
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.backtest import backtest
from flows.cli.render import training
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.forecasting.model.recipe import RECIPES
from tasks.ingest.sample import write_sample
from tasks.state.home import Home
from tests.conftest import CHAIN, RECIPE, TakeIn

KEYS = {
    *("variant", "profile", "recipe", "first_day", "last_day", "days", "stores", "currency", "prices", "policy"),
    *("cadences", "limits", "differences", "without_network", "best", "sentence", "report", "trained", "seconds"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Home:
    folder = tmp_path_factory.mktemp("chain")
    write_sample(folder / "history.parquet", CHAIN)
    take_in(Home(folder / "home"), folder / "history.parquet")
    return Home(folder / "home")


@pytest.fixture(autouse=True)
def seasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_url: str) -> None:
    """Quick fits, and one retrain within the days that are replayed."""
    (tmp_path / "seasons.toml").write_text('[[season]]\nname = "spring"\nstart = "03-15"\nlead_days = 14\n')
    monkeypatch.setenv("SHELFCAST_SEASONS", str(tmp_path / "seasons.toml"))
    monkeypatch.setitem(RECIPES, "production", RECIPE)


def test_a_backtest_answers_and_reports(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    result = backtest(str(home.root), "lstm-64", days=28)
    assert set(json.loads(result.model_dump_json())) == KEYS | {"schema_version"}
    assert result.recipe == "production" and result.days == 28 and result.trained == 2
    retrains = {each.name: each.retrains for each in result.cadences}
    assert retrains == {"none": 0, "quarterly": 0, "monthly": 1, "before each season": 1}
    with get_client(sync_client=True) as client:
        tables = [each for each in client.read_artifacts() if each.key == "backtest"]
    assert [each.description for each in tables] == [result.sentence]
    assert len(json.loads(str(tables[0].data))) == 4 * len(result.limits)
    training.backtest(result)
    said = capsys.readouterr().out
    assert said.count("before each season") >= len(result.limits)
    assert result.sentence in said and result.report in said


def test_too_long_a_replay_trains_nothing(home: Home) -> None:
    with pytest.raises(TooLittleHistory, match="Use --days 280 or fewer"):
        backtest(str(home.root), "lstm-64", days=364)
