"""Step: a snapshot of the sales table becomes windows to learn from and windows to measure on."""

import io
import logging
from dataclasses import asdict
from hashlib import sha256
from importlib import metadata
from typing import Any

import numpy as np
from prefect import task

from tasks import sales_table
from tasks.candidate import Candidate, npy, to_json
from tasks.forecasting import season
from tasks.forecasting.history import WHOLE, History
from tasks.forecasting.metrics import accuracy
from tasks.forecasting.recipe import Recipe, learn_scaling, naive
from tasks.forecasting.rollout import require_known
from tasks.forecasting.row_set import row_set
from tasks.forecasting.sales import Panel, TooLittleHistory, panel
from tasks.forecasting.variants import build
from tasks.forecasting.variants.plan import plan
from tasks.forecasting.windows import Days, Windows, windows
from tasks.home import Home, write_file

log = logging.getLogger("shelfcast.prepare")

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "shelfcast")


def draft(
    home: Home,
    recipe_name: str,
    recipe: Recipe,
    runs: int,
    variants: tuple[str, ...],
    days: Days,
    history: History = WHOLE,
) -> Candidate:
    """What a retrain on the current snapshot will build, in a folder named after all that its results depend on.

    The same retrain finds the same folder again, and goes on there.

    Raises:
        sales_table.NoSales: If nothing was ingested yet.
        UnknownStore: If an excluded period names a store without sales.
    """
    version, last_day = sales_table.latest(home)
    known = sales_table.stores(home)
    for period in history.exclude:
        require_known(period.stores or (), known, f"[[history.exclude]] {period.reason!r}")
    built = plan(variants)
    depends_on = {
        "snapshot": version,
        "recipe": recipe.model_dump(),
        "runs": runs,
        "variants": [variant.name for variant in built],
        "days": days.model_dump(),
        "history": history.model_dump(mode="json"),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }
    key = sha256(to_json(depends_on)).hexdigest()[:8]
    folder = home.candidates / f"{last_day:%Y%m%d}-{key}"
    return Candidate(folder, version, recipe_name, recipe, runs, built, days, history)


@task
def prepare(home: Home, candidate: Candidate) -> None:
    """Learn the scaling on the training window's first days, and write the windows to learn from and to measure on.

    Raises:
        TooLittleHistory: If there is no window to learn from or none to measure on.
    """
    if (candidate.folder / "prepared.json").exists():
        log.info("going on with candidate %s", candidate.folder.name)
        return
    rows = sales_table.read(home, candidate.snapshot)
    sales = candidate.history.cut(panel(rows))
    split = candidate.days.split(len(sales.dates))
    scaling = learn_scaling(candidate.recipe, sales, split.validation, split.holdout)
    learned = build.lessons(candidate.recipe, scaling, windows(sales, 0, split.holdout))
    holdout = windows(sales, split.holdout, len(sales.dates))
    if not len(learned.inputs) or not len(holdout):
        raise TooLittleHistory(
            f"{len(learned.inputs)} windows with sales to learn from and {len(holdout)} to measure on, both are "
            f"needed; received {len(sales.dates)} days of {len(sales.stores)} series; ingest more history"
        )
    for name, array in vars(learned).items():
        write_file(candidate.folder / f"{name}.npy", npy(array))
    write_file(candidate.folder / "holdout.npz", _npz(holdout, sales))
    prepared = {
        "snapshot": asdict(sales_table.describe(rows, candidate.snapshot))
        | {"series": len(sales.stores), "skipped": sales.skipped}
        | asdict(row_set(sales)),
        "scaling": scaling.to_dict(),
        "holdout": {
            "first": str(holdout.day.min()),
            "last": str(holdout.day.max()),
            "days": len(np.unique(holdout.day)),
        },
        "references": _references(sales, split.holdout, holdout),
        "training_windows": len(learned.inputs),
    }
    write_file(candidate.folder / "prepared.json", to_json(prepared))
    log.info("%s windows to learn from, %s to measure on", f"{len(learned.inputs):,}", f"{len(holdout):,}")
    if sales.skipped:
        log.info("%d series skipped: fewer than %d days", sales.skipped, candidate.history.min_days)


def _references(sales: Panel, holdout: int, measured: Windows) -> list[dict[str, Any]]:
    """Forecasts without a network, on the same days, their indices learned on the same training days."""
    forms = {"14-day mean x weekday index": False, "14-day mean x weekday and month index": True}
    training = sales.first(holdout)
    return [
        {"name": name}
        | vars(accuracy(measured.actual, naive(season.learn(training, months=months), measured.history, measured.day)))
        for name, months in forms.items()
    ]


def _npz(holdout: Windows, sales: Panel) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **vars(holdout), stores=sales.stores, items=sales.items)
    return buffer.getvalue()
