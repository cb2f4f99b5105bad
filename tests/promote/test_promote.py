"""Which stores get a release next, and which variant each of them gets, on real releases."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.waves import Store, StoreList
from tasks.state import ledger
from tasks.state.alerts import Alert, Changes, record
from tasks.state.home import Home
from tests import stores
from tests.promote.channel import LABEL, STORES, TILL, Shop, promote, running, states


def with_validation(home: Home, release: str, **mape: float | None) -> None:
    """Give a release's variants these validation MAPEs; `_` stands for `-`."""

    def change(manifest: dict[str, Any]) -> None:
        for variant in manifest["variants"]:
            variant["validation_mape"] = mape[variant["name"].replace("-", "_")]

    stores.rewrite_manifest(home, release, change)


@pytest.mark.parametrize(
    ("costs", "chosen"),
    [
        (CostModel(), "lstm-16"),
        (CostModel(per_mape_pp=0), "lstm-16-int8"),
        (CostModel(per_mape_pp=1e6), "lstm-64"),
    ],
    ids=["default", "only sending costs", "errors are dear"],
)
def test_todays_costs_decide_whatever_the_manifest_says(shop: Shop, costs: CostModel, chosen: str) -> None:
    home, older, _ = shop
    with_validation(home, older, lstm_64=13.30, lstm_16=13.31, lstm_16_p50=13.5, lstm_16_int8=13.6)
    (delivery,) = stores.promote(home, older, "1", listed=STORES, costs=costs)
    assert delivery.variant == chosen
    assert delivery.reason.startswith(f"{chosen}: ")


def test_each_store_gets_the_choice_for_its_own_device(shop: Shop) -> None:
    home, older, _ = shop
    with_validation(home, older, lstm_64=13.0, lstm_16=13.31, lstm_16_p50=13.31, lstm_16_int8=14.0)
    slow = TILL.model_copy(update={"link_kbps": 1, "update_s": 17})
    listed = StoreList(
        devices={"till": TILL, "slow": slow}, stores={"1": Store(device="till"), "2": Store(device="slow")}
    )
    _, deliveries = promote(home, older, ["1", "2"], listed, costs=CostModel())
    assert [each.variant for each in deliveries] == ["lstm-64", "lstm-16-int8"]
    assert "over 1 kbit/s, the device allows 17" in deliveries[1].reason


def test_a_variant_without_a_latency_reaches_no_store(shop: Shop) -> None:
    home, older, _ = shop
    path = home.releases / older / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"variants": [each | {"latency_us": None} for each in manifest["variants"]]}))
    _, (held,) = promote(home, older, ["1"])
    assert held.state == "held" and "lstm-16-int8, has no figure for its latency" in held.reason


def test_a_store_named_twice_is_promoted_once(shop: Shop) -> None:
    home, older, _ = shop
    assert states(promote(home, older, ["1", "1"])[1]) == {"1": "promoted"}
    assert states(promote(home, older, ["1"])[1]) == {"1": "unchanged"}
    assert len(ledger.read(home, ["promotion"])) == 1


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (
            STORES.model_copy(update={"devices": {"till": LABEL}}),
            "no variant fits a till device; the smallest, lstm-16",
        ),
        (StoreList(devices={"till": TILL}), "the store is not in the list of stores, which has no default_device"),
    ],
    ids=["too small a device", "not listed"],
)
def test_a_store_that_cannot_have_it_keeps_what_it_runs(shop: Shop, listed: StoreList, reason: str) -> None:
    home, older, newer = shop
    promote(home, older, ["1"])
    _, (held,) = promote(home, newer, ["1"], listed)
    assert held.state == "held" and held.reason.startswith(reason)
    assert held.release == older
    assert running(home) == {"1": older}


def test_a_small_device_gets_none_while_others_do(shop: Shop) -> None:
    home, older, _ = shop
    listed = STORES.model_copy(update={"stores": {"1": Store(device="label"), "2": Store(device="till")}})
    assert states(promote(home, older, ["1", "2"], listed)[1]) == {"1": "held", "2": "promoted"}
    assert running(home) == {"2": older}


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
    assert states(stores.roll_back(home, "1", why="labels went blank")) == {"1": "rolled back"}
    name, (held,) = promote(home, newer)
    assert (name, held.store, held.state) == ("rest", "2", "held")
    assert held.reason == "canary store 1 was rolled back from it"
    assert held.release == older
    assert running(home) == {"1": older, "2": older}
    assert states(promote(home, newer, ["1"])[1]) == {"1": "promoted"}, "a person may name it"
    assert states(promote(home, newer)[1]) == {"2": "promoted"}
