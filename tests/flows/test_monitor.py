"""A run of the monitor that cannot be fails its flow before any step, as it does on the command line."""

from pathlib import Path

import pytest

from flows.monitor import monitor
from flows.preflight.request import RequestError
from tasks.state.home import Home
from tasks.state.sales_table import NoSales
from tests.conftest import TakeIn


def test_a_day_that_is_none_and_a_home_without_sales(
    tmp_path: Path, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    with pytest.raises(NoSales):
        monitor.fn(str(tmp_path / "home"))
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    with pytest.raises(RequestError, match="as_of is the last day to look at, YYYY-MM-DD"):
        monitor.fn(str(tmp_path / "home"), "yesterday")
