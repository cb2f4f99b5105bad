"""Coverage: each count is that of a naive loop over days, whatever the rows, months and parts are."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.contract.coverage import RECENT, SAME_WEEKDAY_YEAR, Coverage
from tasks.state.row_keys import Keys, day_of, month_of, pack, store_of

FIRST = 20_000
"""Within October 2024."""


Cell = tuple[int, int, int]
"""Store, item, day."""


ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(-60, 20)), max_size=150, unique=True)


def seen(rows: list[Cell], first: int, last: int, stores: set[int], parts: int) -> Coverage:
    found = Coverage(first, last, stores)
    keys = (
        np.sort(pack(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))) if rows else np.empty(0, int)
    )
    months = month_of(day_of(keys))
    for month in sorted({*np.unique(months).tolist(), *found.months} & {*np.unique(months).tolist()}):
        for part in range(parts):
            mine = keys[(months == month) & (store_of(keys) % parts == part)]
            found.see(month, mine, mine % 7)
    found.finish()
    return found


def naive_gaps(
    rows: list[Cell], first: int, last: int, stores: set[int]
) -> dict[tuple[int, int], tuple[int, int, int]]:
    opened = {(store, day) for store, _, day in rows}
    series = defaultdict(list)
    for store, item, day in sorted(rows):
        if day <= last:
            series[store, item].append(day)
    found = {}
    for (store, item), days in series.items():
        if store not in stores:
            continue
        lacking: list[tuple[int, int, int]] = []
        spans = [(one + 1, other - 1) for one, other in pairwise(days) if other - one <= RECENT + 1]
        if days[-1] >= last - RECENT:
            spans.append((days[-1] + 1, last))
        for start, end in spans:
            count = sum((store, day) in opened for day in range(max(start, first), end + 1))
            if count:
                lacking.append((count, max(start, first), end))
        if lacking:
            found[store, item] = (sum(count for count, _, _ in lacking), lacking[0][1], lacking[-1][2])
    return found


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, first=st.integers(-5, 5), length=st.integers(0, 15), parts=st.integers(1, 3))
def test_days_that_series_lack(rows: list[Cell], first: int, length: int, parts: int) -> None:
    rows = [(store, item, FIRST + day) for store, item, day in rows]
    first, last = FIRST + first, FIRST + first + length
    stores = {store for store, _, day in rows if first <= day <= last}
    keys = Keys()
    keys.stores.of("012")
    keys.items.of("012")
    table = seen(rows, first, last, stores, parts).gaps(keys)
    epoch = np.datetime64(0, "D")
    found = {
        (int(row.store), int(row.item)): (
            row.days,
            int((np.datetime64(row.first) - epoch).astype(int)),
            int((np.datetime64(row.last) - epoch).astype(int)),
        )
        for row in table.itertuples()
    }
    assert found == naive_gaps(rows, first, last, stores)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, length=st.integers(0, 15))
def test_last_years_weeks_are_those_364_days_before(rows: list[Cell], length: int) -> None:
    now = {(store, item, FIRST + day) for store, item, day in rows if day <= length}
    then = {(store, item, day - SAME_WEEKDAY_YEAR) for store, item, day in now if day % 3}
    last = FIRST + length
    stores = {store for store, _, day in now if FIRST <= day <= last}
    found = seen(sorted(now | then), FIRST, last, stores, 1).against_last_year()
    every = now | then
    compared = [
        day
        for day in range(FIRST, last + 1)
        if any((s, i, day - SAME_WEEKDAY_YEAR) in every for s in stores for i in range(3))
    ]
    for place, store in enumerate(sorted(stores)):
        here = [key for key in every if key[0] == store and key[2] in compared]
        before = [key for key in every if key[0] == store and key[2] + SAME_WEEKDAY_YEAR in compared]
        assert (found["rows"][place], found["rows_then"][place]) == (len(here), len(before))
        units = sum(int(pack(*(np.array([part]) for part in key))[0]) % 7 for key in here)
        assert found["units"][place] == units


@pytest.mark.parametrize("first", [FIRST, 30])
def test_months_before_1970_are_not_asked_for(first: int) -> None:
    assert min(Coverage(first, first, [0]).months) >= 0


def test_the_worked_example() -> None:
    """A store is closed on day 7, and item b lacks day 6."""
    monday = FIRST
    rows = [(0, 0, monday), (0, 0, monday + 1), (0, 0, monday + 3), (0, 1, monday), (0, 1, monday + 3)]
    keys = Keys()
    keys.stores.of("S")
    keys.items.of("ab")
    (gap,) = seen(rows, monday, monday + 3, {0}, 1).gaps(keys).itertuples()
    assert (gap.store, gap.item, gap.days) == ("S", "b", 1)
