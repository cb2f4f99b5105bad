"""What may be promoted and rolled back; what is wrong with a request, and where it was said."""

from pathlib import Path

import pytest

from flows.preflight.promote import promote_request, rollback_request
from flows.preflight.request import RequestError
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.release import NoSuchRelease
from tests.conftest import TakeIn
from tests.stores import record_release
from tests.support.manifests import changed, manifest

FREEZE = '[{"name": "Christmas", "first": "11-20", "last": "01-02", "stores": ["2", "77"]}]'
LISTED = """
[devices.till]
flash_kb = 32
ram_kb = 64
latency_us = 200
[stores]
1 = { device = "till", region = "north" }
10 = { device = "till", region = "south" }
"""


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home with the sales of stores 1, 2 and 10 and a release, of which the request reads the id alone."""
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n2026-01-05,2,1,7\n2026-01-05,10,1,7\n")
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("SHELFCAST_STORES", str(tmp_path / "stores.toml"))
    (tmp_path / "stores.toml").write_text(LISTED)
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    return str(tmp_path / "home")


@pytest.fixture
def release(home: str) -> str:
    write_file(Path(home) / "releases" / "r1" / "manifest.json", changed(manifest(), release="r1").to_bytes())
    record_release(Home(Path(home)), "r1")
    return "r1"


def test_a_promotion_is_what_was_asked(home: str, release: str) -> None:
    asked = promote_request(home, None, ["2", "10"])
    assert (asked.release.id, asked.chosen, asked.stores) == (release, ("2", "10"), ("1", "2", "10"))
    assert promote_request(home, release, None).chosen is promote_request(home, release, []).chosen is None


def test_a_release_that_is_not_there(home: str) -> None:
    with pytest.raises(NoSuchRelease, match="there are no releases"):
        promote_request(home, None, None)


def test_stores_without_sales_are_said_where_they_were_named(
    home: str, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RequestError, match="stores names store 9, which has no sales") as caught:
        promote_request(home, release, ["1", "9"])
    assert caught.value.as_option().startswith("--stores names store 9, which has no sales; remove it or ingest")
    monkeypatch.setenv("SHELFCAST_ROLLOUT__FREEZE", FREEZE)
    with pytest.raises(RequestError, match=r"\[\[rollout.freeze\]\] of the settings names store 77, which has no"):
        promote_request(home, release, None)
    (tmp_path / "stores.toml").write_text(LISTED + '78 = { device = "till" }\n')
    with pytest.raises(RequestError, match=r"stores\.toml names store 78, which has no sales; .*: 1, 2, 10"):
        promote_request(home, release, None)


def test_one_store_a_region_or_all(home: str) -> None:
    assert rollback_request(home, "2", None).stores == ("2",)
    assert rollback_request(home, None, "south").stores == ("10",)
    assert rollback_request(home, None, None).stores == ("1", "2", "10")


def test_a_store_without_sales_is_not_rolled_back(home: str) -> None:
    with pytest.raises(RequestError, match="store names store 3, which has no sales"):
        rollback_request(home, "3", None)


def test_a_region_without_stores(home: str) -> None:
    with pytest.raises(RequestError, match=r"no store is in region 'east'; stores\.toml has north, south"):
        rollback_request(home, None, "east")
