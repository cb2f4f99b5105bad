"""Steps: decide which stores get a release, record it, and put it into the channel that devices read."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

from prefect import task

from tasks.forecasting.rollout.freeze import Freeze, frozen
from tasks.forecasting.rollout.selection import Choice, CostModel, choose
from tasks.forecasting.rollout.waves import Progress, RolloutPolicy, StoreList, Wave, next_wave, require_known
from tasks.state import ledger, overrides, sales_table, scores
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.overrides import Override
from tasks.state.record import to_json
from tasks.state.release import Release

log = logging.getLogger("shelfcast.deliver")


@dataclass(frozen=True)
class Delivery:
    """What happened to one store.

    Attributes:
        store: Which.
        release: What it runs now, nothing where it runs nothing.
        variant: The same.
        previous: What it ran before, as `release/variant`.
        state: `promoted`, `rolled back`, `unchanged` or `held`.
        reason: Why, a sentence.
    """

    store: str
    release: str | None
    variant: str | None
    previous: str | None
    state: Literal["promoted", "rolled back", "unchanged", "held"]
    reason: str


@task
def plan_wave(
    home: Home, release: Release, listed: StoreList, policy: RolloutPolicy, chosen: Sequence[str] | None
) -> Wave:
    """The stores that get the release next, or those that a person chose.

    Raises:
        UnknownStore: If a listed, frozen or chosen store has no sales.
    """
    known = sales_table.stores(home)
    require_known(listed.stores, known, "stores.toml")
    require_known(policy.frozen_stores, known, "[[rollout.freeze]] of the settings")
    require_known(chosen or (), known, "--stores")
    return (
        Wave("chosen", tuple(dict.fromkeys(chosen)))
        if chosen
        else next_wave(known, listed, _progress(home, release), policy)
    )


def _progress(home: Home, release: Release) -> Progress:
    champions = ledger.champions(home)
    drifting = {
        entry.details["store"]
        for entry in ledger.open_alerts(home).values()
        if entry.details["kind"] == "drift" and entry.release == release.id
    }
    rolled_back = {
        entry.subject for entry in ledger.read(home, ["rollback"]) if entry.details["from"]["release"] == release.id
    }
    running = {store for store, stack in champions.items() if stack[-1].release == release.id}
    return Progress(
        frozenset(running), frozenset(rolled_back - running), frozenset(drifting), scores.days(home, release.id)
    )


@task
def promote_wave(
    home: Home,
    release: Release,
    wave: Wave,
    listed: StoreList,
    costs: CostModel = CostModel(),  # noqa: B008  # frozen
    freezes: Sequence[Freeze] = (),
    today: date | None = None,
) -> list[Delivery]:
    """Give each store of a wave the cheapest variant that passed and fits its device, all in one entry of the ledger.

    The choice is made anew, by today's device classes and costs, whatever the release's manifest says of others. A
    variant whose verdict is overridden today counts as passed. A store that a freeze is in gets nothing, unless the
    freezes are overridden for this release.
    """
    day, current = today or date.today(), ledger.champions(home)
    lifted = overrides.of_release(overrides.active(home, day), release.id)
    choices = _choices(home, release, listed, costs, lifted)
    deliveries = [
        _promotion(
            store,
            current.get(store, []),
            release,
            listed,
            choices,
            wave.hold,
            frozen(freezes, store, day),
            lifted,
        )
        for store in wave.stores
    ]
    promoted = [each for each in deliveries if each.state == "promoted"]
    ledger.record(home, [_entry("promotion", each, {"wave": wave.name}) for each in promoted])
    return deliveries


def _choices(
    home: Home, release: Release, listed: StoreList, costs: CostModel, lifted: Mapping[str | None, Override]
) -> dict[str, Choice]:
    """The variant for each device class, those among them whose verdict is overridden."""
    candidates = [replace(each, passed=each.passed or each.name in lifted) for each in release.candidates]
    over = overrides.of_release(overrides.latest(home), release.id)
    ended = [f"the override of {each.variant} {each.end}" for name, each in over.items() if name and name not in lifted]
    stores, choices = len(sales_table.stores(home)), {}
    for name, device in listed.devices.items():
        choice = choose(candidates, name, device, costs, stores)
        choices[name] = choice if choice.variant else Choice(None, "; ".join([choice.reason, *ended]))
    return choices


def _promotion(
    store: str,
    champions: list[Champion],
    release: Release,
    listed: StoreList,
    choices: Mapping[str, Choice],
    hold: str | None,
    freeze: tuple[str, date] | None,
    lifted: Mapping[str | None, Override],
) -> Delivery:
    now = champions[-1] if champions else None
    previous = _name(champions)

    def stays(reason: str, state: Literal["unchanged", "held"] = "held") -> Delivery:
        release, variant = (now.release, now.variant) if now else (None, None)
        return Delivery(store, release, variant, previous, state, reason)

    if hold:
        return stays(hold)
    known = listed.store(store)
    if known is None:
        return stays("stores.toml neither lists the store nor has a default_device")
    choice = choices[known.device]
    if choice.variant is None:
        return stays(choice.reason)
    if now == Champion(release.id, choice.variant):
        return stays("runs it already", "unchanged")
    reasons = [choice.reason]
    if choice.variant in lifted:
        reasons.append(f"the gate did not pass it: {lifted[choice.variant].released}")
    if freeze:
        name, last = freeze
        if None not in lifted:
            remedy = f"wait until it is over, or `shelfcast override {release.id} --freeze`"
            return stays(f"freeze {name!r} holds the store until {last}, that day too: {remedy}")
        reasons.append(f"in spite of freeze {name!r}: {lifted[None].released}")
    return Delivery(store, release.id, choice.variant, previous, "promoted", "; ".join(reasons))


@task
def roll_back(home: Home, stores: Sequence[str], why: str) -> list[Delivery]:
    """Give each store its previous champion back, all in one entry of the ledger."""
    current = ledger.champions(home)
    deliveries, entries = [], []
    for store in stores:
        champions = current.get(store, [])
        if len(champions) < 2:
            reason = "has no previous champion" if champions else "runs no model"
            release, variant = (champions[-1].release, champions[-1].variant) if champions else (None, None)
            deliveries.append(Delivery(store, release, variant, _name(champions), "held", reason))
            continue
        before = champions[-2]
        done = Delivery(store, before.release, before.variant, _name(champions), "rolled back", why)
        deliveries.append(done)
        entries.append(_entry("rollback", done, {"from": asdict(champions[-1])}))
    ledger.record(home, entries)
    return deliveries


def caught_up(home: Home, store: str) -> Delivery:
    """A store that an earlier decision reached only now."""
    now = ledger.champions(home)[store][-1]
    reason = "an earlier decision was cut off and reached it only now; to go further back, run this again"
    return Delivery(store, now.release, now.variant, None, "unchanged", reason)


def _entry(kind: Literal["promotion", "rollback"], delivery: Delivery, details: dict[str, Any]) -> ledger.Entry:
    return ledger.Entry(kind, delivery.store, delivery.reason, delivery.release, delivery.variant, details)


def _name(champions: list[Champion]) -> str | None:
    return f"{champions[-1].release}/{champions[-1].variant}" if champions else None


@task
def deliver(home: Home) -> list[str]:
    """Make the channel say what the ledger says: model files first, then each store's assignment; stores that changed.

    Each file is there whole or not at all, and a run that was cut off is completed by the next.
    """
    changed = []
    for store, champions in ledger.champions(home).items():
        content = _assignment(home, store, champions[-1])
        path = home.channel / "stores" / f"{quote(store, safe='')}.json"
        if not path.exists() or path.read_bytes() != content:
            write_file(path, content)
            changed.append(store)
    log.info("channel: %d assignments changed", len(changed))
    return changed


def _assignment(home: Home, store: str, champion: Champion) -> bytes:
    """What a device needs: which file, how to check it, and how to get from 14 daily sales to a forecast in units."""
    release = Release(home.releases / champion.release)
    model = release.file(champion.variant)
    digest = sha256(model).hexdigest()
    path = home.channel / "models" / f"{digest}.tflite"
    if not path.exists():
        write_file(path, model)
    golden = json.loads((release.folder / "golden.json").read_text())
    return to_json(
        {
            "store": store,
            "release": champion.release,
            "variant": champion.variant,
            "model": {"path": f"models/{path.name}", "sha256": digest, "bytes": len(model)},
            "window": release.manifest["window"],
            "scaling": release.manifest["scaling"],
            **_levels(release, store),
            "golden": {
                "tolerance": golden["tolerance"],
                "samples": [
                    {
                        "day": sample["day"],
                        "item": sample["item"],
                        "history": sample["history"],
                        **({"level": sample["level"]} if "level" in sample else {}),
                        "forecast": sample["forecast"][champion.variant],
                    }
                    for sample in golden["samples"]
                ],
            },
        }
    )


def _levels(release: Release, store: str) -> dict[str, Any]:
    """The running level that a device goes on from, of each item; nothing where the recipe keeps none."""
    if release.levels is None:
        return {}
    mine = {item: level._asdict() for item, level in release.levels.of.get(store, {}).items()}
    return {"levels": {"day": str(release.levels.day), "of": mine}}


def summary(release: str | None, wave: str, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """The JSON of a promotion or a rollback; the release is the one that all these stores run now, if it is one."""
    running = {each.release for each in deliveries}
    release = release or (running.pop() if len(running) == 1 else None)
    return {"release": release, "wave": wave, "stores": [asdict(each) for each in deliveries]}
