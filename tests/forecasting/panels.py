"""Panels of a few series, for tests."""

from typing import Any

import numpy as np

from tasks.forecasting.data.panel import Panel

FIRST = np.datetime64("2024-01-01")
"""A Monday."""


def panel(sales: Any, stores: Any = None, items: Any = None) -> Panel:
    """Sales from `FIRST` on, a row a series; stores and items are numbered from 1 by default."""
    sales = np.array(sales, np.float32)
    number = np.arange(1, len(sales) + 1).astype(str)
    stores, items = (number if codes is None else np.array(codes, str) for codes in (stores, items))
    return Panel(stores, items, FIRST + np.arange(sales.shape[1]), sales)
