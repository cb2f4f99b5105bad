"""Arrays and panels in files, and what a model's file weighs: what a retrain and a backtest keep in the same way."""

import io
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import Codec

from tasks.forecasting.accuracy.scoring import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Days, Windows
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.variants.plan import Variant
from tasks.state.holidays import SeasonCalendar
from tasks.state.record import to_json

GOLDEN = 8
"""Windows whose forecasts travel with a release, for devices to check themselves by."""

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "holidays", "shelfcast")
"""On whose versions the models depend."""


def folder_name(
    last_day: date,
    snapshot: int,
    recipe: Recipe,
    variants: Sequence[Variant],
    days: Days,
    history: History,
    calendar: SeasonCalendar,
    policy: MapePolicy,
    **more: Any,
) -> str:
    """The last day known and a hash of all that models depend on, so that the same work finds the same folder again."""
    depends_on = {
        "snapshot": snapshot,
        "recipe": recipe.model_dump(),
        **more,
        "variants": [variant.name for variant in variants],
        "days": days.model_dump(),
        "history": history.model_dump(mode="json"),
        "calendar": calendar.model_dump(mode="json"),
        "mape": policy.model_dump(mode="json"),
        "packages": {name: version(name) for name in PACKAGES},
    }
    return f"{last_day:%Y%m%d}-{sha256(to_json(depends_on)).hexdigest()[:8]}"


def series_of(panel: Panel) -> dict[str, Any]:
    """What a panel has beside its sales, for JSON."""
    return {"stores": panel.stores.tolist(), "items": panel.items.tolist(), "first_day": str(panel.dates[0])}


def stored_panel(folder: Path, series: dict[str, Any]) -> Panel:
    """The panel whose sales are in `sales.npy` of a folder, where they stay, and whose rest is `series`."""
    sales = np.load(folder / "sales.npy", mmap_mode="r")
    dates = np.datetime64(series["first_day"], "D") + np.arange(sales.shape[1])
    return Panel(np.array(series["stores"], str), np.array(series["items"], str), dates, sales)


def golden_rows(measured: Windows) -> NDArray[np.int64]:
    """Indices of a few windows, spread over all."""
    return np.unique(np.linspace(0, len(measured) - 1, GOLDEN).astype(int))


def transfer_bytes(content: bytes) -> int:
    """Bytes of a file as it is sent."""
    return len(Codec("zstd", compression_level=19).compress(content, asbytes=True))


def npy(array: NDArray[Any]) -> bytes:
    """An array in numpy's file format."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
