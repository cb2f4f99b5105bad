"""Homes and files that faults are tried on."""

from datetime import date
from pathlib import Path

import pytest

from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample
from tasks.retrain.prepare import draft
from tasks.state.home import Home
from tests.conftest import TakeIn, Work, tiny_spec
from tests.faults.homes import moved

SHORT = Chain(stores=2, items=2, days=180)


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """Six months of sales; nothing was trained on them."""
    folder = tmp_path_factory.mktemp("months")
    home = Home(folder / "home")
    write_sample(folder / "history.parquet", SHORT)
    take_in(home, folder / "history.parquet")
    return Work(home, draft(home, tiny_spec("lstm-16")))


@pytest.fixture(scope="session")
def empty(months: Work, tmp_path_factory: pytest.TempPathFactory) -> Work:
    root = tmp_path_factory.mktemp("empty") / "home"
    root.mkdir()
    return moved(months, root)


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `SHORT`, in two files: the same and corrected sales of all months, a new month, bad rows, a contradiction."""
    folder = tmp_path_factory.mktemp("feed")
    corrected = SHORT.model_copy(update={"days": 190, "shift_on": date(2022, 2, 10), "shift_by": 2.0})
    write_sample(folder / "later.parquet", corrected)
    rows = ["2022-01-05,1,1,3", "2022-07-20,1,1,2000000", "x,1,1,1", "2022-07-19,3,1,5", "2022-03-05,1,1,9999"]
    (folder / "corrections.csv").write_text("\n".join(["date,store,item,sales", *rows]))
    return folder
