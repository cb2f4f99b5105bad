"""Step: prepare the windows to learn from and to measure on, from a snapshot of the sales table."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

import numpy as np
from prefect import task

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.data.fingerprint import fingerprint
from tasks.forecasting.data.panel import Floats32, Panel
from tasks.forecasting.model.fit import Preprocessing, fit_preprocessing
from tasks.forecasting.model.scaling import SmoothedLevel, naive_forecast
from tasks.forecasting.model.spec import TrainingSpec
from tasks.retrain.candidate import Candidate
from tasks.state import sales_table, snapshot
from tasks.state.arrays import SeriesRecord, npy
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.manifest import HoldoutRecord, Prepared, ReferenceRecord, SnapshotRecord, ValidationRecord
from tasks.state.sales_table import Snapshot

log = logging.getLogger("shelfcast.prepare")


def draft(home: Home, spec: TrainingSpec) -> Candidate:
    """The candidate that a retrain on the latest snapshot builds, in a folder named after all that it depends on.

    The same retrain finds the same folder again and resumes there.

    Raises:
        NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
    """
    version, last_day = snapshot.latest_for(home, spec.history)
    return Candidate(home.candidates / spec.folder_name(last_day, version, with_runs=True), version, spec)


@task
def prepare(home: Home, candidate: Candidate) -> None:
    """Write what networks learn from and what they are measured by, unless it is there.

    Raises:
        TooLittleHistory: If there is no window to learn from or none to measure on.
    """
    if (candidate.folder / "prepared.json").exists():
        log.info("resuming candidate %s", candidate.folder.name)
        return
    sales = candidate.spec.history.cut(sales_table.panel(home, candidate.snapshot))
    fitted = fit_preprocessing(candidate.spec, sales)
    forecasts = {
        name: naive_forecast(scaling.for_panel(sales), fitted.holdout) for name, scaling in fitted.references.items()
    }
    reference = next(iter(forecasts.values()))
    for name, array in {"sales": sales.sales, "reference": reference, **vars(fitted.training_set)}.items():
        write_file(candidate.folder / f"{name}.npy", npy(array))
    described = sales_table.describe(home, candidate.snapshot)
    record = _prepared(candidate.spec, described, sales, fitted, forecasts)
    write_file(candidate.folder / "prepared.json", record.to_bytes())
    _log_counts(fitted, sales.skipped, candidate.spec.history.min_days)


def _prepared(
    spec: TrainingSpec,
    described: Snapshot,
    sales: Panel,
    fitted: Preprocessing,
    forecasts: Mapping[str, Floats32],
) -> Prepared:
    """The content of `prepared.json`: what is known before training.

    Args:
        spec: What is trained, and how.
        described: Version, days and rows of the snapshot of the sales table.
        sales: The series and days that take part.
        fitted: What was learned from them.
        forecasts: What each reference forecasts on the holdout, by name.
    """
    scaling, holdout = fitted.scaling, fitted.holdout
    return Prepared(
        snapshot=SnapshotRecord(
            **asdict(described), series=len(sales.stores), skipped=sales.skipped, **asdict(fingerprint(sales))
        ),
        series=SeriesRecord.of(sales),
        scaling=scaling.to_dict(),
        levels=scaling.after(sales) if isinstance(scaling, SmoothedLevel) else None,
        validation=ValidationRecord(
            first=sales.dates[fitted.split.validation].astype(date),
            last=sales.dates[fitted.split.holdout - 1].astype(date),
            unseen=fitted.unseen,
        ),
        holdout=HoldoutRecord(
            first=holdout.day.min().astype(date),
            last=holdout.day.max().astype(date),
            days=len(np.unique(holdout.column)),
        ),
        references=_references(spec, fitted, forecasts),
        training_windows=len(fitted.training_set.inputs),
    )


def _references(
    spec: TrainingSpec, fitted: Preprocessing, forecasts: Mapping[str, Floats32]
) -> tuple[ReferenceRecord, ...]:
    """Errors of each reference forecast on the holdout."""
    evaluation = EvaluationSet(fitted.holdout, fitted.split.holdout, spec.policy, spec.calendar.groups)
    return tuple(
        ReferenceRecord(name=name, policy=spec.policy.hash, **vars(evaluation.accuracy(forecast)))
        for name, forecast in forecasts.items()
    )


def _log_counts(fitted: Preprocessing, skipped: int, min_days: int) -> None:
    learned, measured = len(fitted.training_set.inputs), len(fitted.holdout)
    log.info("%s windows to learn from, %s to measure on", f"{learned:,}", f"{measured:,}")
    if skipped:
        log.info("%d series skipped: fewer than %d days", skipped, min_days)
