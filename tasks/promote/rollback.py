"""Step: roll stores back to their previous champion."""

from collections.abc import Collection, Sequence

from prefect import task

from tasks.promote import entries
from tasks.promote.result import Delivery, gets, stays
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger

COMPLETED = "an earlier decision was cut off and reached it only now; to go further back, run this again"


@task
def roll_back(home: Home, decided: Ledger, stores: Sequence[str], why: str, behind: Collection[str]) -> list[Delivery]:
    """Give each store its previous champion back, in one commit to the ledger.

    Args:
        home: Where the ledger is.
        decided: The ledger as it is.
        stores: Codes of the stores.
        why: The reason, for the ledger.
        behind: Stores that an earlier decision, which was cut off, reached only just now; they go no further back.
    """
    champions = decided.champions()
    done = [_previous(store, champions.get(store, []), why) for store in stores if store not in behind]
    back = [each for each in done if each.state == "rolled back"]
    ledger.record(home, [entries.rollback(each, champions[each.store][-1]) for each in back])
    # what a store ran before the decision that reached it only now is not known
    return done + [gets(each, champions[each][-1], None, "unchanged", COMPLETED) for each in stores if each in behind]


def _previous(store: str, champions: Sequence[Champion], why: str) -> Delivery:
    if not champions:
        return stays(store, None, "held", "runs no model")
    if len(champions) == 1:
        return stays(store, champions[-1], "held", "has no previous champion")
    return gets(store, champions[-2], champions[-1], "rolled back", why)
