"""A candidate: the retrain in progress, in one folder, so that an interrupted run resumes where it stopped.

prepared.json  sales, reference.npy                      what is known before training, and the forecast to beat
inputs, outputs, weight.npy                              the training set
rivals.json  rivals/<name>.npy                           comparators, and their forecasts on the holdout
evidence.npz                                             the gate's evidence
<variant>/<run>.npz  .tflite  .json  .forecast.npy       weights, file, score, forecasts on the holdout
<variant>/0.latency.json                                 time of one forecast
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.data.panel import Floats32, Panel
from tasks.forecasting.data.windows import Split, Windows, windows
from tasks.forecasting.model import scaling
from tasks.forecasting.model.recipe import CHOOSING
from tasks.forecasting.model.scaling import Scaler
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.training_set import TrainingSet
from tasks.state.arrays import golden_rows, stored_panel
from tasks.state.lock import lock_of, locked
from tasks.state.manifest import Prepared
from tasks.state.record import Document, Number, Record

SHIPPED = 0
"""The run whose file ships: the first, not the best, since choosing on the holdout would flatter it."""


class RunScore(Document):
    """The accuracy of one run's file, and facts about it; null where it is not known."""

    fault: str | None = Field(None, description="why the file is of no use; null where it is")
    sha256: str | None = Field(None, description="hash of the file")
    file_bytes: int | None = Field(None, description="size of the file on disk")
    transfer_bytes: int | None = Field(None, description="size of the file as it is sent, compressed")
    policy: str | None = Field(None, description="hash of the MAPE policy that it was measured under")
    mape: Number = Field(None, description="mean absolute percentage error, in percent")
    coverage: Number = Field(None, description="share of the days that MAPE covers, in percent")
    wape: Number = Field(None, description="absolute errors over sales, in percent")
    bias_pct: Number = Field(None, description="forecast minus sales, in percent of sales")
    mase: Number = Field(None, description="absolute errors over those of repeating last week's same day")
    rmsse: Number = Field(None, description="root of squared errors over those of repeating last week's same day")
    days: int | None = Field(None, description="number of days and series measured")
    validation_mape: Number = Field(None, description="MAPE in percent on the validation days")
    by_store: dict[str, Number] = Field({}, description="MAPE in each store, in percent")
    ram_bytes: int | None = Field(None, description="size of the loaded file, its state and activations")
    operations: tuple[str, ...] | None = Field(None, description="the file's operations, in their order")


class LatencyRecord(Document):
    """The time of one forecast of the file that would ship, or why there is no figure."""

    latency_us: float | None = Field(None, description="time of one forecast, in microseconds")
    latency_fault: str | None = Field(None, description="why there is no figure; null where there is one")


NOT_TIMED = LatencyRecord(latency_fault="not timed")


class ComparatorRecord(Record):
    """Something that variants are compared with."""

    name: str
    label: str = Field(description="what it is, in words")
    stores: tuple[str, ...] = Field(description="the stores that it forecasts for")


COMPARATORS = TypeAdapter(tuple[ComparatorRecord, ...])
"""The content of `rivals.json`."""


@dataclass(frozen=True)
class Candidate:
    """A retrain in progress.

    Attributes:
        folder: Folder of the work in progress, named after the last day with sales and the training specification.
        snapshot: Version of the sales table.
        spec: What is trained, and how.
    """

    folder: Path
    snapshot: int
    spec: TrainingSpec

    def __getstate__(self) -> dict[str, Any]:
        """Send only the fields to a worker, not what was read here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only retrain that works on this candidate; wait while another one does.

        Nothing is left of the lock where nothing is left of the candidate.
        """
        try:
            with locked(self.lock, f"waiting for another retrain of the same sales, {self.folder.name}"):
                yield
        finally:
            if not self.folder.exists():
                self.lock.unlink(missing_ok=True)

    @property
    def lock(self) -> Path:
        """The file whose lock a retrain holds while it works on this candidate."""
        return lock_of(self.folder)

    @cached_property
    def prepared(self) -> Prepared:
        """What is known before training: snapshot, series, scaling, holdout, reference forecasts."""
        return Prepared.model_validate_json((self.folder / "prepared.json").read_bytes())

    @property
    def last_day(self) -> date:
        """The last day of the sales that take part."""
        return self.prepared.snapshot.last_day

    @cached_property
    def panel(self) -> Panel:
        """The sales that take part; they stay in their file."""
        return stored_panel(self.folder, self.prepared.series)

    @property
    def training_set(self) -> TrainingSet:
        """What the networks learn from; its arrays stay in their files."""
        files = [self.folder / f"{field.name}.npy" for field in fields(TrainingSet)]
        return TrainingSet(*(np.load(file, mmap_mode="r") for file in files))

    @cached_property
    def holdout(self) -> Windows:
        """The windows that only measure."""
        return windows(self.panel, self._split.holdout, len(self.panel.dates))

    @cached_property
    def evaluation(self) -> EvaluationSet:
        """The holdout, and how forecasts of it are measured."""
        return EvaluationSet(self.holdout, self._split.holdout, self.spec.policy, self.spec.calendar.groups)

    @cached_property
    def validation(self) -> EvaluationSet:
        """Windows of the validation days, and how forecasts of them are measured."""
        validation = windows(self.panel, self._split.validation, self._split.holdout, CHOOSING)
        return EvaluationSet(validation, self._split.validation, self.spec.policy, self.spec.calendar.groups)

    @property
    def _split(self) -> Split:
        return self.spec.split.split(len(self.panel.dates))

    @cached_property
    def scale(self) -> Scaler:
        """What the networks see of the panel's windows."""
        return scaling.from_dict(self.prepared.scaling.model_dump()).for_panel(self.panel)

    @property
    def golden_rows(self) -> NDArray[np.int64]:
        """Indices of windows spread over the holdout."""
        return golden_rows(self.holdout)

    @property
    def golden(self) -> Windows:
        """The windows whose forecasts devices check themselves by."""
        return self.holdout[self.golden_rows]

    def path(self, variant: str, run: int, kind: str) -> Path:
        """The file of a kind, such as `tflite`, of one run of a variant."""
        return self.folder / variant / f"{run}.{kind}"

    def comparator(self, name: str) -> Path:
        """The file of a comparator's forecasts on the holdout."""
        return self.folder / "rivals" / f"{name}.npy"

    def scores(self, variant: str) -> list[RunScore]:
        """The score of each run's file; there is no verdict on a variant that lacks one."""
        files = [self.path(variant, run, "json") for run in range(self.spec.runs)]
        return [RunScore.model_validate_json(file.read_bytes()) for file in files]

    def shipped(self, variant: str) -> RunScore:
        """The score of the file that would ship."""
        return self.scores(variant)[SHIPPED]

    def latency(self, variant: str) -> LatencyRecord:
        """Time that the file that would ship takes for one forecast, or why there is no figure."""
        path = self.path(variant, SHIPPED, "latency.json")
        return LatencyRecord.model_validate_json(path.read_bytes()) if path.exists() else NOT_TIMED

    def forecast(self, variant: str, run: int) -> Floats32:
        """Units forecast on the holdout, shape `(windows,)`."""
        return np.load(self.path(variant, run, "forecast.npy"))

    @property
    def reference(self) -> Floats32:
        """Units that the gate's reference forecasts on the holdout without a network, shape `(windows,)`."""
        return np.load(self.folder / "reference.npy")
