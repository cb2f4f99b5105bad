"""The sales table: one row a key, its versions, and what can be asked of it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.forecasting.data.panel import TooLittleHistory
from tasks.state import delta, sales_table
from tasks.state.home import Home
from tasks.state.parquet import DamagedFile, DamagedTable
from tasks.state.row_keys import Keys
from tasks.state.sales_table import Months, NoSales
from tests.ingest.merging import MONDAY, SUNDAY, TUESDAY, merge


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_before_the_first_ingest(home: Home) -> None:
    assert sales_table.snapshot(home) is None
    for ask in (sales_table.latest, sales_table.panel, sales_table.stores):
        with pytest.raises(NoSales, match=r"there are no sales in .* yet; run `shelfcast ingest` first"):
            ask(home)
    assert not home.root.exists()


def test_latest_day_and_stores(home: Home) -> None:
    merge(home, (SUNDAY, "10", "1", 7), (MONDAY, "2", "1", 7), (MONDAY, "Köln / Süd", "1", 7))
    merge(home, (TUESDAY, "2", "1", 7))
    assert sales_table.latest(home) == (1, SUNDAY)
    assert sales_table.stores(home) == ["2", "10", "Köln / Süd"]


def test_a_panel_of_some_days_and_stores(home: Home) -> None:
    days = [MONDAY + timedelta(number) for number in range(40)]
    merge(home, *((day, store, "1", 100 * int(store) + number) for number, day in enumerate(days) for store in "12"))

    def units(**chosen: Any) -> list[list[float]]:
        return sales_table.panel(home, **chosen).sales.tolist()

    assert units(after=days[19]) == [[100.0 + number for number in range(20, 40)], [220.0 + n for n in range(20)]]
    assert units(until=days[19]) == [[100.0 + number for number in range(20)], [200.0 + n for n in range(20)]]
    assert units(stores=["2"]) == [[200.0 + number for number in range(40)]]
    assert units(after=days[4], until=days[24], stores=["2"]) == [[200.0 + number for number in range(5, 25)]]
    with pytest.raises(TooLittleHistory, match="received 0 series"):
        units(after=days[24], until=days[24])


def test_a_snapshot_is_described(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 1), (SUNDAY, "2", "1", 3))
    snapshot = sales_table.describe(home, 0)
    assert vars(snapshot) == {"version": 0, "rows": 2, "first_day": "2026-01-05", "last_day": "2026-01-11"}


def test_a_panel_is_the_rows_laid_out(home: Home) -> None:
    first = date(2026, 1, 5)
    rows = [(first + timedelta(day), store, "7", 10 * int(store) + day) for day in range(40) for store in ("10", "2")]
    merge(home, *rows, (first - timedelta(9), "3", "7", 5))
    laid_out = sales_table.panel(home)
    assert (laid_out.stores.tolist(), laid_out.items.tolist(), laid_out.skipped) == (["2", "10"], ["7", "7"], 1)
    assert laid_out.dates[0] == np.datetime64(first), "a skipped series does not reach into the days"
    np.testing.assert_array_equal(laid_out.sales, np.array([[20], [100]]) + np.arange(40))
    later = sales_table.panel(home, after=first, until=first + timedelta(20), stores=["10"])
    np.testing.assert_array_equal(later.sales, 100 + np.arange(1, 21)[None])
    with pytest.raises(TooLittleHistory, match="received 0 series"):
        sales_table.panel(home, stores=["4"])


APRIL = date(2026, 4, 1)


def test_a_month_is_read_as_keys_in_order(home: Home) -> None:
    merge(home, (SUNDAY, "2", "1", 3), (MONDAY, "1", "b", 2), (MONDAY, "1", "a", 1), (APRIL, "1", "a", 4))
    months = Months(home, Keys())
    assert months.rows == {672: 3, 675: 1}
    keys, sales = months.read_month(672)
    assert (np.diff(keys) > 0).all()
    rows = months.keys.rows(keys, sales).to_pylist()
    assert {(row["date"], row["store"], row["item"], row["sales"]) for row in rows} == {
        (SUNDAY, "2", "1", 3),
        (MONDAY, "1", "b", 2),
        (MONDAY, "1", "a", 1),
    }
    parts = [months.read_month(672, part, 2)[1].tolist() for part in range(2)]
    assert sorted(parts[0] + parts[1]) == [1, 2, 3] and all(parts)


@pytest.mark.parametrize("columns", ["all", "stores", "a month"])
def test_no_flipped_bit_is_read_as_other_sales(home: Home, columns: str) -> None:
    first = date(2026, 1, 1)
    merge(home, *((first + timedelta(day), store, "7", 50 + day) for day in range(31) for store in "123"))
    read: Any = {
        "all": lambda: sales_table.panel(home),
        "stores": lambda: sales_table.stores(home),
        "a month": lambda: Months(home, Keys()).read_month(672),
    }[columns]
    (path,) = delta.paths(home.sales)
    content, random = path.read_bytes(), np.random.default_rng(0)
    for bit in random.integers(8 * len(content), size=120).tolist():
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DamagedFile, match=f"{path.name} of the table {home.sales} is damaged: .*from a backup"):
            read()
    path.write_bytes(content)
    read()


def test_a_damaged_log_names_the_table(home: Home) -> None:
    merge(home, (SUNDAY, "1", "1", 3))
    (log,) = (home.sales / "_delta_log").glob("*.json")
    log.write_text(log.read_text()[:40])
    with pytest.raises(DamagedTable, match=f"the log of the table {home.sales} cannot be read: .*from a backup"):
        sales_table.latest(home)
