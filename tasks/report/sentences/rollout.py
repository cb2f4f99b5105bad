"""Why a wave of a rollout waits, in words."""

from tasks.forecasting.rollout.waves import Hold


def hold(found: Hold) -> str:
    """Why a wave must wait."""
    if found.cause == "rolled back":
        return f"canary store {found.store} was rolled back from it"
    if found.cause == "drifting":
        return f"canary store {found.store} drifts"
    return f"canary store {found.store} was scored on {found.days} days, {found.needed} are needed"
