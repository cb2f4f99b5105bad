"""Step: build one variant, all its runs side by side in workers."""

import logging
import time

from prefect import task

from tasks import workers
from tasks.forecasting.model.fit import fit_run
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.candidate import Candidate
from tasks.state.atomic import write_file
from tasks.workers import DONE

log = logging.getLogger("shelfcast.build")


@task(task_run_name="build-{variant.name}")
def build(candidate: Candidate, variant: Variant, parent: Variant | None) -> Variant:
    """Write each run's weights and `.tflite` file into the candidate's folder; runs that are there stay.

    Args:
        candidate: The retrain in progress.
        variant: What to build.
        parent: The variant whose weights it is made from, built before; `None` if it is trained from scratch.

    Raises:
        LostWork: If a run's worker was lost twice.
    """
    runs = candidate.spec.runs
    seconds = workers.gather(build_run, [(candidate, variant, run) for run in range(runs)])
    made = f"compressed {variant.name} from {parent.name}" if parent else f"trained {variant.name}"
    log.info("%s: %d run%s, %.1f s", made, runs, "" if runs == 1 else "s", sum(seconds), extra=DONE)
    return variant


def build_run(candidate: Candidate, variant: Variant, run: int) -> float:
    """Build one run's weights and file, unless they are there. Runs in a worker.

    Returns:
        Seconds that it took.
    """
    start = time.monotonic()
    if candidate.path(variant.name, run, "tflite").exists():
        return 0.0
    parent = None if variant.from_scratch else Weights.load(candidate.path(str(variant.parent), run, "npz"))
    fitted = fit_run(candidate.spec.recipe, variant, parent, candidate.training_set, seed=run)
    write_file(candidate.path(variant.name, run, "npz"), fitted.weights.to_bytes())
    write_file(candidate.path(variant.name, run, "tflite"), fitted.content)
    return time.monotonic() - start
