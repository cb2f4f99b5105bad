"""Promotions as tests make them, and what the channel says afterwards."""

import json
from typing import Any

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.waves import RolloutPolicy, Store, StoreList
from tasks.promote.promote import plan_wave, promote_wave
from tasks.promote.result import Delivery
from tasks.state.home import Home
from tests.stores import rollout, update_channel

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
    asked = rollout(home, release, listed=listed, policy=RolloutPolicy(canary_days=canary_days), costs=costs)
    wave = plan_wave.fn(asked, chosen)
    deliveries = promote_wave.fn(asked, wave)
    update_channel(home)
    return wave.name, deliveries


def states(deliveries: list[Delivery]) -> dict[str, str]:
    return {each.store: each.state for each in deliveries}


def assignments(home: Home) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (home.channel / "stores").glob("*.json")}


def running(home: Home) -> dict[str, str]:
    return {store: each["release"] for store, each in assignments(home).items()}
