"""The sales table: one row a key, its versions, and what can be asked of it."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyarrow import parquet

from tasks import sales_table
from tasks.home import Home
from tasks.sales_table import NoSales
from tasks.sift import ACCEPTED


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def merge(home: Home, *rows: tuple[date, str, str, int], batch: str = "b") -> tuple[int, int]:
    path = home.root.with_suffix(".parquet")
    columns = list(zip(*rows, strict=True)) or [()] * 4
    parquet.write_table(pa.table([list(column) for column in columns], schema=ACCEPTED), path)
    return sales_table.merge(home, batch, path)


MONDAY, TUESDAY, SUNDAY = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 11)


def test_before_the_first_ingest(home: Home) -> None:
    assert sales_table.snapshot(home) is None
    for ask in (sales_table.latest, sales_table.read, sales_table.stores):
        with pytest.raises(NoSales, match=r"there are no sales in .* yet; run `shelfcast ingest` first"):
            ask(home)
    assert not home.root.exists()


def test_a_folder_without_a_table_is_no_table(home: Home) -> None:
    home.sales.mkdir(parents=True)
    assert sales_table.snapshot(home) is None
    assert merge(home, (MONDAY, "1", "1", 7)) == (1, 0)


def test_new_keys_changed_values_and_known_rows_are_told_apart(home: Home) -> None:
    assert merge(home, (MONDAY, "1", "1", 7), (MONDAY, "2", "1", 7), (TUESDAY, "1", "1", 7)) == (3, 0)
    assert merge(home, (MONDAY, "1", "1", 8), (MONDAY, "2", "1", 7), (SUNDAY, "1", "2", 1)) == (1, 1)
    rows = sales_table.read(home).sort_values(["store", "item", "date"])
    assert rows["sales"].tolist() == [8, 7, 1, 7]


def test_nothing_new_makes_no_version(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7))
    assert merge(home, (MONDAY, "1", "1", 7)) == (0, 0)
    assert merge(home) == (0, 0)
    assert sales_table.snapshot(home) == 0


def test_each_version_names_its_batch(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7), batch="first")
    merge(home, (MONDAY, "1", "1", 8), batch="second")
    assert [commit["batch"] for commit in DeltaTable(home.sales).history()] == ["second", "first"]


def test_latest_day_and_stores(home: Home) -> None:
    merge(home, (SUNDAY, "10", "1", 7), (MONDAY, "2", "1", 7), (MONDAY, "Köln / Süd", "1", 7))
    merge(home, (TUESDAY, "2", "1", 7))
    assert sales_table.latest(home) == (1, SUNDAY)
    assert sales_table.stores(home) == ["2", "10", "Köln / Süd"]


def test_rows_by_day_and_store(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 1), (TUESDAY, "1", "1", 2), (SUNDAY, "2", "1", 3))
    assert sorted(sales_table.read(home, after=MONDAY)["sales"]) == [2, 3]
    assert sorted(sales_table.read(home, until=TUESDAY)["sales"]) == [1, 2]
    assert sales_table.read(home, stores=["2"])["sales"].tolist() == [3]
    assert sales_table.read(home, after=MONDAY, until=TUESDAY, stores=["2"]).empty


def test_a_snapshot_is_described(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 1), (SUNDAY, "2", "1", 3))
    snapshot = sales_table.describe(sales_table.read(home), 0)
    assert vars(snapshot) == {"version": 0, "rows": 2, "first_day": "2026-01-05", "last_day": "2026-01-11"}
