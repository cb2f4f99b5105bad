"""Release -> stores, wave by wave; and back. Who may do so against the gate or a freeze."""

from typing import Any

from prefect import flow

from flows.runtime.on_failure import run_failed
from flows.settings import home_at, load, stores_listed
from tasks.promote import selection
from tasks.promote.deliver import caught_up, deliver, plan_wave, promote_wave, roll_back, summary
from tasks.promote.override import grant, revoke
from tasks.state import overrides
from tasks.state.release import find


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def promote(home: str | None = None, release: str | None = None, stores: list[str] | None = None) -> dict[str, Any]:
    """Give the next wave of stores a release, each the variant that costs it least: canary stores first, then the rest.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        release: Its id. Defaults to the newest.
        stores: Give it to these stores instead of the next wave. Defaults to `None`.

    Returns:
        The JSON of `shelfcast promote`.
    """
    settings, place, listed = load(), home_at(home), stores_listed()
    published = find(place, release)
    wave = plan_wave(place, published, listed, settings.rollout, stores)
    deliveries = promote_wave(place, published, wave, listed, settings.costs, settings.rollout.freeze)
    deliver(place)
    return summary(published.id, wave.name, deliveries)


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def rollback(
    home: str | None = None, store: str | None = None, region: str | None = None, why: str = "by hand"
) -> dict[str, Any]:
    """Give a store, a region or, if neither is named, all stores their previous champion back.

    A store whose last decision was cut off before it reached the channel gets that one, and goes no further back.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        store: One store. Defaults to `None`.
        region: All stores of a region in `stores.toml`. Defaults to `None`.
        why: For the ledger. Defaults to `by hand`.

    Returns:
        The JSON of `shelfcast rollback`.
    """
    place = home_at(home)
    chosen = selection.stores(place, stores_listed(), store, region)
    late = set(deliver(place))
    deliveries = roll_back(place, [store for store in chosen if store not in late], why)
    deliver(place)
    return summary(None, "rollback", deliveries + [caught_up(place, store) for store in chosen if store in late])


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def override(
    release: str,
    who: str,
    why: str,
    until: str | None = None,
    variant: str | None = None,
    freeze: bool = False,
    ends: bool = False,
    home: str | None = None,
) -> dict[str, Any]:
    """Let stores get what the gate refused, or what a freeze holds, for a while, on a person's word.

    Args:
        release: Its id, or that of a refused candidate, which becomes a release.
        who: The person who answers for it.
        why: Their reason.
        until: The last day that it holds on, YYYY-MM-DD. Defaults to `None`, for one that ends.
        variant: Whose verdict is overridden. Defaults to `None`.
        freeze: Whether freezes are overridden instead. Defaults to `False`.
        ends: Whether the override ends now. Defaults to `False`.
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.

    Returns:
        The JSON of `shelfcast override`.
    """
    place, longest = home_at(home), load().rollout.max_override_days
    if ends:
        return revoke(place, overrides.revocation(place, release, variant, freeze, who, why, until))
    return grant(place, overrides.request(place, release, variant, freeze, who, why, until, longest))
