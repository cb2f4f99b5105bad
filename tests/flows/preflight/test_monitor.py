"""Until which day stores are scored."""

from datetime import date
from pathlib import Path

import pytest

from flows.preflight.monitor import monitor_request
from flows.preflight.request import RequestError
from tasks.state.home import Home
from tasks.state.sales_table import NoSales
from tests.conftest import TakeIn


def test_the_last_day_with_sales_unless_another_is_named(tmp_path: Path, take_in: TakeIn) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    take_in(Home(tmp_path / "home"), tmp_path / "a.csv")
    assert monitor_request(str(tmp_path / "home"), None).as_of == date(2026, 1, 5)
    assert monitor_request(str(tmp_path / "home"), "2026-01-04").as_of == date(2026, 1, 4)
    with pytest.raises(RequestError) as caught:
        monitor_request(str(tmp_path / "home"), "yesterday")
    assert str(caught.value) == "as_of is the last day to look at, YYYY-MM-DD. Received: yesterday"
    assert caught.value.as_option().startswith("--as-of is the last day")


def test_without_sales_there_is_nothing_to_score(tmp_path: Path) -> None:
    with pytest.raises(NoSales, match="there are no sales"):
        monitor_request(str(tmp_path / "home"), None)
