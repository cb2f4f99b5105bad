"""The channel that store devices read: `stores/` has an assignment a store, `models/` the files that they point to."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tasks.state.assignment import Golden, Level, Levels, ModelFile, StoreAssignment
from tasks.state.atomic import content_of, write_file
from tasks.state.file_name import file_name
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.release import DamagedRelease, Release

log = logging.getLogger("shelfcast.channel")


@dataclass(frozen=True)
class Parcel:
    """What a store is sent: its assignment, and the model's file, both checked against the release."""

    assignment: StoreAssignment
    model: bytes


def parcel(release: Release, variant: str, store: str) -> Parcel:
    """What a store is sent to run a variant; nothing is written.

    Raises:
        DamagedRelease: If a byte of what it is made of is missing or is not what was published.
        NoSuchRelease: If the release has no such variant.
    """
    model, manifest = release.file(variant), release.manifest
    digest = sha256(model).hexdigest()
    assignment = StoreAssignment(
        store=store,
        release=release.id,
        variant=variant,
        model=ModelFile(path=f"models/{digest}.tflite", sha256=digest, bytes=len(model)),
        window=manifest.window,
        scaling=manifest.scaling,
        levels=_levels(release, store),
        items=None if release.items is None else release.items.get(store),
        golden=_golden(release, variant),
    )
    return Parcel(assignment, model)


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
        | {"forecast": each.forecast.get(variant)}
        for each in golden.samples
    ]
    if not samples or any(each["forecast"] is None for each in samples):
        raise DamagedRelease(f"{release.folder / 'golden.json'} has no forecasts of {variant} for devices to repeat")
    return Golden.model_validate({"tolerance": golden.tolerance, "samples": samples})


@dataclass(frozen=True)
class Channel:
    """The files of a home's channel; models that were found whole once are not read again."""

    root: Path
    _whole: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, home: Home) -> "Channel":
        """The channel of a home."""
        return cls(home.channel)

    def assignment(self, store: str) -> Path:
        """The file of a store's assignment."""
        return self.root / "stores" / f"{file_name(store)}.json"

    def champion(self, store: str) -> Champion | None:
        """The model that a store's assignment names; `None` where it names none."""
        return assigned(content_of(self.assignment(store)))

    def differs(self, sent: Parcel) -> Iterable[Path]:
        """Files of the channel that are not as a parcel has them: missing, damaged, or of another model."""
        model = self.root / sent.assignment.model.path
        if not self._is_whole(model, sent.assignment.model.sha256):
            yield model
        path = self.assignment(sent.assignment.store)
        if content_of(path) != sent.assignment.to_bytes():
            yield path

    def put(self, sent: Parcel) -> bool:
        """Make the channel have what a parcel has, the model first; whether anything was changed.

        Each file is there whole or not at all. A file that is damaged is replaced.
        """
        wrong = list(self.differs(sent))
        for path in wrong:
            is_model = path.suffix == ".tflite"
            if is_model and path.exists():
                log.warning("%s was damaged and is replaced", path)
            write_file(path, sent.model if is_model else sent.assignment.to_bytes())
        self._whole.add(sent.assignment.model.sha256)
        return bool(wrong)

    def _is_whole(self, model: Path, digest: str) -> bool:
        if digest not in self._whole and sha256(content_of(model)).hexdigest() == digest:
            self._whole.add(digest)
        return digest in self._whole


def assigned(content: bytes) -> Champion | None:
    """The model that an assignment names; `None` where it names none."""
    try:
        known = json.loads(content)
        return Champion(known["release"], known["variant"])
    except (ValueError, KeyError, TypeError):
        return None
