"""Keys: what they are made of comes out again, in the order of store, item and day; merging is what a dict does."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.state import row_keys as noun
from tasks.state.row_keys import Codes, Keys, TooManyCodes, day_of, item_of, order_of, pack, series_of, store_of, upsert

STORES, ITEMS, DAYS = (st.integers(0, (1 << bits) - 1) for bits in (20, 22, 16))
CELLS = st.lists(st.tuples(STORES, ITEMS, DAYS), min_size=1, max_size=30)


@given(cells=CELLS)
def test_packed_and_unpacked(cells: list[tuple[int, int, int]]) -> None:
    columns = [np.array(column, np.int64) for column in zip(*cells, strict=True)]
    keys = pack(*columns)
    assert [store_of(keys).tolist(), item_of(keys).tolist(), day_of(keys).tolist()] == [c.tolist() for c in columns]
    assert (keys >= 0).all()
    order = order_of(keys)
    ordered = cells if order is None else [cells[place] for place in order]
    assert ordered == sorted(cells)
    assert len(set(series_of(keys).tolist())) == len({cell[:2] for cell in cells})


@given(
    old=st.dictionaries(st.integers(0, 20), st.integers(0, 3)),
    new=st.dictionaries(st.integers(0, 20), st.integers(0, 3)),
)
def test_an_upsert_is_that_of_a_dict(old: dict[int, int], new: dict[int, int]) -> None:
    def sides(rows: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
        return np.array(sorted(rows), np.int64), np.array([rows[key] for key in sorted(rows)], np.int64)

    done = upsert(sides(old), sides(new))
    assert list(zip(done.keys.tolist(), done.sales.tolist(), strict=True)) == sorted((old | new).items())
    assert done.fresh.tolist() == [key not in old for key in sorted(new)]
    assert done.changed.tolist() == [key in old and old[key] != new[key] for key in sorted(new)]


def test_rows_become_keys_and_rows_again() -> None:
    keys = Keys()
    table = pa.table(
        {
            "date": [date(2026, 1, 5), date(1970, 1, 1)],
            "store": ["Köln", "1"],
            "item": ["4006381333931", "S-017"],
            "sales": [1, 2],
        },
        schema=pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.string()), ("sales", pa.int64())]),
    )
    found = keys.of_rows(table)
    assert keys.rows(found, table["sales"].to_numpy()).to_pylist() == table.to_pylist()
    coded = keys.rows(found, table["sales"].to_numpy())
    assert keys.of_rows(pa.concat_tables([coded, coded.slice(1)])).tolist() == [*found.tolist(), found[1]]


def test_a_column_of_receipts_is_no_column_of_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = Codes("store", 3)
    codes.of(map(str, range(8)))
    assert codes.of(["7", None]).tolist() == [7, -1]
    with pytest.raises(TooManyCodes, match="holds over 8 different stores; is another column mapped to store"):
        codes.of(["8"])


def test_there_is_room_for_every_day_that_sales_can_be_of() -> None:
    last = (date.max if noun.DAY_BITS > 21 else date(2149, 6, 6)) - date(1970, 1, 1)
    assert last.days < 1 << noun.DAY_BITS
