"""Step: run the files in LiteRT on the holdout."""

import logging
import math
from collections.abc import Sequence

from prefect import task

from tasks import workers
from tasks.candidate import Candidate, score_run, time_file
from tasks.forecasting.variants.plan import Variant
from tasks.release import Release

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
def evaluate_champions(candidate: Candidate, champions: Sequence[tuple[Release, str]]) -> float | None:
    """MAPE of the best model that a store runs now, on the candidate's holdout, in percent.

    `None` where no store runs one; NaN where one cannot be measured, so that the gate abstains.
    """
    jobs = [(candidate, release, variant) for release, variant in champions]
    if not jobs:
        return None
    mapes = workers.gather(champion_mape, jobs)
    return min(mapes) if len(mapes) == len(jobs) and all(map(math.isfinite, mapes)) else float("nan")


def champion_mape(candidate: Candidate, release: Release, variant: str) -> float:
    """MAPE of one champion on the candidate's holdout. Runs in a worker."""
    from tasks.forecasting.metrics import mape

    return mape(candidate.holdout.actual, release.forecast(variant, candidate.holdout))
