"""A backtest's folder: the sales that it replays, and a model for each day on which one was trained.

sales.npy  series.json                                      the sales that are replayed
<day>/units.npy  reference.npy  <variant>.npy  model.json   forecasts of the model of a day, and facts about its files
report.html                                                 the report
"""

from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.backtest.cutoff import Cutoff, to_matrix
from tasks.forecasting.backtest.replay import Trained
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Floats, Panel
from tasks.forecasting.data.windows import Windows, windows
from tasks.forecasting.gate.evidence import File
from tasks.forecasting.model import scaling
from tasks.forecasting.model.fit import Fitted, Preprocessing, fit_preprocessing, fit_variants
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.variants import build, litert
from tasks.forecasting.model.variants.plan import Variant, plan
from tasks.state import sales_table, snapshot
from tasks.state.arrays import SeriesRecord, golden_rows, npy, stored_panel, transfer_bytes
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.record import Document, Number, Record, or_nan


class TestedFile(Record):
    """What is known of a variant's file, as `File` has it; an undefined MAPE is null."""

    variant: str
    parent: str | None
    fault: str | None
    file_bytes: int
    transfer_bytes: int
    run_mapes: tuple[Number, ...]
    misfits: dict[str, str | None] | None

    def to_file(self) -> File:
        """The file as the gate sees it."""
        return File(**dict(self) | {"run_mapes": tuple(map(or_nan, self.run_mapes))})


