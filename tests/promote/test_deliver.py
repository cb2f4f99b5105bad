"""Waves, assignments and the way back, on real releases."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tasks.forecasting.rollout.selection import CostModel, DeviceClass
from tasks.forecasting.rollout.waves import RolloutPolicy, Store, StoreList, UnknownStore, Wave
from tasks.promote.deliver import Delivery, deliver, plan_wave, promote_wave, roll_back, summary
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion, Entry
from tasks.state.release import DamagedRelease, Release

Shop = tuple[Home, str, str]

TILL = DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)
LABEL = DeviceClass(flash_kb=1, ram_kb=512, latency_us=1e6)
FREE = CostModel(per_mape_pp=0)
"""MAPE costs nothing, so that the smallest is chosen, however well two epochs do."""
STORES = StoreList(
    default_device="till",
    devices={"till": TILL, "label": LABEL},
    stores={"1": Store(device="till", canary=True), "2": Store(device="till")},
)


def promote(
    home: Home,
    release: str,
    chosen: list[str] | None = None,
    listed: StoreList = STORES,
    canary_days: int = 0,
    costs: CostModel = FREE,
) -> tuple[str, list[Delivery]]:
    found = Release(home.releases / release)
    wave = plan_wave.fn(home, found, listed, RolloutPolicy(canary_days=canary_days), chosen)
    deliveries = promote_wave.fn(home, found, wave, listed, costs)
    deliver.fn(home)
    return wave.name, deliveries


def states(deliveries: list[Delivery]) -> dict[str, str]:
    return {each.store: each.state for each in deliveries}


def assignments(home: Home) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (home.channel / "stores").glob("*.json")}


def running(home: Home) -> dict[str, str]:
    return {store: each["release"] for store, each in assignments(home).items()}


def test_the_canary_store_first_then_the_rest_then_nobody(shop: Shop) -> None:
    home, older, _ = shop
    name, (delivery,) = promote(home, older)
    assert name == "canary"
    assert replace(delivery, reason="") == Delivery("1", older, "lstm-16-int8", None, "promoted", "")
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


def with_validation(home: Home, release: str, **mape: float | None) -> None:
    """Give a release's variants these validation MAPEs; `_` stands for `-`."""
    path = home.releases / release / "manifest.json"
    manifest = json.loads(path.read_text())
    for variant in manifest["variants"]:
        variant["validation_mape"] = mape[variant["name"].replace("-", "_")]
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("costs", "chosen"),
    [
        (CostModel(), "lstm-16"),
        (CostModel(per_mape_pp=0), "lstm-16-int8"),
        (CostModel(per_mape_pp=1e6), "lstm-64"),
    ],
    ids=["of itself", "only sending costs", "errors are dear"],
)
def test_todays_costs_decide_whatever_the_manifest_says(shop: Shop, costs: CostModel, chosen: str) -> None:
    home, older, _ = shop
    with_validation(home, older, lstm_64=13.30, lstm_16=13.31, lstm_16_p50=13.5, lstm_16_int8=13.6)
    release = Release(home.releases / older)
    (delivery,) = promote_wave.fn(home, release, Wave("chosen", ("1",)), STORES, costs)
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


def test_an_assignment_has_all_that_a_device_needs(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older)
    release, assignment = Release(home.releases / older), assignments(home)["1"]
    model = home.channel / assignment["model"]["path"]
    assert model.read_bytes() == release.file("lstm-16-int8")
    assert sha256(model.read_bytes()).hexdigest() == assignment["model"]["sha256"] == model.stem
    assert model.stat().st_size == assignment["model"]["bytes"]
    assert (assignment["store"], assignment["release"], assignment["variant"]) == ("1", older, "lstm-16-int8")
    assert (assignment["window"], assignment["scaling"]) == (14, release.manifest.scaling.model_dump(mode="json"))
    golden = json.loads((release.folder / "golden.json").read_text())
    assert assignment["golden"]["tolerance"] == golden["tolerance"]
    assert assignment["golden"]["samples"] == [
        {name: each[name] for name in ("day", "item", "history")} | {"forecast": each["forecast"]["lstm-16-int8"]}
        for each in golden["samples"]
    ]


def test_delivering_again_changes_nothing_and_a_lost_channel_is_made_anew(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older, ["1", "2"])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in home.channel.rglob("*") if path.is_file()}
    assert deliver.fn(home) == []
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}
    shutil.rmtree(home.channel)
    assert deliver.fn(home) == ["1", "2"]
    assert {path: path.read_bytes() for path in before} == {path: content for path, (content, _) in before.items()}


