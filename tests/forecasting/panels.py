"""Panels of a few series, for tests."""

from typing import Any

import numpy as np
import pandas as pd

from tasks.forecasting.data.panel import Panel, Rows, to_panel

FIRST = np.datetime64("2024-01-01")
"""A Monday."""


def panel(sales: Any, stores: Any = None, items: Any = None) -> Panel:
    """Sales from `FIRST` on, a row a series; stores and items are numbered from 1 by default."""
    sales = np.array(sales, np.float32)
    number = np.arange(1, len(sales) + 1).astype(str)
    stores, items = (number if codes is None else np.array(codes, str) for codes in (stores, items))
    return Panel(stores, items, FIRST + np.arange(sales.shape[1]), sales)


def panel_of(rows: pd.DataFrame) -> Panel:
    """Rows with the columns `date`, `store`, `item` and `sales` as a panel, laid out as the sales table does."""
    names = list(zip(rows["store"].astype(str), rows["item"].astype(str), strict=True))
    number = {name: index for index, name in enumerate(sorted(set(names)))}
    series = np.array([number[name] for name in names], np.int64)
    day = rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    days = (int(day.min(initial=0)), int(day.max(initial=0)))
    lengths = np.bincount(series, minlength=len(number))
    return to_panel(list(number), lengths, days, [Rows(series, day, rows["sales"].to_numpy())])
