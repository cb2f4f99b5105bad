"""The way back, on real releases."""

from tasks.promote import rollback
from tasks.promote.result import Delivery
from tasks.state import ledger
from tasks.state.ledger import Champion, Ledger
from tests.promote.channel import Shop, promote, running
from tests.stores import roll_back, update_channel


def test_a_rollback_gives_the_previous_champion_back_and_no_more(shop: Shop) -> None:
    home, older, newer = shop
    for release in (older, newer):
        promote(home, release, ["1"])
    back, nothing = roll_back(home, "1", "2")
    update_channel(home)
    assert back == Delivery(
        store="1",
        release=older,
        variant="lstm-16-int8",
        previous=f"{newer}/lstm-16-int8",
        state="rolled back",
        reason="by hand",
    )
    assert nothing == Delivery(
        store="2", release=None, variant=None, previous=None, state="held", reason="runs no model"
    )
    assert running(home) == {"1": older}
    (entry,) = ledger.read(home, ["rollback"])
    assert entry.details == {"from": {"release": newer, "variant": "lstm-16-int8"}}
    (again,) = roll_back(home, "1")
    assert (again.state, again.reason, again.release) == ("held", "has no previous champion", older)
    assert Ledger.of(home).champions() == {"1": [Champion(older, "lstm-16-int8")]}


def test_a_store_that_an_earlier_decision_reached_only_now_goes_no_further_back(shop: Shop) -> None:
    home, older, newer = shop
    for release in (older, newer):
        promote(home, release, ["1", "2"])
    back, completed = rollback.roll_back.fn(home, Ledger.of(home), ["1", "2"], "by hand", behind=["1"])
    assert (back.store, back.state, back.release) == ("2", "rolled back", older)
    assert (completed.store, completed.state, completed.release) == ("1", "unchanged", newer)
    assert completed.previous is None and completed.reason == rollback.COMPLETED
