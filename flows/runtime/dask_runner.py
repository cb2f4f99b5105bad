"""Prefect's task runner for Dask, with an answer to every way in which a cluster can lose a step."""

import logging
import time
from typing import Any

import distributed
from prefect_dask import DaskTaskRunner
from prefect_dask.task_runners import PrefectDaskFuture

from tasks.forecasting.model.variants.plan import Variant
from tasks.workers import LostWork

log = logging.getLogger("shelfcast.cluster")

WORKERLESS = 60
"""Seconds that a cluster may be without a worker while there is work."""


class ClusterLost(RuntimeError):
    """The cluster went away while it had work; what it has done is kept, and the same run resumes from it."""


class Step(PrefectDaskFuture[Variant]):
    """A step of one variant on the cluster."""

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Variant:
        """Wait for what the step returned; raises what it raised.

        A step whose Dask worker is lost is done again by another one.

        Raises:
            LostWork: If several workers were lost over the step.
            ClusterLost: If the scheduler is gone, or all workers are.
        """
        self._await_done()
        try:
            variant = super().result(timeout, raise_on_failure)
        except distributed.KilledWorker as error:
            raise LostWork.of(f"a step on the cluster ({error})") from None
        except distributed.CancelledError:
            raise ClusterLost("the Dask scheduler is gone; start it and run the same command again to resume") from None
        log.info("done on the cluster: %s", variant.name)  # Prefect keeps the step's own lines
        return variant

    def _await_done(self) -> None:
        future, worked = self.wrapped_future, time.monotonic()
        while not future.done():
            self.wait(timeout=1)
            if future.done() or future.client.scheduler_info()["workers"]:
                worked = time.monotonic()
            elif time.monotonic() > worked + WORKERLESS:
                raise ClusterLost(f"no Dask worker for {WORKERLESS} s; start one and run the command again to resume")


class ClusterTaskRunner(DaskTaskRunner):
    """Submits steps to the scheduler at an address."""

    def submit(self, *args: Any, **kwargs: Any) -> Step:
        """Submit a step to the scheduler; it starts once the steps that it depends on are done."""
        future = super().submit(*args, **kwargs)
        return Step(task_run_id=future.task_run_id, wrapped_future=future.wrapped_future)
