"""A candidate: the work in progress of one retrain, in one folder, so that a run that was cut off goes on where it was.

prepared.json  inputs, outputs, weight.npy  holdout.npz      what to learn from and to measure on
<variant>/<run>.npz  .tflite  .json  .forecast.npy       weights, file, score, forecasts on the holdout
"""

import io
import json
import math
import time
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import Codec

from tasks.forecasting import scaling
from tasks.forecasting.history import History
from tasks.forecasting.lstm import Floats, Weights
from tasks.forecasting.metrics import accuracy, mape
from tasks.forecasting.recipe import Recipe
from tasks.forecasting.scaling import Scaled
from tasks.forecasting.variants import build, latency, litert
from tasks.forecasting.variants.plan import Variant
from tasks.forecasting.windows import Days, Windows
from tasks.home import write_file

GOLDEN = 8
"""Windows whose forecasts travel with a release, for devices to check themselves by."""


@dataclass(frozen=True)
class Holdout:
    """The days that only measure, with the series that each window is of."""

    windows: Windows
    stores: NDArray[np.str_]
    items: NDArray[np.str_]

    @property
    def golden(self) -> NDArray[np.int64]:
        """Windows spread over the holdout, as indices."""
        return np.unique(np.linspace(0, len(self.windows) - 1, GOLDEN).astype(int))

    def by_store(self, forecast: Floats) -> dict[str, float]:
        """MAPE of each store, in percent."""
        of_window = self.stores[self.windows.series]
        return {
            str(store): mape(self.windows.actual[of_window == store], forecast[of_window == store])
            for store in dict.fromkeys(of_window)
        }


@dataclass(frozen=True)
class Candidate:
    """What is being built, and where.

    Attributes:
        folder: Of the work in progress; its name is the last day known and a hash of all that follows.
        snapshot: Version of the sales table.
        recipe_name: Name of `recipe`.
        recipe: How variants are trained.
        runs: Fits of each variant; run `r` has seed `r`.
        variants: Each after its parent.
        days: Which train, choose and measure.
        history: Which days and series take part.
    """

    folder: Path
    snapshot: int
    recipe_name: str
    recipe: Recipe
    runs: int
    variants: tuple[Variant, ...]
    days: Days
    history: History

    @property
    def prepared(self) -> dict[str, Any]:
        """What was learned before training: snapshot, scaling, holdout, reference forecasts."""
        return json.loads((self.folder / "prepared.json").read_text())

    @cached_property
    def holdout(self) -> Holdout:
        with np.load(self.folder / "holdout.npz") as arrays:
            windows = Windows(arrays["history"], arrays["actual"], arrays["day"], arrays["series"])
            return Holdout(windows, arrays["stores"], arrays["items"])

    def scaled_holdout(self) -> Scaled:
        """The holdout as the network sees it."""
        return scaling.from_dict(self.prepared["scaling"]).apply(self.holdout.windows.history, self.holdout.windows.day)

    def path(self, variant: str, run: int, kind: str) -> Path:
        return self.folder / variant / f"{run}.{kind}"

    def scores(self, variant: str) -> list[dict[str, Any]]:
        """How each run's file did; a run whose worker was lost has a fault."""
        files = [self.path(variant, run, "json") for run in range(self.runs)]
        lost = {"fault": "it was not built: its worker or its parent's crashed or hung"}
        return [json.loads(file.read_text()) if file.exists() else lost for file in files]

    def forecast(self, variant: str, run: int) -> Floats:
        """Units forecast on the holdout, shape `(windows,)`."""
        return np.load(self.path(variant, run, "forecast.npy"))


def build_run(candidate: Candidate, variant: Variant, run: int) -> float:
    """Make one run's weights and file, unless they are there; seconds that it took. Runs in a worker."""
    start = time.monotonic()
    origin = candidate.path(str(variant.parent), run, "npz")
    if candidate.path(variant.name, run, "tflite").exists() or not (variant.from_scratch or origin.exists()):
        return 0.0
    names = [field.name for field in fields(build.Lessons)]
    lessons = build.Lessons(*(np.load(candidate.folder / f"{name}.npy", mmap_mode="r") for name in names))
    if variant.from_scratch:
        weights = build.train(variant, candidate.recipe, lessons, seed=run)
    else:
        weights = build.compress(variant, candidate.recipe, Weights.load(origin), lessons, seed=run)
    write_file(candidate.path(variant.name, run, "npz"), weights.to_bytes())
    content = build.file(variant, candidate.recipe, weights, build.representative(lessons, seed=run))
    write_file(candidate.path(variant.name, run, "tflite"), content)
    return time.monotonic() - start


def score_run(candidate: Candidate, variant: Variant, run: int) -> None:
    """Run one run's file on the holdout and write how well it did, unless it is there. Runs in a worker."""
    built = candidate.path(variant.name, run, "tflite").exists()
    if candidate.path(variant.name, run, "json").exists() or not built:
        return
    content = candidate.path(variant.name, run, "tflite").read_bytes()
    weights = Weights.load(candidate.path(variant.name, run, "npz"))
    holdout, scaled = candidate.holdout, candidate.scaled_holdout()
    golden = scaled.inputs[holdout.golden]
    fault = build.fault(variant, candidate.recipe, weights, content, golden)
    score: dict[str, Any] = {
        "fault": fault,
        "file_bytes": len(content),
        "transfer_bytes": len(Codec("zstd", compression_level=19).compress(content, asbytes=True)),
    }
    if fault is None:
        file = litert.Forecaster(content)
        forecast = scaled.forecast(file(scaled.inputs))
        score |= vars(accuracy(holdout.windows.actual, forecast))
        score |= {"by_store": holdout.by_store(forecast), "ram_bytes": len(content) + file.working_memory()}
        timed = latency.measure(file, golden, sha256(content).hexdigest())
        score |= {"latency_us": timed.microseconds, "latency_fault": timed.reason}
        write_file(candidate.path(variant.name, run, "forecast.npy"), npy(forecast))
    write_file(candidate.path(variant.name, run, "json"), to_json(score))


def npy(array: NDArray[Any]) -> bytes:
    """An array in numpy's file format."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def to_json(record: Any) -> bytes:
    """JSON with every undefined number as null."""
    return (json.dumps(_defined(record), indent=1, allow_nan=False) + "\n").encode()


def _defined(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _defined(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
