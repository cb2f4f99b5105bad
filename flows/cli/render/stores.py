"""What `promote`, `rollback`, `monitor` and `status` print for people."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.cli.render.overrides import overrides
from flows.cli.results import StatusResult, StoreStatus
from flows.cli.screen import Column, echo, table
from tasks.report.text import listed, number, plural, signed

if TYPE_CHECKING:
    from tasks.monitor.result import LiveAccuracy, MonitorResult
    from tasks.promote.result import PromotionResult, RollbackResult

AT_MOST = 20
"""Stores that have a row of their own; of more, those that drift most."""

ACCURACY = (
    Column("store", text=True),
    Column("variant", text=True),
    Column("MAPE %"),
    Column("at release"),
    Column("drift pp"),
    Column("days"),
    Column("release", text=True, rank=1),
)


def promote(result: PromotionResult | RollbackResult) -> None:
    for failed in result.undelivered:
        echo(f"store {failed.store} could not be delivered to, the next run tries again: {failed.reason}")
    if not result.stores:
        echo(f"every store has release {result.release} already")
        return
    alike: dict[tuple[str | None, ...], list[str]] = defaultdict(list)
    for each in result.stores:
        alike[each.state, each.variant, each.release, each.previous].append(each.store)
    titles = ("stores", "state", "variant", "release", "previous")
    table([Column(title, text=True) for title in titles], [[listed(of), *what] for what, of in alike.items()])
    for reason in dict.fromkeys(each.reason for each in result.stores):
        echo(f"store {listed([each.store for each in result.stores if each.reason == reason])}: {reason}")
    echo(f"wave: {result.wave}, {plural(len(result.stores), 'store')}; next: `shelfcast monitor`, `shelfcast status`")


def monitor(result: MonitorResult, wide: bool = False, every_row: bool = False) -> None:
    if not result.stores:
        echo("no store runs a model yet; run `shelfcast promote` first")
        return
    _accuracy(result.stores, wide, every_row)
    if not any(each.days for each in result.stores):
        echo("no sales arrived since the release's last day, so there is nothing to score yet")
    for alert in result.alerts:
        echo(f"{alert.state}: {alert.message}")


def status(result: StatusResult, wide: bool = False, every_row: bool = False) -> None:
    echo(f"home {result.home}")
    for why in result.unreadable:
        echo(f"left out: {why}")
    if result.snapshot is None and not result.unreadable:
        echo("no sales yet; run `shelfcast ingest` first")
    elif result.snapshot is not None:
        latest = f"sales to {result.last_day}, table version {result.snapshot}"
        echo(f"{latest}; newest release {result.newest_release or 'none yet; run `shelfcast retrain`'}")
    if result.stores:
        _accuracy(result.stores, wide, every_row)
    for alert in result.alerts:
        echo(f"{alert.kind} open since {alert.since}: {alert.message}{f' ({alert.link})' if alert.link else ''}")
    for damaged in result.damaged:
        echo(f"damaged and passed over: {damaged.reason}")
    if result.unsent:
        echo(f"{plural(len(result.unsent), 'message')} could not be sent yet: {result.unsent[0].message}")
    overrides(result.overrides)
    if result.quarantine:
        echo(f"{plural(sum(result.quarantine.values()), 'row')} in quarantine; see `shelfcast quarantine list`")


def _accuracy(stores: Sequence[LiveAccuracy | StoreStatus], wide: bool, every_row: bool) -> None:
    """MAPE over the last 28 days beside that at release; of many stores, those that drift most."""
    shown = stores if every_row or len(stores) <= AT_MOST else sorted(stores, key=_drift)[:AT_MOST]
    table(ACCURACY, map(_store, shown), wide)
    if len(shown) < len(stores):
        echo(f"{plural(len(stores) - len(shown), 'more store')}, which drift less: --all")
    if unknown := [each.store for each in stores if each.gated_mape is None]:
        why = "not gated under today's [mape], or its release is damaged"
        echo(f"store {listed(unknown)}: {why}; drift is unknown until the next release")


def _drift(store: LiveAccuracy | StoreStatus) -> float:
    """The largest drift first, unknown drift last."""
    return math.inf if store.drift_pp is None else -store.drift_pp


def _store(each: LiveAccuracy | StoreStatus) -> list[str]:
    errors = number(each.mape), number(each.gated_mape), signed(each.drift_pp)
    return [each.store, each.variant, *errors, str(each.days), each.release]
