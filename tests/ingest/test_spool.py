"""The spool: rows come back by month, all of them, in the order in which they came, whatever waits on disk."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.spool import Spool
from tasks.state.row_keys import month_of, pack

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100), st.integers(0, 9)), max_size=20)


@settings(max_examples=50, deadline=None)
@given(chunks=st.lists(ROWS, max_size=5), limit=st.integers(1, 50), parts=st.integers(1, 3))
def test_rows_come_back_by_month(chunks: list[list[tuple[int, int, int]]], limit: int, parts: int) -> None:
    expected: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), limit)
        for number, rows in enumerate(chunks):
            stores, days, sales = (np.array(column, np.int64) for column in (list(zip(*rows, strict=True)) or [[]] * 3))
            keys, lines = pack(stores, np.zeros(len(rows), np.int64), days), np.arange(len(rows))
            spool.add(number, lines, keys, sales)
            for key, units, line, month in zip(keys, sales, lines, month_of(days), strict=True):
                expected[int(month)].append((int(key), int(units), number, int(line)))
        assert spool.months() == {month: len(rows) for month, rows in sorted(expected.items())}
        for month, rows in expected.items():
            taken = [spool.read_month(month, part, parts) for part in range(parts)]
            found = [tuple(map(int, row)) for each in taken for row in zip(*each, strict=True)]
            assert sorted(found) == sorted(rows)
        days_seen = [day for rows in chunks for _, day, _ in rows]
        assert spool.days == ((min(days_seen), max(days_seen)) if days_seen else (0, -1))
