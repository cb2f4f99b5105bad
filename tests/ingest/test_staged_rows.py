"""Accepted rows in a folder: what was added comes back by month, in the order of keys, with the names of its codes."""

from pathlib import Path

import numpy as np

from tasks.ingest.staged_rows import Accepted
from tasks.state.row_keys import Keys, pack, store_of


def test_rows_come_back_by_month_and_in_order(tmp_path: Path) -> None:
    keys = Keys()
    stores, items = keys.stores.of(["b", "a"]), keys.items.of(["i"])[[0, 0]]
    january, february = (pack(stores, items, np.array([day, day])) for day in (20_458, 20_490))
    with Accepted(tmp_path, keys) as accepted:
        accepted.add(672, january[::-1], np.array([2, 1]))
        accepted.add(673, february[:1], np.array([3]))
        accepted.add(673, february[1:], np.array([4]))
    found = Accepted.at(tmp_path)
    assert (found.rows, found.keys.stores.names, found.keys.items.names) == ({672: 2, 673: 2}, ["b", "a"], ["i"])
    rows, sales = found.read_month(672)
    assert (rows.tolist(), sales.tolist()) == (january.tolist(), [1, 2])
    for part in range(2):
        rows, sales = found.read_month(673, part, 2)
        assert (store_of(rows).tolist(), sales.tolist()) == ([part], [3 + part])


def test_rows_of_a_run_that_failed_are_not_there(tmp_path: Path) -> None:
    try:
        with Accepted(tmp_path, Keys()):
            raise OSError("No space left on device")
    except OSError:
        pass
    assert not (tmp_path / "accepted.json").exists()
