"""Step: roll stores back to an earlier champion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefect import task

from tasks.promote import entries
from tasks.promote.result import Delivery, gets, stays
from tasks.state import ledger
from tasks.state.channel import Channel, parcel
from tasks.state.home import Home
from tasks.state.ledger import Champion, Entry, Ledger
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import Releases

COMPLETED = "an earlier rollback was cut off and reaches it only now; to go further back, run this again"


@task
def roll_back(
    home: Home, decided: Ledger, stores: Sequence[str], why: str, release: str | None = None
) -> list[Delivery]:
    """Give each store its previous champion back, in one commit to the ledger.

    Nothing is needed of what a store leaves. What it gets is checked before, byte by byte; where that is damaged, the
    store is held, and the next older champion that is whole is offered.

    Args:
        home: Where the ledger, the releases and the channel are.
        decided: The ledger as it is.
        stores: Codes of the stores.
        why: The reason, for the ledger.
        release: The release to go back to, past others. Defaults to `None`, the previous champion's.
    """
    champions = decided.champions()
    back = _Back(Releases.of(home), Channel.of(home), champions, decided.last_decisions(), why, release)
    done = [back.delivery(store) for store in dict.fromkeys(stores)]
    rows = [entries.rollback(each, champions[each.store][-1]) for each in done if each.state == "rolled back"]
    ledger.record(home, rows)
    return done


@dataclass(frozen=True)
class _Back:
    """The way back of stores: what each of them may get."""

    releases: Releases
    channel: Channel
    champions: Mapping[str, Sequence[Champion]]
    last: Mapping[str, Entry]
    why: str
    release: str | None

    def delivery(self, store: str) -> Delivery:
        stack = self.champions.get(store, ())
        if not stack:
            return stays(store, None, "held", "runs no model")
        if self._cut_off(store, stack[-1]):
            return stays(store, stack[-1], "unchanged", COMPLETED)
        earlier = [each for each in reversed(stack[:-1]) if self.release in (None, each.release)]
        if not earlier:
            return stays(store, stack[-1], "held", self._nothing_earlier())
        if fault := self._fault(store, earlier[0]):
            return stays(store, stack[-1], "held", f"{fault}; {self._other(store, stack)}")
        return gets(store, earlier[0], stack[-1], "rolled back", self.why)

    def _cut_off(self, store: str, now: Champion) -> bool:
        """Whether the last decision was a rollback, and the channel still has what that took away."""
        last, there = self.last[store], self.channel.champion(store)
        return last.kind == "rollback" and there != now and there == entries.taken(last)

    def _nothing_earlier(self) -> str:
        return f"did not run release {self.release} before" if self.release else "has no previous champion"

    def _fault(self, store: str, champion: Champion) -> str | None:
        """Why a store cannot be given a champion; `None` if it can."""
        try:
            parcel(self.releases.release(champion.release), champion.variant, store)
        except (DamagedRelease, NoSuchRelease) as error:
            return f"{champion.variant} of {champion.release} is damaged: {error}"
        return None

    def _other(self, store: str, stack: Sequence[Champion]) -> str:
        """The next older champion that is whole, in words."""
        for each in reversed(stack[:-1]):
            if each != stack[-1] and not self._fault(store, each):
                return f"{each.variant} of {each.release} is whole: `shelfcast rollback {store} --to {each.release}`"
        return "no older champion is whole: `shelfcast promote` another release"
