"""Arrays and panels in files, and how large a model's file is when sent; for retrains and backtests alike."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import Codec

from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Windows
from tasks.state.record import Record

GOLDEN = 8
"""Windows whose forecasts travel with a release, for devices to check themselves by."""


class SeriesRecord(Record):
    """Stores, items and first day of a panel; its sales are stored apart."""

    stores: tuple[str, ...]
    items: tuple[str, ...]
    first_day: date

    @classmethod
    def of(cls, panel: Panel) -> "SeriesRecord":
        first_day = panel.dates[0].astype(date)
        return cls(stores=tuple(panel.stores.tolist()), items=tuple(panel.items.tolist()), first_day=first_day)


def stored_panel(folder: Path, series: SeriesRecord) -> Panel:
    """Read a panel whose sales are in `sales.npy`; they stay in the file and are read as needed.

    Args:
        folder: Folder of `sales.npy`.
        series: Stores, items and first day.
    """
    sales = np.load(folder / "sales.npy", mmap_mode="r")
    dates = np.datetime64(series.first_day, "D") + np.arange(sales.shape[1])
    return Panel(np.array(series.stores, str), np.array(series.items, str), dates, sales)


def golden_rows(measured: Windows) -> NDArray[np.int64]:
    """Indices of a few windows, spread over all."""
    return np.unique(np.linspace(0, len(measured) - 1, GOLDEN).astype(int))


def transfer_bytes(content: bytes) -> int:
    """Bytes of a file as it is sent: compressed by zstd at level 19."""
    return len(Codec("zstd", compression_level=19).compress(content, asbytes=True))


def npy(array: NDArray[Any]) -> bytes:
    """An array in numpy's file format."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
