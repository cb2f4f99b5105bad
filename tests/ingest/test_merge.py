"""The merge: what is new, changed or known; only the months that change are written, all of them or none."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tasks.ingest.merge import merge as merge_rows
from tasks.state import sales_table
from tasks.state.home import Home
from tests.ingest.merging import MONDAY, SUNDAY, TUESDAY, merge, staged
from tests.sales import sales_rows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_folder_without_a_table_is_no_table(home: Home) -> None:
    home.sales.mkdir(parents=True)
    assert sales_table.snapshot(home) is None
    assert merge(home, (MONDAY, "1", "1", 7)) == (1, 0)


def test_new_keys_changed_values_and_known_rows_are_told_apart(home: Home) -> None:
    assert merge(home, (MONDAY, "1", "1", 7), (MONDAY, "2", "1", 7), (TUESDAY, "1", "1", 7)) == (3, 0)
    assert merge(home, (MONDAY, "1", "1", 8), (MONDAY, "2", "1", 7), (SUNDAY, "1", "2", 1)) == (1, 1)
    rows = sales_rows(home).sort_values(["store", "item", "date"])
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


APRIL = date(2026, 4, 1)


def versions(home: Home, month: str) -> list[str]:
    return sorted(path.name for path in (home.sales / f"month={month}").glob("*.parquet"))


def test_only_the_months_that_change_are_written_anew(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 7))
    before = versions(home, "2026-01"), versions(home, "2026-04")
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 8))
    assert versions(home, "2026-01") == before[0]
    assert len(versions(home, "2026-04")) == 2
    assert len(sales_rows(home)) == 2


def test_rows_of_some_stores_can_be_left_out(home: Home) -> None:
    assert merge(home, (MONDAY, "1", "1", 7), (MONDAY, "2", "1", 7), without=("2", "unknown")) == (1, 0)
    assert sales_table.stores(home) == ["1"]
    assert merge(home, (MONDAY, "2", "1", 7), without=("2",)) == (0, 0)


def test_where_nothing_may_be_overwritten_contradicted_keys_are_told(home: Home) -> None:
    merge(home, (MONDAY, "1", "1", 7), (APRIL, "1", "1", 7))
    accepted = staged(home.root.with_suffix(".s"), (MONDAY, "1", "1", 8), (TUESDAY, "1", "1", 9), (APRIL, "1", "1", 7))
    change = merge_rows(home, "b", accepted, 1000, overwrite=False)
    assert (change.inserted, change.changed, change.contradicted) == (1, 0, {(MONDAY, "1", "1")})
    assert sorted(sales_rows(home)["sales"]) == [7, 7, 9]


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_months_larger_than_the_limit_are_merged_by_parts_of_their_stores(home: Home, limit: int) -> None:
    rows = [(day, str(store), "1", store) for day in (MONDAY, TUESDAY, APRIL) for store in range(7)]
    assert merge(home, *rows, limit=limit) == (21, 0)
    changed = [(MONDAY, "3", "1", 99), (MONDAY, "8", "1", 8), (TUESDAY, "0", "1", 0)]
    assert merge(home, *changed, limit=limit) == (1, 1)
    found = {(row.date, row.store): row.sales for row in sales_rows(home).itertuples()}
    assert found == {(day, store): units for day, store, _, units in [*rows, *changed]}
    assert merge(home, *rows[:0], *changed, limit=limit) == (0, 0)


def test_a_merge_that_fails_leaves_no_file_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    merge(home, (MONDAY, "1", "1", 7))
    before = sorted(home.sales.rglob("*"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", full)
    with pytest.raises(OSError, match="No space left"):
        merge(home, (MONDAY, "1", "1", 8), (APRIL, "1", "1", 8))
    assert [path for path in sorted(home.sales.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]
