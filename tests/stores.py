"""Stores as tests need them: what they run, by the real steps of a promotion and a rollback."""

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from typing import Any

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.waves import RolloutPolicy, StoreList, Wave
from tasks.promote import rollback
from tasks.promote.deliver import deliver
from tasks.promote.promote import promote_wave
from tasks.promote.result import Delivery
from tasks.promote.rollout import Rollout
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.release import Release

TILL = StoreList(default_device="till", devices={"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)})
"""Every store has a device that any variant fits."""


def rollout(home: Home, release: str, **rules: Any) -> Rollout:
    """A release on its way to stores, by rules that a test gives and by the ledger as it is."""
    usual: dict[str, Any] = {
        "listed": TILL,
        "policy": RolloutPolicy(),
        "costs": CostModel(),
        "today": date.today(),
    }
    found, known = Release(home.releases / release), tuple(sales_table.stores(home))
    return Rollout(home, found, known, ledger=Ledger.of(home), **(usual | rules))


def promote(home: Home, release: str, *stores: str, **rules: Any) -> list[Delivery]:
    """Promote a release to some stores; the channel stays as it is."""
    return promote_wave.fn(rollout(home, release, **rules), Wave("chosen", stores))


def roll_back(home: Home, *stores: str, why: str = "by hand", release: str | None = None) -> list[Delivery]:
    """Roll some stores back; the channel stays as it is."""
    return rollback.roll_back.fn(home, Ledger.of(home), stores, why, release)


def update_channel(home: Home) -> list[str]:
    """Make the channel say what the ledger says; the stores that get another model."""
    return list(deliver.fn(home, Ledger.of(home)).changed)


def rewrite_manifest(home: Home, release: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Publish a release with another manifest, as a retrain that came to it would have."""
    path = home.releases / release / "manifest.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    record_release(home, release)


def record_release(home: Home, release: str) -> None:
    """Let the ledger vouch for a release's manifest as it is."""
    path = home.releases / release / "manifest.json"
    details = {"variants": [], "manifest_sha256": sha256(path.read_bytes()).hexdigest()}
    ledger.record(home, [ledger.Entry("release", release, "a test", release, details=details)])
