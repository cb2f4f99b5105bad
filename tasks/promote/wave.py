"""Step: which stores get a release next."""

from collections.abc import Sequence

from prefect import task

from tasks.forecasting.rollout.waves import Wave, next_wave
from tasks.promote.rollout import Rollout


@task
def plan_wave(rollout: Rollout, chosen: Sequence[str] | None) -> Wave:
    """The stores that get the release next, or those that a person chose."""
    if chosen:
        return Wave("chosen", tuple(dict.fromkeys(chosen)))
    return next_wave(rollout.stores, rollout.listed, rollout.progress, rollout.policy)
