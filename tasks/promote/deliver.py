"""Step: make the channel say what the ledger says."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from prefect import task

from tasks.promote.result import Undelivered
from tasks.state.channel import Channel, parcel
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import Releases

log = logging.getLogger("shelfcast.deliver")


@dataclass(frozen=True)
class Delivered:
    """What a delivery did.

    Attributes:
        changed: Stores that get another model.
        failed: Stores that could not be delivered to, and why.
    """

    changed: tuple[str, ...]
    failed: tuple[Undelivered, ...]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Code of each store that could not be delivered to, and why."""
        return [(each.store, each.reason) for each in self.failed]


@task
def deliver(home: Home, decided: Ledger, stores: Collection[str] | None = None) -> Delivered:
    """Make the channel say what the ledger says, model files before assignments.

    Each file is there whole or not at all, and one that is damaged is replaced. A store that fails does not stop the
    others; the next run completes it, as it does a run that was cut off.

    Args:
        home: Where the releases and the channel are.
        decided: The ledger as it is.
        stores: Only these stores. Defaults to `None`, all that run a model.
    """
    running = decided.running()
    wanted = {store: running[store] for store in running if stores is None or store in stores}
    channel, known = Channel.of(home), Releases.of(home)
    changed, failed = [], []
    for store, champion in wanted.items():
        before = channel.champion(store)
        try:
            channel.put(parcel(known.release(champion.release), champion.variant, store))
        except (DamagedRelease, NoSuchRelease, OSError) as error:
            log.error("store %s could not be delivered to: %s", store, error)
            failed.append(Undelivered(store=store, reason=str(error)))
        else:
            changed += [store] if before != champion else []
    log.info("channel: %d %s changed", len(changed), "assignment" if len(changed) == 1 else "assignments")
    return Delivered(tuple(changed), tuple(failed))
