"""Rows that are merged into a sales table without a file."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.ingest.merge import merge as merge_rows
from tasks.ingest.staged_rows import Accepted
from tasks.state.home import Home
from tasks.state.row_keys import Keys, day_of, month_of
from tasks.state.sales_table import COLUMNS

MONDAY, TUESDAY, SUNDAY = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 11)


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
