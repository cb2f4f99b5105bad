"""Which stores a rollback is about."""

from pathlib import Path

import pytest

from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.waves import Store, StoreList, UnknownStore
from tasks.promote import selection
from tasks.state.home import Home
from tests.conftest import TakeIn

LISTED = StoreList(
    devices={"till": DeviceClass(flash_kb=32, ram_kb=64, latency_us=200)},
    stores={"1": Store(device="till", region="north"), "10": Store(device="till", region="south")},
)


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-05,2,1,7\n2026-01-05,10,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    return Home(tmp_path / "home")


def test_one_store_a_region_or_all(home: Home) -> None:
    assert selection.stores(home, LISTED, "2", None) == ["2"]
    assert selection.stores(home, LISTED, None, "south") == ["10"]
    assert selection.stores(home, LISTED, None, None) == ["1", "2", "10"]


def test_a_store_without_sales(home: Home) -> None:
    with pytest.raises(UnknownStore, match="the command line names store 3, which has no sales"):
        selection.stores(home, LISTED, "3", None)


def test_a_region_without_stores(home: Home) -> None:
    with pytest.raises(UnknownStore, match=r"no store is in region 'east'; stores\.toml has north, south"):
        selection.stores(home, LISTED, None, "east")