def test_a_damaged_model_is_not_delivered_and_the_store_keeps_its_own(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1"])
    before = assignments(home)
    (home.releases / newer / "lstm-16-int8.tflite").write_bytes(b"rubbish")
    with pytest.raises(DamagedRelease):
        promote(home, newer, ["1"])
    assert assignments(home) == before


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
    details = {"kind": "drift", "store": "1", "severity": "warning"}
    ledger.record(home, [Entry("alert", "drift-1", "why", older, "lstm-16-int8", details)])
    _, (held,) = promote(home, older)
    assert (held.state, held.reason) == ("held", "canary store 1 drifts")
    assert (held.release, held.variant, held.previous) == (None, None, None)
    assert states(promote(home, newer)[1]) == {"1": "promoted"}, "drift of one release does not hold another"
    ledger.record(home, [Entry("resolved", "drift-1", "why", older, "lstm-16-int8", details)])
    assert states(promote(home, older, ["2"])[1]) == {"2": "promoted"}


def test_a_release_that_was_rolled_back_holds_the_rest_and_does_not_come_back_by_itself(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1", "2"])
    promote(home, newer)
    assert states(roll_back.fn(home, ["1"], "labels went blank")) == {"1": "rolled back"}
    name, (held,) = promote(home, newer)
    assert (name, held.store, held.state) == ("rest", "2", "held")
    assert held.reason == "canary store 1 was rolled back from it"
    assert held.release == older
    assert running(home) == {"1": older, "2": older}
    assert states(promote(home, newer, ["1"])[1]) == {"1": "promoted"}, "a person may name it"
    assert states(promote(home, newer)[1]) == {"2": "promoted"}


def test_a_rollback_gives_the_previous_champion_back_and_no_more(shop: Shop) -> None:
    home, older, newer = shop
    for release in (older, newer):
        promote(home, release, ["1"])
    back, nothing = roll_back.fn(home, ["1", "2"], "by hand")
    deliver.fn(home)
    assert back == Delivery("1", older, "lstm-16-int8", f"{newer}/lstm-16-int8", "rolled back", "by hand")
    assert nothing == Delivery("2", None, None, None, "held", "runs no model")
    assert running(home) == {"1": older}
    (entry,) = ledger.read(home, ["rollback"])
    assert entry.details == {"from": {"release": newer, "variant": "lstm-16-int8"}}
    (again,) = roll_back.fn(home, ["1"], "by hand")
    assert (again.state, again.reason, again.release) == ("held", "has no previous champion", older)
    assert ledger.champions(home) == {"1": [Champion(older, "lstm-16-int8")]}


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
        (StoreList(devices={"till": TILL}), "stores.toml neither lists the store nor has a default_device"),
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


def test_a_store_without_sales_is_an_error_and_nothing_changes(shop: Shop) -> None:
    home, older, _ = shop
    listed = STORES.model_copy(update={"stores": {"1": Store(device="till"), "77": Store(device="till")}})
    with pytest.raises(UnknownStore, match=r"stores\.toml names store 77, which has no sales"):
        promote(home, older, listed=listed)
    with pytest.raises(UnknownStore, match="--stores names store 9"):
        promote(home, older, ["1", "9"])
    assert not home.channel.exists() and not ledger.read(home, ["promotion"])


def test_a_code_that_is_no_file_name_stays_within_the_channel(shop: Shop, tmp_path: Path) -> None:
    home, older, _ = shop
    ledger.record(home, [Entry("promotion", "../../Köln 1", "why", older, "lstm-16")])
    assert deliver.fn(home) == ["../../Köln 1"]
    (path,) = (home.channel / "stores").iterdir()
    assert path.name == "..%2F..%2FK%C3%B6ln%201.json"
    assert json.loads(path.read_text())["store"] == "../../Köln 1"


def test_the_summary_is_the_command_lines_json() -> None:
    delivery = Delivery("1", "r", "v", None, "promoted", "why")
    said = summary("r", "canary", [delivery, replace(delivery, store="2")])
    assert (said["release"], said["wave"], [each["store"] for each in said["stores"]]) == ("r", "canary", ["1", "2"])
    assert set(said["stores"][0]) == {"store", "release", "variant", "previous", "state", "reason"}
