"""The snapshot that a retrain or a backtest starts from: the latest, if excluded periods name stores with sales."""

from datetime import date
from pathlib import Path

import pytest

from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.rollout.waves import UnknownStores
from tasks.state.home import Home
from tasks.state.sales_table import NoSales
from tasks.state.snapshot import latest_for
from tests.conftest import TakeIn


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    for number, day in enumerate(("2026-01-01", "2026-01-02")):
        (tmp_path / f"{number}.csv").write_text(f"date,store,item,sales\n{day},1,1,5\n")
        take_in(Home(tmp_path / "home"), tmp_path / f"{number}.csv")
    return Home(tmp_path / "home")


def excluded(*stores: str) -> History:
    first = date(2026, 1, 1)
    return History(exclude=(ExcludedPeriod(first=first, last=first, stores=stores or None, reason="strike"),))


@pytest.mark.parametrize("history", [History(), excluded(), excluded("1")], ids=["none", "all stores", "a store"])
def test_the_latest_is_taken(home: Home, history: History) -> None:
    assert latest_for(home, history) == (1, date(2026, 1, 2))


def test_an_excluded_period_of_a_store_without_sales_is_refused(home: Home) -> None:
    with pytest.raises(UnknownStores, match="'strike' names store 99"):
        latest_for(home, excluded("1", "99"))


def test_there_is_none_without_sales(tmp_path: Path) -> None:
    with pytest.raises(NoSales):
        latest_for(Home(tmp_path), History())