class ModelRecord(Document):
    """Facts about the model of a day; its attributes are those of `Trained`, and the names of its tables."""

    start: int
    label: str
    age_days: int
    files: tuple[TestedFile, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Backtest:
    """A replay of history, and the folder of its models.

    Attributes:
        folder: Folder of the models, named after the last day with sales, the training specification and the sales.
        spec: What is trained, and how. Its last variant is the one that would ship.
    """

    folder: Path
    spec: TrainingSpec

    def __getstate__(self) -> dict[str, Any]:
        """Send only the fields to a worker, not what was read here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def sales(self) -> Panel:
        """All sales; they stay in their file."""
        return stored_panel(self.folder, SeriesRecord.model_validate_json((self.folder / "series.json").read_bytes()))

    @property
    def last_day(self) -> date:
        """The last day of all sales."""
        return self.sales.dates[-1].astype(date)

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def cutoff(self, day: date) -> Cutoff:
        """The sales that a retrain on a day knows.

        Raises:
            TooLittleHistory: If no series is long enough.
        """
        return Cutoff.before(day, self.sales, self.spec.history, self.spec.split)

    def has(self, day: date) -> bool:
        """Whether the model of a day is there."""
        return (self._of(day) / "model.json").exists()

    def model(self, day: date) -> Trained:
        """The model of a day; its forecasts stay in their files."""
        record = ModelRecord.model_validate_json((self._of(day) / "model.json").read_bytes())
        tables = {name: np.load(self._of(day) / f"{name}.npy", mmap_mode="r") for name in record.tables}
        return Trained(
            start=record.start,
            files=tuple(file.to_file() for file in record.files),
            units=tables.pop("units"),
            reference=tables.pop("reference"),
            label=record.label,
            others=tables,
            age_days=record.age_days,
        )

    def keep(self, day: date, model: Trained) -> None:
        """Put the model of a day in place; the file that makes it count comes last."""
        tables = {"units": model.units, "reference": model.reference, **model.others}
        for name, table in tables.items():
            write_file(self._of(day) / f"{name}.npy", npy(table))
        record = ModelRecord(
            start=model.start,
            label=model.label,
            age_days=model.age_days,
            files=tuple(TestedFile.model_validate(file) for file in model.files),
            tables=tuple(tables),
        )
        write_file(self._of(day) / "model.json", record.to_bytes())

    def _of(self, day: date) -> Path:
        return self.folder / str(day)


def open_backtest(home: Home, spec: TrainingSpec, variant: str) -> Backtest:
    """The backtest of the latest snapshot, in a folder named after all that its models depend on.

    The same backtest finds the same folder again and resumes there. Days of excluded periods count as days without
    rows, in training and in scoring.

    Args:
        home: Where the sales table is, and the folders of backtests.
        spec: How models are trained; its variants and runs do not matter, as each model is fitted once.
        variant: Name of the variant that would ship.

    Raises:
        NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
        NoSuchVariant: If `variant` is no variant's name.
        TooLittleHistory: If no series has 15 days.
    """
    version, last_day = snapshot.latest_for(home, spec.history)
    spec = replace(spec, variants=plan((variant,)), runs=1)
    folder = home.backtests / spec.folder_name(last_day, version, with_runs=False)
    if not (folder / "series.json").exists():
        sales = History(exclude=spec.history.exclude).cut(sales_table.panel(home, version))
        write_file(folder / "sales.npy", npy(sales.sales))
        write_file(folder / "series.json", SeriesRecord.of(sales).to_bytes())
    return Backtest(folder, spec)


def train_model(backtest: Backtest, day: date) -> tuple[date, float]:
    """Train the model of a day on what was known before it, and keep what its file forecasts. Runs in a worker.

    Returns:
        The day, and the MAPE on the holdout in percent, NaN where it is undefined.

    Raises:
        TooLittleHistory: If there is no window to learn from or none to measure on.
    """
    cutoff = backtest.cutoff(day)
    fitted = fit_preprocessing(backtest.spec, cutoff.panel)
    measurement = _Measurement(backtest, cutoff, fitted)
    tested = [
        measurement.run(variant, made) for variant, made in fit_variants(backtest.spec, fitted.training_set, seed=0)
    ]
    label, reference = measurement.reference()
    model = Trained(
        start=cutoff.start,
        files=tuple(file for file, _ in tested),
        units=tested[-1][1],
        reference=reference,
        label=label,
        others={file.variant: units for file, units in tested[:-1]},
        age_days=(day - cutoff.panel.dates[-1].astype(date)).days,
    )
    backtest.keep(day, model)
    return day, model.files[-1].run_mapes[0]


class _Measurement:
    """What the files of one day are run on: all series, from the first day that the retrain knows to the last day."""

    def __init__(self, backtest: Backtest, cutoff: Cutoff, fitted: Preprocessing) -> None:
        self._spec, self._cutoff, self._fitted = backtest.spec, cutoff, fitted
        self._panel, first = cutoff.onward(backtest.sales), cutoff.split.holdout
        self._holdout = windows(self._panel, first, len(cutoff.panel.dates))
        self._until_the_end = windows(self._panel, first, len(self._panel.dates))
        self._scale = fitted.scaling.for_panel(self._panel)
        self._golden = self._scale(self._holdout[golden_rows(self._holdout)]).inputs
        self._evaluation = EvaluationSet(fitted.holdout, first, self._spec.policy, self._spec.calendar.groups)

    def run(self, variant: Variant, made: Fitted) -> tuple[File, Floats]:
        """Facts about a variant's file, and the table of what it forecasts, which is NaN if the file has a fault.

        The variant that would ship forecasts to the end of all sales, the others forecast the holdout alone.
        """
        fault = build.fault(variant, self._spec.recipe, made.weights, made.content, self._golden)
        days = self._until_the_end if variant is self._spec.variants[-1] else self._holdout
        units = np.full(len(days), np.nan, np.float32)
        if fault is None:
            units = scaling.forecast(self._scale, days, litert.Forecaster(made.content))
        table = self._table(days, units)
        size, sent = len(made.content), transfer_bytes(made.content)
        return File(variant.name, variant.parent, fault, size, sent, (self._mape(table),)), table

    def reference(self) -> tuple[str, Floats]:
        """Name of the gate's reference forecast, and the table of what it forecasts to the end of all sales."""
        label, reference = next(iter(self._fitted.references.items()))
        units = scaling.naive_forecast(reference.for_panel(self._panel), self._until_the_end)
        return label, self._table(self._until_the_end, units)

    def _table(self, days: Windows, units: Floats) -> Floats:
        return to_matrix(days, self._cutoff.split.holdout, units)

    def _mape(self, table: Floats) -> float:
        """MAPE in percent on the retrain's own holdout."""
        holdout = self._fitted.holdout
        row, column = self._cutoff.rows[holdout.series], holdout.column - self._cutoff.split.holdout
        return self._evaluation.accuracy(table[row, column]).mape
