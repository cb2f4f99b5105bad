"""Two chains that are replayed with real models, trained once."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.backtest.models import Backtest
from tasks.backtest.simulate import train_models
from tasks.ingest.sample import write_sample
from tasks.state.home import Home
from tests.backtest.replays import DAYS, LATER, Made, opened
from tests.conftest import CHAIN, TakeIn


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> dict[str, Home]:
    """Two chains that sell the same until the day before `LATER`; from then on one sells three times as much."""
    made = {}
    for name, change in {"as it was": {}, "tripled": {"shift_on": LATER, "shift_by": 3.0}}.items():
        folder = tmp_path_factory.mktemp("chain")
        write_sample(folder / "history.parquet", CHAIN.model_copy(update=change))
        made[name] = Home(folder / "home")
        take_in(made[name], folder / "history.parquet")
    return made


@pytest.fixture(scope="session")
def made(homes: dict[str, Home]) -> Made:
    """Both replayed: two models each."""
    found = {name: opened(home) for name, home in homes.items()}
    for each in found.values():
        assert train_models.fn(each, DAYS) == 2
    return found


@pytest.fixture
def copied(made: Made, tmp_path: Path) -> Backtest:
    """The first of them, to be changed."""
    backtest = made["as it was"]
    shutil.copytree(backtest.folder, tmp_path / "copy")
    return replace(backtest, folder=tmp_path / "copy")
