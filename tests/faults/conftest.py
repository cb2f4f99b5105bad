"""Homes and files that faults are tried on."""

from datetime import date
from pathlib import Path

import pytest

from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample
from tasks.report import release_report
from tasks.retrain import publish
from tasks.retrain.prepare import draft
from tasks.state.home import Home
from tasks.state.releases import releases
from tests.conftest import CHAIN, TakeIn, Work, only, publish_candidate, tiny_spec
from tests.faults import driver
from tests.faults.homes import moved
from tests.stores import promote, update_channel

SHORT = Chain(stores=2, items=2, days=180)
LATER = CHAIN.model_copy(update={"days": 460, "shift_on": date(2023, 3, 20), "shift_by": 3.0})


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


@pytest.fixture(scope="session")
def shop(published: tuple[Work, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Work:
    return published[0].copied(tmp_path_factory.mktemp("shop") / "home")


@pytest.fixture(scope="session")
def refused(built: Work, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """A candidate that the gate refused as a whole."""
    work, limits = built.copied(tmp_path_factory.mktemp("refused") / "home"), only(max_mape=0.1)
    publish_candidate(work.home, work.candidate, limits)
    return work


@pytest.fixture(scope="session")
def promoted(shop: Work, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Both stores run the newer release after the older one."""
    work = shop.copied(tmp_path_factory.mktemp("promoted") / "home")
    for release in reversed(releases(work.home)):
        promote(work.home, release.id, "1", "2")
    update_channel(work.home)
    return work


@pytest.fixture
def everything_steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps run here give the bytes that they give in the driver."""
    monkeypatch.setattr(release_report, "report", release_report.report)
    monkeypatch.setattr(publish, "datetime", publish.datetime)
    driver.steady(tmp_path)


@pytest.fixture(scope="session")
def drifting(shop: Work, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """Both stores run the same release, and their level has shifted."""
    folder = tmp_path_factory.mktemp("drifting")
    work = shop.copied(folder / "home")
    release = min(releases(work.home), key=lambda each: each.id)
    promote(work.home, release.id, "1", "2")
    write_sample(folder / "later.parquet", LATER.model_copy(update={"days": 450}))
    take_in(work.home, folder / "later.parquet")
    return work
