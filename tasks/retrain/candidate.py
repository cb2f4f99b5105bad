"""A candidate: the work in progress of one retrain, in one folder, so that a run that was cut off goes on where it was.

prepared.json  sales, reference.npy                      what to measure on, and the forecast to beat
inputs, outputs, weight.npy                              what to learn from
rivals.json  rivals/<name>.npy                           what stores run or ran, and its forecasts on the holdout
evidence.npz                                             what the gate saw
<variant>/<run>.npz  .tflite  .json  .forecast.npy       weights, file, score, forecasts on the holdout
<variant>/0.latency.json                                 time of one forecast
"""

import json
import time
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.scoring import MapePolicy, Yardstick
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Days, Windows, windows
from tasks.forecasting.model import scaling
from tasks.forecasting.model.lstm import Floats, Weights
from tasks.forecasting.model.recipe import CHOOSING, Recipe
from tasks.forecasting.model.scaling import Scale
from tasks.forecasting.model.training_set import Lessons
from tasks.forecasting.model.variants import build, contents, latency, litert
from tasks.forecasting.model.variants.plan import Variant
from tasks.state.arrays import golden_rows, npy, stored_panel, transfer_bytes
from tasks.state.atomic import write_file
from tasks.state.holidays import SeasonCalendar
from tasks.state.record import to_json


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
        calendar: What is known of days and items beforehand.
        policy: Which days count in errors.
    """

    folder: Path
    snapshot: int
    recipe_name: str
    recipe: Recipe
    runs: int
    variants: tuple[Variant, ...]
    days: Days
    history: History
    calendar: SeasonCalendar
    policy: MapePolicy

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a worker: not what was read here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def prepared(self) -> dict[str, Any]:
        """What was learned before training: snapshot, series, scaling, holdout, reference forecasts."""
        return json.loads((self.folder / "prepared.json").read_text())

    @property
    def last_day(self) -> date:
        """Of the sales that it was made from."""
        return date.fromisoformat(self.prepared["snapshot"]["last_day"])

    @cached_property
    def panel(self) -> Panel:
        """The sales that take part; they stay in their file."""
        return stored_panel(self.folder, self.prepared["series"])

    @cached_property
    def holdout(self) -> Windows:
        """The days that only measure."""
        return windows(self.panel, self.days.split(len(self.panel.dates)).holdout, len(self.panel.dates))

    @cached_property
    def yardstick(self) -> Yardstick:
        """What forecasts on the holdout are measured by."""
        learned = self.days.split(len(self.panel.dates)).holdout
        return Yardstick(self.holdout, learned, self.policy, self.calendar.groups)

    @cached_property
    def validation(self) -> Yardstick:
        """The days that choose, and what forecasts of them are measured by."""
        split = self.days.split(len(self.panel.dates))
        chosen = windows(self.panel, split.validation, split.holdout, CHOOSING)
        return Yardstick(chosen, split.validation, self.policy, self.calendar.groups)

    @cached_property
    def scale(self) -> Scale:
        return scaling.from_dict(self.prepared["scaling"]).over(self.panel)

    @property
    def golden_rows(self) -> NDArray[np.int64]:
        """Indices of windows spread over the holdout."""
        return golden_rows(self.holdout)

    @property
    def golden(self) -> Windows:
        """The windows that devices check themselves by."""
        return self.holdout[self.golden_rows]

    def path(self, variant: str, run: int, kind: str) -> Path:
        return self.folder / variant / f"{run}.{kind}"

    def rival(self, name: str) -> Path:
        """Where the forecasts on the holdout are of something that variants are compared with."""
        return self.folder / "rivals" / f"{name}.npy"

    def scores(self, variant: str) -> list[dict[str, Any]]:
        """How each run's file did; a run whose worker was lost has a fault."""
        files = [self.path(variant, run, "json") for run in range(self.runs)]
        lost = {"fault": "it was not built: its worker or its parent's crashed or hung"}
        return [json.loads(file.read_text()) if file.exists() else lost for file in files]

    def latency(self, variant: str) -> dict[str, Any]:
        """Time of one forecast of the file that would ship in us, or why there is no figure."""
        path = self.path(variant, 0, "latency.json")
        return json.loads(path.read_text()) if path.exists() else {"latency_us": None, "latency_fault": "not timed"}

    def forecast(self, variant: str, run: int) -> Floats:
        """Units forecast on the holdout, shape `(windows,)`."""
        return np.load(self.path(variant, run, "forecast.npy"))

    @property
    def reference(self) -> Floats:
        """The same of the gate's forecast without a network."""
        return np.load(self.folder / "reference.npy")


def build_run(candidate: Candidate, variant: Variant, run: int) -> float:
    """Make one run's weights and file, unless they are there; seconds that it took. Runs in a worker."""
    start = time.monotonic()
    origin = candidate.path(str(variant.parent), run, "npz")
    if candidate.path(variant.name, run, "tflite").exists() or not (variant.from_scratch or origin.exists()):
        return 0.0
    names = [field.name for field in fields(Lessons)]
    lessons = Lessons(*(np.load(candidate.folder / f"{name}.npy", mmap_mode="r") for name in names))
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
    golden = candidate.scale(candidate.golden).inputs
    fault = build.fault(variant, candidate.recipe, weights, content, golden)
    score: dict[str, Any] = {
        "fault": fault,
        "sha256": sha256(content).hexdigest(),
        "file_bytes": len(content),
        "transfer_bytes": transfer_bytes(content),
    }
    if fault is None:
        file = litert.Forecaster(content)
        forecast = scaling.forecast(candidate.scale, candidate.holdout, file)
        score |= {"policy": candidate.policy.hash} | vars(candidate.yardstick.accuracy(forecast))
        score |= {"validation_mape": _validated(candidate, file)}
        score |= {"by_store": candidate.yardstick.by_store(forecast)}
        score |= {"ram_bytes": len(content) + file.working_memory()}
        score |= {"operations": contents.operations(content)}
        write_file(candidate.path(variant.name, run, "forecast.npy"), npy(forecast))
    write_file(candidate.path(variant.name, run, "json"), to_json(score))


def time_file(candidate: Candidate, variant: Variant) -> None:
    """Write how long one forecast of the file that would ship takes, unless it is known. Runs in a worker."""
    path, score = candidate.path(variant.name, 0, "latency.json"), candidate.scores(variant.name)[0]
    if candidate.latency(variant.name)["latency_us"] is not None or score["fault"] is not None:
        return
    content = candidate.path(variant.name, 0, "tflite").read_bytes()
    timed = latency.measure(litert.Forecaster(content), candidate.scale(candidate.golden).inputs, score["sha256"])
    write_file(path, to_json({"latency_us": timed.microseconds, "latency_fault": timed.reason}))


def _validated(candidate: Candidate, file: litert.Forecaster) -> float | None:
    """MAPE in percent on days that choose; nothing where the network learned from them too."""
    if not candidate.prepared["validation"]["unseen"]:
        return None
    chosen = candidate.validation
    return chosen.accuracy(scaling.forecast(candidate.scale, chosen.windows, file)).mape
