"""The sales table: one row a key, its versions, and what can be asked of it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tasks.forecasting.data.panel import TooLittleHistory
from tasks.ingest.merge import merge as merge_rows
from tasks.ingest.staged_rows import Accepted
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.row_keys import Keys, day_of, month_of
from tasks.state.sales_table import COLUMNS, Months, NoSales


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def staged(folder: Path, *rows: tuple[date, str, str, int]) -> Accepted:
    folder.mkdir(exist_ok=True)
    columns = list(zip(*rows, strict=True)) or [()] * 4
    table = pa.table([list(column) for column in columns], schema=COLUMNS)
    keys = Keys()
    found, units = keys.of_rows(table), table["sales"].to_numpy()
    months = month_of(day_of(found))
    with Accepted(folder, keys) as accepted:
        for month in np.unique(months):
            order = np.argsort(found[months == month])
            accepted.add(int(month), found[months == month][order], units[months == month][order])
    return Accepted.at(folder)


def merge(
    home: Home, *rows: tuple[date, str, str, int], batch: str = "b", limit: int = 1000, **options: Any
) -> tuple[int, int]:
    change = merge_rows(home, batch, staged(home.root.with_suffix(".staging"), *rows), limit, **options)
    return change.inserted, change.changed


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


def versions(home: Home, month: str) -> list[str]:
    return sorted(path.name for path in (home.sales / f"month={month}").glob("*.parquet"))


def test_only_the_months_that_change_are_written_anew(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 7))
    before = versions(home, "2026-01"), versions(home, "2026-04")
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 8))
    assert versions(home, "2026-01") == before[0]
    assert len(versions(home, "2026-04")) == 2
    assert len(sales_table.read(home)) == 2


def test_rows_of_some_stores_can_be_left_out(home: Home) -> None:
    assert merge(home, (MONDAY, "1", "1", 7), (MONDAY, "2", "1", 7), without=("2", "unknown")) == (1, 0)
    assert sales_table.stores(home) == ["1"]
    assert merge(home, (MONDAY, "2", "1", 7), without=("2",)) == (0, 0)


def test_where_nothing_may_be_overwritten_contradicted_keys_are_told(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 7))
    accepted = staged(home.root.with_suffix(".s"), (MONDAY, "1", "1", 8), (TUESDAY, "1", "1", 9), (APRIL, "1", "1", 7))
    change = merge_rows(home, "b", accepted, 1000, overwrite=False)
    assert (change.inserted, change.changed, change.contradicted) == (1, 0, {(MONDAY, "1", "1")})
    assert sorted(sales_table.read(home)["sales"]) == [7, 7, 9]


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_months_larger_than_the_limit_are_merged_by_parts_of_their_stores(home: Home, limit: int) -> None:
    rows = [(day, str(store), "1", store) for day in (MONDAY, TUESDAY, APRIL) for store in range(7)]
    assert merge(home, *rows, limit=limit) == (21, 0)
    changed = [(MONDAY, "3", "1", 99), (MONDAY, "8", "1", 8), (TUESDAY, "0", "1", 0)]
    assert merge(home, *changed, limit=limit) == (1, 1)
    found = {(row.date, row.store): row.sales for row in sales_table.read(home).itertuples()}
    assert found == {(day, store): units for day, store, _, units in [*rows, *changed]}
    assert merge(home, *rows[:0], *changed, limit=limit) == (0, 0)


def test_a_month_is_read_as_keys_in_order(home: Home) -> None:
    merge(home, (SUNDAY, "2", "1", 3), (MONDAY, "1", "b", 2), (MONDAY, "1", "a", 1), (APRIL, "1", "a", 4))
    months = Months(home, Keys())
    assert months.rows == {672: 3, 675: 1}
    keys, sales = months.take(672)
    assert (np.diff(keys) > 0).all()
    rows = months.keys.rows(keys, sales).to_pylist()
    assert {(row["date"], row["store"], row["item"], row["sales"]) for row in rows} == {
        (SUNDAY, "2", "1", 3),
        (MONDAY, "1", "b", 2),
        (MONDAY, "1", "a", 1),
    }
    parts = [months.take(672, part, 2)[1].tolist() for part in range(2)]
    assert sorted(parts[0] + parts[1]) == [1, 2, 3] and all(parts)


def test_a_merge_that_fails_leaves_no_file_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    merge(home, (MONDAY, "1", "1", 7))
    before = sorted(home.sales.rglob("*"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", full)
    with pytest.raises(OSError, match="No space left"):
        merge(home, (MONDAY, "1", "1", 8), (APRIL, "1", "1", 8))
    assert [path for path in sorted(home.sales.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]
