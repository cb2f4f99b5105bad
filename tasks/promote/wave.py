"""Step: which stores get a release next."""

from collections.abc import Sequence

from prefect import task

from tasks.forecasting.rollout.waves import Progress, Wave, next_wave
from tasks.promote.entries import taken
from tasks.promote.rollout import Rollout
from tasks.state import scores
from tasks.state.alerts import open_alerts


@task
def plan_wave(rollout: Rollout, chosen: Sequence[str] | None) -> Wave:
    """The stores that get the release next, or those that a person chose."""
    if chosen:
        return Wave("chosen", tuple(dict.fromkeys(chosen)))
    return next_wave(rollout.stores, rollout.listed, progress(rollout), rollout.policy)


def progress(rollout: Rollout) -> Progress:
    """How far the release has come, by the ledger and the scores."""
    release = rollout.release.id
    running = {store for store, champion in rollout.ledger.running().items() if champion.release == release}
    rolled_back = {entry.subject for entry in rollout.ledger.entries("rollback") if taken(entry).release == release}
    drifting = {str(each.alert.store) for each in open_alerts(rollout.ledger, "drift") if each.alert.release == release}
    return Progress(
        frozenset(running),
        frozenset(rolled_back - running),
        frozenset(drifting),
        scores.days(rollout.home, release),
    )
