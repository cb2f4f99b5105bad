"""Release -> stores, wave by wave; and back. Who may do so against the gate or a freeze."""

from datetime import date
from functools import partial

from flows.preflight.override import override_request
from flows.preflight.promote import PromoteRequest, promote_request, rollback_request
from flows.runtime.watched import watched
from tasks.notify import tell
from tasks.promote.deliver import deliver
from tasks.promote.override import OverrideResult, grant, revoke
from tasks.promote.promote import plan_wave, promote_wave
from tasks.promote.result import PromotionResult, RollbackResult, rolled_back
from tasks.promote.rollback import roll_back
from tasks.promote.rollout import Rollout
from tasks.state.alert_rules import of_delivery, of_override
from tasks.state.ledger import Ledger


@watched
def promote(home: str | None = None, release: str | None = None, stores: list[str] | None = None) -> PromotionResult:
    """Give the next wave of stores a release, each the variant that costs it least: canary stores first, then the rest.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        release: The release's id. Defaults to the newest release.
        stores: Stores that get the release instead of the next wave. Defaults to `None`.

    Returns:
        The JSON of `shelfcast promote`.
    """
    asked = promote_request(home, release, stores)
    with asked.home.writing():
        rollout = _rollout(asked)
        wave = plan_wave(rollout, asked.chosen)
        deliveries = promote_wave(rollout, wave)
        delivered = deliver(asked.home, Ledger.of(asked.home))
    tell(asked.home, partial(of_delivery, failed=delivered.reasons), asked.settings.alert_urls)
    return PromotionResult(
        release=asked.release.id, wave=wave.name, stores=tuple(deliveries), undelivered=delivered.failed
    )


def _rollout(asked: PromoteRequest) -> Rollout:
    settings, decided = asked.settings, Ledger.of(asked.home)
    return Rollout(
        asked.home, asked.release, asked.stores, asked.listed, settings.rollout, settings.costs, decided, date.today()
    )


@watched
def rollback(
    home: str | None = None,
    store: str | None = None,
    region: str | None = None,
    why: str = "by hand",
    release: str | None = None,
) -> RollbackResult:
    """Give a store, a region or, if neither is named, all stores their previous champion back.

    A store whose last rollback was cut off before it reached the channel gets that one, and goes no further back.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        store: One store. Defaults to `None`.
        region: A region of `stores.toml`, for all its stores. Defaults to `None`.
        why: The reason, for the ledger. Defaults to `by hand`.
        release: A release that the stores ran earlier and go back to, past others. Defaults to the one before.

    Returns:
        The JSON of `shelfcast rollback`.
    """
    asked = rollback_request(home, store, region)
    with asked.home.writing():
        deliveries = roll_back(asked.home, Ledger.of(asked.home), asked.stores, why, release)
        to_reach = [each.store for each in deliveries if each.state != "held"]
        delivered = deliver(asked.home, Ledger.of(asked.home), to_reach)
    return rolled_back(deliveries, delivered.failed)


@watched
def override(
    release: str,
    who: str,
    why: str,
    until: str | None = None,
    variant: str | None = None,
    freeze: bool = False,
    ends: bool = False,
    home: str | None = None,
) -> OverrideResult:
    """Let stores get what the gate refused, or what a freeze holds back, for a while; a person answers for it.

    Args:
        release: Id of a release, or of a refused candidate, which becomes a release.
        who: The person who answers for it.
        why: The person's reason.
        until: The last day on which it is valid, YYYY-MM-DD. Defaults to `None`, where the override ends.
        variant: The variant whose verdict is overridden. Defaults to `None`.
        freeze: Whether freezes are overridden instead. Defaults to `False`.
        ends: Whether the override ends now. Defaults to `False`.
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.

    Returns:
        The JSON of `shelfcast override`.
    """
    asked = override_request(home, release, variant, freeze, who, why, until, ends)
    with asked.home.writing():
        if ends:
            return revoke(asked.home, asked.override, asked.today)
        result = grant(asked.home, asked.override, asked.today)
    tell(asked.home, partial(of_override, release=release), asked.settings.alert_urls)
    return result
