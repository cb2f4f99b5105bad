"""A backtest's folder: the sales that it replays, and a model for each day on which one was trained.

sales.npy  series.json                                      what is replayed
<day>/units.npy  reference.npy  <variant>.npy  model.json   what the model of a day forecasts, and facts about its files
report.html                                                 what came out
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tasks.forecasting.accuracy.scoring import MapePolicy, Yardstick
from tasks.forecasting.backtest.cutoff import Past, spread
from tasks.forecasting.backtest.simulation import Trained
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel, TooLittleHistory
from tasks.forecasting.data.windows import Days, windows
from tasks.forecasting.gate.evidence import File
from tasks.forecasting.model import scaling
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.recipe import Recipe, choose, learn_scaling, references, to_learn_from
from tasks.forecasting.model.scaling import Scaling
from tasks.forecasting.model.training_set import Lessons, lessons
from tasks.forecasting.model.variants import build, litert
from tasks.forecasting.model.variants.plan import Variant, plan
from tasks.forecasting.rollout.waves import require_known
from tasks.state import sales_table
from tasks.state.arrays import folder_name, golden_rows, npy, series_of, stored_panel, transfer_bytes
from tasks.state.atomic import write_file
from tasks.state.holidays import SeasonCalendar
from tasks.state.home import Home
from tasks.state.record import to_json


@dataclass(frozen=True)
class Backtest:
    """What is replayed, and where its models are kept.

    Attributes:
        folder: Its name is the last day known and a hash of all that follows and of the sales.
        recipe: How models are trained.
        variants: The one that would ship last, its parents and the baseline before it.
        days: How a retrain splits what it knows.
        history: Which days and series take part in it.
        calendar: What is known of days and items beforehand.
        policy: Which days count in errors.
    """

    folder: Path
    recipe: Recipe
    variants: tuple[Variant, ...]
    days: Days
    history: History
    calendar: SeasonCalendar
    policy: MapePolicy

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a worker: not what was read here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def sales(self) -> Panel:
        """All sales; they stay in their file."""
        return stored_panel(self.folder, json.loads((self.folder / "series.json").read_text()))

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def past(self, day: date) -> Past:
        """What a retrain on a day knows.

        Raises:
            TooLittleHistory: If no series is long enough.
        """
        return Past.before(day, self.sales, self.history, self.days)

    def has(self, day: date) -> bool:
        """Whether the model of a day is there."""
        return (self._of(day) / "model.json").exists()

    def model(self, day: date) -> Trained:
        """The model of a day; its forecasts stay in their files."""
        record = json.loads((self._of(day) / "model.json").read_text())
        files = tuple(File(**each | {"run_mapes": tuple(_numbers(each["run_mapes"]))}) for each in record.pop("files"))
        tables = {name: np.load(self._of(day) / f"{name}.npy", mmap_mode="r") for name in record.pop("tables")}
        units, reference = tables.pop("units"), tables.pop("reference")
        return Trained(files=files, units=units, reference=reference, others=tables, **record)

    def keep(self, day: date, model: Trained) -> None:
        """Put the model of a day in place; the file that makes it count comes last."""
        tables = {"units": model.units, "reference": model.reference, **model.others}
        for name, table in tables.items():
            write_file(self._of(day) / f"{name}.npy", npy(table))
        files = [asdict(file) for file in model.files]
        record = {"start": model.start, "label": model.label, "age_days": model.age_days, "files": files}
        write_file(self._of(day) / "model.json", to_json(record | {"tables": list(tables)}))

    def _of(self, day: date) -> Path:
        return self.folder / str(day)


def open_backtest(
    home: Home,
    recipe: Recipe,
    variant: str,
    days: Days,
    history: History,
    calendar: SeasonCalendar,
    policy: MapePolicy,
) -> Backtest:
    """The backtest of the current snapshot, in a folder named after all that its models depend on.

    The same backtest finds the same folder again, and goes on there. Excluded periods are as if they had no rows, in
    training and in scoring.

    Raises:
        sales_table.NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
        TooLittleHistory: If no series has 15 days.
    """
    version, last_day = sales_table.latest(home)
    known = sales_table.stores(home)
    for period in history.exclude:
        require_known(period.stores or (), known, f"the excluded period {period.reason!r}")
    variants = plan((variant,))
    name = folder_name(last_day, version, recipe, variants, days, history, calendar, policy)
    folder = home.backtests / name
    if not (folder / "series.json").exists():
        sales = History(exclude=history.exclude).cut(sales_table.panel(home, version))
        write_file(folder / "sales.npy", npy(sales.sales))
        write_file(folder / "series.json", to_json(series_of(sales)))
    return Backtest(folder, recipe, variants, days, history, calendar, policy)


def train_model(backtest: Backtest, day: date) -> tuple[date, float]:
    """Train the model of a day on what was known before it, and keep what its file forecasts. Runs in a worker.

    Returns:
        The day, and the MAPE on the holdout in percent, NaN where it is undefined.

    Raises:
        TooLittleHistory: If there is no window to learn from or none to measure on.
    """
    past = backtest.past(day)
    calendar = backtest.calendar.known(*(each.astype(date) for each in (past.panel.dates[0], past.panel.dates[-1])))
    chosen = choose(past.panel, past.split, calendar)
    learned = learn_scaling(backtest.recipe, past.panel, past.split, calendar, chosen)
    taught = _taught(backtest, past, learned, day)
    since = _since(backtest.sales, past)
    scale = learned.over(since)
    label, reference = next(iter(references(past.panel, past.split, calendar, chosen).items()))
    holdout, everything = (
        windows(since, past.split.holdout, last) for last in (len(past.panel.dates), len(since.dates))
    )
    yardstick = Yardstick(past.holdout, past.split.holdout, backtest.policy, backtest.calendar.groups)
    golden = scale(holdout[golden_rows(holdout)]).inputs
    files, tables = [], {}
    for variant, weights in _all_weights(backtest, taught):
        content = build.file(variant, backtest.recipe, weights, build.representative(taught, seed=0))
        fault = build.fault(variant, backtest.recipe, weights, content, golden)
        days = everything if variant is backtest.variants[-1] else holdout
        forecast = np.full(len(days), np.nan) if fault else scaling.forecast(scale, days, litert.Forecaster(content))
        tables[variant.name] = table = spread(days, past.split.holdout, forecast)
        mape = yardstick.accuracy(table[past.rows[past.holdout.series], past.holdout.column - past.split.holdout]).mape
        files.append(_file(variant, fault, content, mape))
    model = Trained(
        start=past.start,
        files=tuple(files),
        units=tables.pop(files[-1].variant),
        reference=spread(everything, past.split.holdout, scaling.neutral(reference.over(since), everything)),
        label=label,
        others=tables,
        age_days=(day - past.panel.dates[-1].astype(date)).days,
    )
    backtest.keep(day, model)
    return day, mape


def _file(variant: Variant, fault: str | None, content: bytes, mape: float) -> File:
    return File(variant.name, variant.parent, fault, len(content), transfer_bytes(content), (mape,))


def _taught(backtest: Backtest, past: Past, learned: Scaling, day: date) -> Lessons:
    training, _ = to_learn_from(backtest.recipe, past.panel, past.split)
    sold, measured = np.count_nonzero(training.actual), len(past.holdout)
    if not sold or not measured:
        raise TooLittleHistory(
            f"{sold} windows with sales to learn from and {measured} to measure on before {day}, both are needed; "
            "use fewer --days, or ingest more history"
        )
    return lessons(backtest.recipe, learned.over(past.panel), training)


def _all_weights(backtest: Backtest, taught: Lessons) -> Iterator[tuple[Variant, Weights]]:
    """Each variant after what it was made from."""
    weights: dict[str, Weights] = {}
    for variant in backtest.variants:
        if variant.from_scratch:
            weights[variant.name] = build.train(variant, backtest.recipe, taught, seed=0)
        else:
            parent = weights[str(variant.parent)]
            weights[variant.name] = build.compress(variant, backtest.recipe, parent, taught, seed=0)
        yield variant, weights[variant.name]


def _since(sales: Panel, past: Past) -> Panel:
    """All series from the first day on that the retrain knows, to the end: what its model is run on."""
    return replace(sales, dates=sales.dates[past.offset :], sales=sales.sales[:, past.offset :])


def _numbers(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
