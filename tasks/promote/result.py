"""What a promotion or a rollback did to each store: the JSON of `shelfcast promote` and `shelfcast rollback`."""

from collections.abc import Sequence
from typing import Literal

from tasks.state.ledger import Champion
from tasks.state.record import Document, Record

State = Literal["promoted", "rolled back", "unchanged", "held"]


class Delivery(Record):
    """What happened to one store.

    Attributes:
        store: The store's code.
        release: The release that the store runs now; `None` where it runs none.
        variant: The variant that the store runs now; `None` where it runs none.
        previous: What the store ran before, as `release/variant`; `None` where it ran nothing.
        state: What was done.
        reason: Why, as a sentence.
    """

    store: str
    release: str | None
    variant: str | None
    previous: str | None
    state: State
    reason: str


class Undelivered(Record):
    """A store that the channel could not be written for.

    Attributes:
        store: The store's code.
        reason: Why, and what to do.
    """

    store: str
    reason: str


class PromotionResult(Document):
    """The JSON of a promotion.

    Attributes:
        release: The release that was promoted.
        wave: The wave that it went to.
        stores: What happened to each store of the wave.
        undelivered: Stores, of this wave or not, that the channel could not be written for; the next run does it.
    """

    release: str
    wave: Literal["canary", "rest", "chosen", "none"]
    stores: tuple[Delivery, ...]
    undelivered: tuple[Undelivered, ...] = ()

    @property
    def all_held(self) -> bool:
        """Whether no store could get it."""
        return _all_held(self.stores)


class RollbackResult(Document):
    """The JSON of a rollback.

    Attributes:
        release: The release that all these stores run now; `None` where they run several.
        wave: Always `rollback`.
        stores: What happened to each store.
        undelivered: Those of them that the channel could not be written for; the next run does it.
    """

    release: str | None
    wave: Literal["rollback"] = "rollback"
    stores: tuple[Delivery, ...]
    undelivered: tuple[Undelivered, ...] = ()

    @property
    def all_held(self) -> bool:
        """Whether no store could be rolled back."""
        return _all_held(self.stores)


def _all_held(deliveries: Sequence[Delivery]) -> bool:
    return bool(deliveries) and all(each.state == "held" for each in deliveries)


def stays(store: str, runs: Champion | None, state: Literal["unchanged", "held"], reason: str) -> Delivery:
    """The delivery of a store that keeps what it runs."""
    release, variant = (runs.release, runs.variant) if runs else (None, None)
    return Delivery(store=store, release=release, variant=variant, previous=name(runs), state=state, reason=reason)


def gets(store: str, champion: Champion, before: Champion | None, state: State, reason: str) -> Delivery:
    """The delivery of a store that runs another model from now on."""
    return Delivery(
        store=store,
        release=champion.release,
        variant=champion.variant,
        previous=name(before),
        state=state,
        reason=reason,
    )


def name(champion: Champion | None) -> str | None:
    """What a store runs, as `release/variant`; `None` where it runs nothing."""
    return f"{champion.release}/{champion.variant}" if champion else None


def rolled_back(deliveries: Sequence[Delivery], undelivered: Sequence[Undelivered]) -> RollbackResult:
    """The JSON of a rollback that did this."""
    running = {each.release for each in deliveries}
    release = running.pop() if len(running) == 1 else None
    return RollbackResult(release=release, stores=tuple(deliveries), undelivered=tuple(undelivered))
