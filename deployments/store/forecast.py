"""A store device: from an assignment, its model file and 14 raw daily sales to a forecast in units.

This one file is all that a device needs of shelfcast, beside numpy and ai-edge-litert. It reads the channel:

    python forecast.py CHANNEL --store 1 --item 7 --day 2026-11-25 --history 12,9,,14,...

The history has the sales of the 14 days before the day, the oldest first; a day without a figure stays empty.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from ai_edge_litert import interpreter as litert

KNOWN = 7
"""Number of days of the history that must be known."""

MIN_LEVEL = 1 / 28
"""Least level that a window is divided by, in units a day."""


class ModelRejected(RuntimeError):
    """The file is not the one assigned, or does not answer its golden samples."""


class Device:
    """One store's forecaster. It answers its golden samples before it forecasts.

    Args:
        assignment: The store's assignment, from the channel.
        model: The model file that the assignment names.

    Raises:
        ModelRejected: If the file is not the one assigned, or does not answer its golden samples.
    """

    def __init__(self, assignment: dict[str, Any], model: bytes) -> None:
        expected = assignment["model"]["sha256"]
        if (found := sha256(model).hexdigest()) != expected:
            raise ModelRejected(f"the model file has sha256 {found[:12]}, assigned is {expected[:12]}; fetch it again")
        self.scaling, self.window = assignment["scaling"], assignment["window"]
        levels = assignment.get("levels", {"day": "0001-01-01", "of": {}})
        since = date.fromisoformat(levels["day"])
        self.levels = {item: (each["units"], each["days"], since) for item, each in levels["of"].items()}
        self._interpreter = litert.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._check(**assignment["golden"])

    def forecast(self, item: str, history: Sequence[float | None], day: date) -> float | None:
        """Units that an item will sell on a day; `None` where fewer than 7 of the 14 days are known.

        A recipe with a smoothed level updates it by the days that it has not seen yet: ask every day, or at least
        every 14 days.

        Args:
            item: The item's code.
            history: Sales of the 14 days before `day`, the oldest first, `None` for a missing day.
            day: The day to forecast.
        """
        sales = [math.nan if units is None else float(units) for units in history]
        if len(sales) != self.window or sum(map(math.isfinite, sales)) < KNOWN:
            return None
        level = self._learn(item, sales, day) if self.scaling["kind"] == "running-level" else None
        return self._units(item, sales, day, level)

    def _units(self, item: str, sales: list[float], day: date, level: float | None) -> float:
        """The forecast from 14 days; a level of `None` is the window's mean."""
        if self.scaling["kind"] == "global-min-max":
            low, span = self.scaling["low"], self.scaling["high"] - self.scaling["low"] or 1.0
            filled = np.nan_to_num(sales, nan=np.nanmean(sales))
            return max(0.0, low + span * self._run((filled - low) / span))
        index = self._index(item)
        deseasonalised = np.array([units / index(past) for units, past in zip(sales, self._days(day), strict=True)])
        level = max(float(np.nanmean(deseasonalised)) if level is None else level, MIN_LEVEL)
        naive_forecast = level * index(day)
        relative = np.nan_to_num(deseasonalised / level - 1, nan=0.0)
        return max(0.0, naive_forecast + naive_forecast * self._run(relative))

    def _learn(self, item: str, sales: list[float], day: date) -> float:
        """The item's level, smoothed exponentially over the days that it has not seen yet."""
        level, seen, last = self.levels.get(item, (0.0, 0, date.min))
        index = self._index(item)
        for past, sold in zip(self._days(day), sales, strict=True):
            if past > last and math.isfinite(sold):
                seen += 1
                alpha = max(2 / (self.scaling["span"] + 1), 1 / seen)
                level += alpha * (sold / index(past) - level)
        self.levels[item] = (level, seen, max(last, day - timedelta(1)))
        return level

    def _index(self, item: str) -> Any:
        """The seasonal index of a day, for an item."""
        groups = [group for group in self.scaling.get("groups", ()) if item in group["items"]]
        table = groups[0] if groups else self.scaling

        def at(day: date) -> float:
            angle = 2 * math.pi * (day - date(day.year, 1, 1)).days / 365.25
            waves = enumerate(table.get("annual", ()), 1)
            year = sum(cosine * math.cos(n * angle) + sine * math.sin(n * angle) for n, (cosine, sine) in waves)
            own = table.get("days", {}).get(str(day), 1.0)
            return table["weekday"][day.weekday()] * table["month"][day.month - 1] * math.exp(year) * own

        return at

    def _days(self, day: date) -> list[date]:
        return [day - timedelta(back) for back in range(self.window, 0, -1)]

    def _run(self, inputs: Any) -> float:
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(
            self._interpreter.get_input_details()[0]["index"], np.asarray(inputs, np.float32).reshape(1, -1, 1)
        )
        self._interpreter.invoke()
        return float(self._interpreter.get_tensor(self._interpreter.get_output_details()[0]["index"]).item())

    def _check(self, tolerance: float, samples: list[dict[str, Any]]) -> None:
        for sample in samples:
            sales = [math.nan if units is None else units for units in sample["history"]]
            answer = self._units(sample["item"], sales, date.fromisoformat(sample["day"]), sample.get("level"))
            if not abs(answer - sample["forecast"]) <= tolerance * max(1.0, abs(sample["forecast"])):
                raise ModelRejected(
                    f"the model forecasts {answer:.3f} where {sample['forecast']:.3f} is right; keep the old one"
                )


def main() -> int:
    """Print one forecast."""
    parser = argparse.ArgumentParser(description="Forecast one item's sales of one day, in units.")
    parser.add_argument("channel", type=Path, help="folder with stores/ and models/")
    parser.add_argument("--store", required=True)
    parser.add_argument("--item", required=True)
    parser.add_argument("--day", type=date.fromisoformat, required=True, help="the day to forecast, YYYY-MM-DD")
    parser.add_argument("--history", required=True, help="sales of the 14 days before it, oldest first: 12,9,,14,...")
    asked = parser.parse_args()
    assignment = json.loads((asked.channel / "stores" / f"{quote(asked.store, safe='')}.json").read_text())
    device = Device(assignment, (asked.channel / assignment["model"]["path"]).read_bytes())
    history = [float(units) if units.strip() else None for units in asked.history.split(",")]
    forecast = device.forecast(asked.item, history, asked.day)
    print("nothing: 7 of 14 days must be known" if forecast is None else f"{forecast:.2f}")
    return int(forecast is None)


if __name__ == "__main__":
    sys.exit(main())
