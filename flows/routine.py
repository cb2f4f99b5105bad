"""The day's work: deployments, one after another."""

import logging
from typing import cast

from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

from flows.runtime.watched import watched

log = logging.getLogger("shelfcast.routine")

LONGEST = 6 * 3600
"""Seconds that the next one waits for a run, which may be lost: else it would be waited for until somebody looks."""


@watched
def routine(deployments: list[str]) -> None:
    """Run deployments in an order, each when the one before has ended, well or not.

    Their schedules would not keep the order after a time without a worker, when all late runs start at once. Nor would
    triggers of Prefect 3.9.1: what a late run does is held back from them, for up to 15 minutes.

    Args:
        deployments: Names, as `flow/deployment`.
    """
    for name in deployments:
        run = cast("FlowRun", run_deployment(name, timeout=LONGEST, as_subflow=False))
        log.info("%s: %s", name, run.state_name)
