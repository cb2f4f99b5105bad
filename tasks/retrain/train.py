"""Step: fit a variant from initial weights, all runs side by side in workers."""

import logging

from prefect import task

from tasks import workers
from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.candidate import Candidate, build_run

log = logging.getLogger("shelfcast.train")


@task(task_run_name="train-{variant.name}")
def train(candidate: Candidate, variant: Variant) -> Variant:
    """Write each run's weights and `.tflite` file into the candidate's folder; runs that are there stay."""
    seconds = workers.gather(build_run, [(candidate, variant, run) for run in range(candidate.spec.runs)])
    log.info("trained %s: %d of %d runs, %.1f s of work", variant.name, len(seconds), candidate.spec.runs, sum(seconds))
    return variant
