"""Step: make a variant from its parent's weights by pruning or quantizing, all runs side by side in workers."""

import logging

from prefect import task

from tasks import workers
from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.candidate import Candidate, build_run

log = logging.getLogger("shelfcast.compress")


@task(task_run_name="compress-{variant.name}")
def compress(candidate: Candidate, variant: Variant, parent: Variant) -> Variant:
    """Write each run's weights and `.tflite` file into the candidate's folder; runs that are there stay."""
    seconds = workers.gather(build_run, [(candidate, variant, run) for run in range(candidate.spec.runs)])
    log.info(
        "made %s of %s: %d of %d runs, %.1f s of work",
        variant.name,
        parent.name,
        len(seconds),
        candidate.spec.runs,
        sum(seconds),
    )
    return variant
