"""Which stores get a release next, on real releases."""

from dataclasses import replace

from tasks.state import ledger
from tasks.state.alerts import Alert, Changes, record
from tests.promote.channel import Shop, promote, running, states
from tests.stores import roll_back


def test_the_canary_store_first_then_the_rest_then_nobody(shop: Shop) -> None:
    home, older, _ = shop
    name, (delivery,) = promote(home, older)
    assert name == "canary"
    assert delivery.model_dump(exclude={"reason"}) == {
        "store": "1",
        "release": older,
        "variant": "lstm-16-int8",
        "previous": None,
        "state": "promoted",
    }
    assert "of 4 variants that passed and fit a till device" in delivery.reason
    assert running(home) == {"1": older}
    name, deliveries = promote(home, older)
    assert (name, states(deliveries)) == ("rest", {"2": "promoted"})
    assert promote(home, older) == ("none", [])
    assert running(home) == {"1": older, "2": older}
    rows = ledger.read(home, ["promotion"])
    assert [(row.subject, row.release, row.variant, row.details["wave"]) for row in rows] == [
        ("1", older, "lstm-16-int8", "canary"),
        ("2", older, "lstm-16-int8", "rest"),
    ]


def test_the_rest_waits_until_the_canary_was_scored_long_enough(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older)
    name, (held,) = promote(home, older, canary_days=7)
    assert (name, held.state) == ("rest", "held")
    assert held.reason == "canary store 1 was scored on 0 days, 7 are needed"
    assert running(home) == {"1": older}
    assert len(ledger.read(home, ["promotion"])) == 1


def test_the_rest_waits_while_the_canary_drifts(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older)
    drift = Alert("drift-1", "drift", "warning", "store.1", "open", "why", release=older, variant="lstm-16-int8")
    record(home, Changes((drift,)))
    _, (held,) = promote(home, older)
    assert (held.state, held.reason) == ("held", "canary store 1 drifts")
    assert (held.release, held.variant, held.previous) == (None, None, None)
    assert states(promote(home, newer)[1]) == {"1": "promoted"}, "drift of one release does not hold another"
    record(home, Changes((replace(drift, state="resolved"),)))
    assert states(promote(home, older, ["2"])[1]) == {"2": "promoted"}


def test_a_release_that_was_rolled_back_holds_the_rest_and_does_not_come_back_by_itself(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1", "2"])
    promote(home, newer)
    assert states(roll_back(home, "1", why="labels went blank")) == {"1": "rolled back"}
    name, (held,) = promote(home, newer)
    assert (name, held.store, held.state) == ("rest", "2", "held")
    assert held.reason == "canary store 1 was rolled back from it"
    assert held.release == older
    assert running(home) == {"1": older, "2": older}
    assert states(promote(home, newer, ["1"])[1]) == {"1": "promoted"}, "a person may name it"
    assert states(promote(home, newer)[1]) == {"2": "promoted"}
