"""Step: a snapshot of the sales table becomes windows to learn from and windows to measure on."""

import logging
from dataclasses import asdict
from datetime import date

import numpy as np
from prefect import task

from tasks.forecasting.accuracy.scoring import DEFAULT_POLICY, MapePolicy, Yardstick
from tasks.forecasting.data.fingerprint import row_set
from tasks.forecasting.data.history import WHOLE, History
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.forecasting.data.windows import Days, windows
from tasks.forecasting.model.recipe import Recipe, choose, learn_scaling, references, to_learn_from
from tasks.forecasting.model.scaling import RunningLevel, neutral
from tasks.forecasting.model.training_set import lessons
from tasks.forecasting.model.variants.plan import plan
from tasks.forecasting.rollout.waves import require_known
from tasks.retrain.candidate import Candidate
from tasks.state import sales_table
from tasks.state.arrays import folder_name, npy, series_of
from tasks.state.atomic import write_file
from tasks.state.holidays import NO_CALENDAR, SeasonCalendar
from tasks.state.home import Home
from tasks.state.record import to_json

log = logging.getLogger("shelfcast.prepare")


def draft(
    home: Home,
    recipe_name: str,
    recipe: Recipe,
    runs: int,
    variants: tuple[str, ...],
    days: Days,
    history: History = WHOLE,
    calendar: SeasonCalendar = NO_CALENDAR,
    policy: MapePolicy = DEFAULT_POLICY,
) -> Candidate:
    """What a retrain on the current snapshot will build, in a folder named after all that its results depend on.

    The same retrain finds the same folder again, and goes on there.

    Raises:
        sales_table.NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
    """
    version, last_day = sales_table.latest(home)
    known = sales_table.stores(home)
    for period in history.exclude:
        require_known(period.stores or (), known, f"the excluded period {period.reason!r}")
    built = plan(variants)
    name = folder_name(last_day, version, recipe, built, days, history, calendar, policy, runs=runs)
    return Candidate(home.candidates / name, version, recipe_name, recipe, runs, built, days, history, calendar, policy)


@task
def prepare(home: Home, candidate: Candidate) -> None:
    """Learn the scaling on the training window's first days, and write the windows to learn from and to measure on.

    Raises:
        TooLittleHistory: If there is no window to learn from or none to measure on.
    """
    if (candidate.folder / "prepared.json").exists():
        log.info("going on with candidate %s", candidate.folder.name)
        return
    sales = candidate.history.cut(sales_table.panel(home, candidate.snapshot))
    split = candidate.days.split(len(sales.dates))
    calendar = candidate.calendar.known(*(day.astype(date) for day in (sales.dates[0], sales.dates[-1])))
    chosen = choose(sales, split, calendar)
    scaling = learn_scaling(candidate.recipe, sales, split, calendar, chosen)
    training, unseen = to_learn_from(candidate.recipe, sales, split)
    learned = lessons(candidate.recipe, scaling.over(sales), training)
    holdout = windows(sales, split.holdout, len(sales.dates))
    sold = np.count_nonzero(training.actual)
    if not sold or not len(holdout):
        raise TooLittleHistory(
            f"{sold} windows with sales to learn from and {len(holdout)} to measure on, both are "
            f"needed; received {len(sales.dates)} days of {len(sales.stores)} series; ingest more history"
        )
    yardstick = Yardstick(holdout, split.holdout, candidate.policy, candidate.calendar.groups)
    compared = {
        name: neutral(reference.over(sales), holdout)
        for name, reference in references(sales, split, calendar, chosen).items()
    }
    reference = next(iter(compared.values()))
    for name, array in {"sales": sales.sales, "reference": reference, **vars(learned)}.items():
        write_file(candidate.folder / f"{name}.npy", npy(array))
    prepared = {
        "snapshot": asdict(sales_table.describe(home, candidate.snapshot))
        | {"series": len(sales.stores), "skipped": sales.skipped}
        | asdict(row_set(sales)),
        "series": series_of(sales),
        "scaling": scaling.to_dict(),
        "levels": scaling.after(sales).to_dict() if isinstance(scaling, RunningLevel) else None,
        "validation": {
            "first": str(sales.dates[split.validation]),
            "last": str(sales.dates[split.holdout - 1]),
            "unseen": unseen,
        },
        "holdout": {
            "first": str(holdout.day.min()),
            "last": str(holdout.day.max()),
            "days": len(np.unique(holdout.column)),
        },
        "references": [
            {"name": name, "policy": candidate.policy.hash} | vars(yardstick.accuracy(forecast))
            for name, forecast in compared.items()
        ],
        "training_windows": len(learned.inputs),
    }
    write_file(candidate.folder / "prepared.json", to_json(prepared))
    log.info("%s windows to learn from, %s to measure on", f"{len(learned.inputs):,}", f"{len(holdout):,}")
    if sales.skipped:
        log.info("%d series skipped: fewer than %d days", sales.skipped, candidate.history.min_days)
