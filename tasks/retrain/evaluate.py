"""Step: run the files in LiteRT on the holdout."""

import logging
from collections.abc import Sequence

import numpy as np
from prefect import task

from tasks import workers
from tasks.forecasting.model.lstm import Floats
from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.candidate import Candidate, score_run, time_file
from tasks.retrain.comparators import Rival
from tasks.state.arrays import npy
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.record import to_json
from tasks.state.release import DamagedRelease, Release

log = logging.getLogger("shelfcast.evaluate")


@task(task_run_name="evaluate-{variant.name}")
def evaluate(candidate: Candidate, variant: Variant) -> Variant:
    """Write how well each run's file did into the candidate's folder."""
    workers.gather(score_run, [(candidate, variant, run) for run in range(candidate.runs)])
    scores = candidate.scores(variant.name)
    mapes = ", ".join("undefined" if score.get("mape") is None else f"{score['mape']:.2f} %" for score in scores)
    log.info("%s: MAPE %s, %s bytes", variant.name, mapes or "none", f"{scores[0].get('file_bytes', 0):,}")
    return variant


@task
def time_files(candidate: Candidate) -> None:
    """Time one forecast of each variant's file, once nothing else is at work: a busy machine would be timed too."""
    workers.gather(time_file, [(candidate, variant) for variant in candidate.variants])


@task
def evaluate_rivals(home: Home, candidate: Candidate, rivals: Sequence[Rival]) -> None:
    """Write what those that the variants are compared with forecast on the candidate's holdout.

    Each model forecasts once, whatever it stands for. One that cannot be measured forecasts NaN, so the gate abstains.
    """
    stores: dict[Champion, set[str]] = {}
    for rival in rivals:
        for store, model in rival.of_store.items():
            stores.setdefault(model, set()).add(store)
    jobs = [(home, candidate, model, sorted(its)) for model, its in stores.items()]
    forecasts = dict(workers.gather(forecast_of, jobs))
    of_window = candidate.holdout.panel.stores[candidate.holdout.series]
    for rival in rivals:
        units = np.full(len(of_window), np.nan, np.float32)
        for store, model in rival.of_store.items():
            mine = of_window == store
            units[mine] = forecasts[model][mine] if model in forecasts else np.nan
        write_file(candidate.rival(rival.name), npy(units))
    described = [{"name": each.name, "label": each.label, "stores": sorted(each.of_store)} for each in rivals]
    write_file(candidate.folder / "rivals.json", to_json(described))


def forecast_of(home: Home, candidate: Candidate, model: Champion, stores: list[str]) -> tuple[Champion, Floats]:
    """Units that a published model forecasts for some stores on the candidate's holdout, shape `(windows,)`.

    NaN for others, and for all where its file is damaged or gone. Runs in a worker.
    """
    holdout = candidate.holdout
    units, mine = np.full(len(holdout), np.nan, np.float32), np.isin(holdout.panel.stores[holdout.series], stores)
    try:
        units[mine] = Release(home.releases / model.release).forecast(model.variant, holdout[mine])
    except (DamagedRelease, OSError) as error:
        log.error("%s of %s cannot be compared with: %s", model.variant, model.release, error)
    return model, units
