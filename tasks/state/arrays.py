"""Arrays and panels in files, and how large a model's file is when sent; for retrains and backtests alike."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import Codec

from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Windows

GOLDEN = 8
"""Windows whose forecasts travel with a release, for devices to check themselves by."""


def series_of(panel: Panel) -> dict[str, Any]:
    """Stores, items and first day of a panel, for JSON; its sales are stored apart."""
    return {"stores": panel.stores.tolist(), "items": panel.items.tolist(), "first_day": str(panel.dates[0])}


def stored_panel(folder: Path, series: dict[str, Any]) -> Panel:
    """Read a panel whose sales are in `sales.npy`; they stay in the file and are read as needed.

    Args:
        folder: Folder of `sales.npy`.
        series: Stores, items and first day, as `series_of` gives them.
    """
    sales = np.load(folder / "sales.npy", mmap_mode="r")
    dates = np.datetime64(series["first_day"], "D") + np.arange(sales.shape[1])
    return Panel(np.array(series["stores"], str), np.array(series["items"], str), dates, sales)


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
