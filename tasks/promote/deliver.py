"""Step: make the channel say what the ledger says."""

import json
import logging
from hashlib import sha256
from urllib.parse import quote

from prefect import task

from tasks.promote.assignment import Golden, Level, Levels, ModelFile, StoreAssignment
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.release import Release

log = logging.getLogger("shelfcast.deliver")


@task
def deliver(home: Home, decided: Ledger) -> list[str]:
    """Make the channel say what the ledger says, model files before assignments.

    Each file is there whole or not at all, and a run that was cut off is completed by the next one.

    Returns:
        The stores that get another model.
    """
    changed = [store for store, champion in decided.running().items() if _deliver(home, store, champion)]
    log.info("channel: %d %s changed", len(changed), "assignment" if len(changed) == 1 else "assignments")
    return changed


def _deliver(home: Home, store: str, champion: Champion) -> bool:
    """Write a store's assignment; whether the channel assigned another model before, or none."""
    path = home.channel / "stores" / f"{quote(store, safe='')}.json"
    before = path.read_bytes() if path.exists() else b""
    content = _assignment(home, store, champion).to_bytes()
    if before != content:
        write_file(path, content)
    return _assigned(before) != champion


def _assigned(content: bytes) -> Champion | None:
    """The model that an assignment names; `None` where it names none."""
    try:
        known = json.loads(content)
        return Champion(known["release"], known["variant"])
    except (ValueError, KeyError, TypeError):
        return None


def _assignment(home: Home, store: str, champion: Champion) -> StoreAssignment:
    release = Release(home.releases / champion.release)
    return StoreAssignment(
        store=store,
        release=champion.release,
        variant=champion.variant,
        model=_model(home, release.file(champion.variant)),
        window=release.manifest.window,
        scaling=release.manifest.scaling,
        levels=_levels(release, store),
        golden=_golden(release, champion.variant),
    )


def _model(home: Home, content: bytes) -> ModelFile:
    """A model's file, which is in the channel afterwards."""
    digest = sha256(content).hexdigest()
    path = home.channel / "models" / f"{digest}.tflite"
    if not path.exists():
        write_file(path, content)
    return ModelFile(path=f"models/{path.name}", sha256=digest, bytes=len(content))


def _levels(release: Release, store: str) -> Levels | None:
    if release.levels is None:
        return None
    items = release.levels.of.get(store, {})
    levels = {item: Level(units=level.units, days=level.days) for item, level in items.items()}
    return Levels(day=str(release.levels.day), of=levels)


def _golden(release: Release, variant: str) -> Golden:
    """The golden forecasts of one variant."""
    golden = release.golden
    samples = [
        {"day": each.day, "item": each.item, "history": each.history, "level": each.level}
        | {"forecast": each.forecast[variant]}
        for each in golden.samples
    ]
    return Golden.model_validate({"tolerance": golden.tolerance, "samples": samples})
