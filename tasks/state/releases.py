"""All releases of a home, as the ledger has them: which there are, in which order, and which of them are damaged."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from pydantic import Field

from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.manifest import Manifest
from tasks.state.record import Record
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tasks.state.variant_record import VariantRecord

log = logging.getLogger("shelfcast.releases")


class JudgedDetails(Record):
    """The details of the entry of a release or a refusal."""

    variants: tuple[VariantRecord, ...]
    manifest_sha256: str | None = Field(None, description="hash of the manifest; null in entries before it was kept")
    snapshot: int | None = Field(None, description="version of the sales table that it was made from")

    @classmethod
    def of(cls, manifest: Manifest) -> "JudgedDetails":
        """The details of a manifest that is on disk as it was written."""
        digest = sha256(manifest.to_bytes()).hexdigest()
        return cls(variants=manifest.variants, manifest_sha256=digest, snapshot=manifest.snapshot.version)

    def kept(self) -> dict[str, object]:
        """The details as the ledger keeps them."""
        return self.model_dump(mode="json")


@dataclass(frozen=True)
class Releases:
    """Published releases, newest first.

    The newest is the one that came into the ledger last, whatever the clocks of the machines that made them said.

    Attributes:
        all: Every release that has a folder, whole or damaged.
        recorded: What the ledger has of each release, by its id; a release that it lacks was cut off before that.
    """

    home: Home
    all: tuple[Release, ...]
    recorded: Mapping[str, JudgedDetails]

    @classmethod
    def of(cls, home: Home) -> "Releases":
        """The releases of a home as it is now."""
        recorded = _recorded(home, "release")
        names = {path.parent.name for path in home.releases.glob("*/manifest.json")}
        new = [Release(home.releases / name) for name in names - recorded.keys()]
        known = [
            Release(home.releases / name, recorded[name].manifest_sha256)
            for name in reversed(recorded)
            if (home.releases / name).is_dir()
        ]
        return cls(home, (*_by_age(new), *known), recorded)

    @property
    def unrecorded(self) -> frozenset[str]:
        """Ids of releases whose retrain was cut off before the ledger knew of them."""
        return frozenset(each.id for each in self.all if each.id not in self.recorded)

    def snapshot(self, release: Release) -> int:
        """The version of the sales table that a release was made from.

        Raises:
            DamagedRelease: If it is damaged, and the ledger does not say it either.
        """
        known = self.recorded.get(release.id)
        if known is not None and known.snapshot is not None:
            return known.snapshot
        return release.manifest.snapshot.version

    def release(self, name: str) -> Release:
        """A release by its id; what is missing or damaged of it shows when it is read."""
        return self._by_id.get(name) or Release(self.home.releases / name)

    @cached_property
    def _by_id(self) -> dict[str, Release]:
        return {each.id: each for each in self.all}

    @cached_property
    def damaged(self) -> Mapping[str, str]:
        """Why each release whose manifest is damaged cannot be used, by its id."""
        return {each.id: why for each in self.all if (why := _damage(each))}

    @property
    def whole(self) -> list[Release]:
        """The releases whose manifest is as it was published; the others are named in the log."""
        for why in self.damaged.values():
            log.warning("a release is passed over: %s", why)
        return [each for each in self.all if each.id not in self.damaged]


def _recorded(home: Home, kind: ledger.Kind) -> dict[str, JudgedDetails]:
    """What the ledger has of each release or refusal, in the order in which they came."""
    return {each.subject: JudgedDetails.model_validate(each.details) for each in ledger.read(home, [kind])}


def _damage(release: Release) -> str | None:
    try:
        _ = release.manifest
    except DamagedRelease as error:
        return str(error)
    return None


def _by_age(found: Iterable[Release]) -> list[Release]:
    """Releases that the ledger does not order, newest first by their own account."""
    return sorted(found, key=lambda each: "" if _damage(each) else each.manifest.created, reverse=True)


def releases(home: Home) -> list[Release]:
    """All releases that are whole, newest first."""
    return Releases.of(home).whole


def refused(home: Home) -> dict[str, Release]:
    """Candidates of which no variant passed, newest first, by the id that each would have had as a release."""
    recorded = _recorded(home, "refusal")
    folders = [path.parent for path in home.candidates.glob("*/*/manifest.json")]
    vouched = {name: each.manifest_sha256 for name, each in recorded.items()}
    found = [Release(folder, vouched.get(folder.name)) for folder in folders]
    whole = [each for each in _by_age(found) if not _passed_over(each)]
    return {each.manifest.release: each for each in whole if not each.manifest.passed}


def _passed_over(candidate: Release) -> bool:
    why = _damage(candidate)
    if why:
        log.warning("a refused candidate is passed over: %s", why)
    return why is not None


def find(home: Home, name: str | None) -> Release:
    """A release to give to stores, by its id; the newest if none is named.

    Raises:
        NoSuchRelease: If there is none, or its retrain was cut off before it was recorded.
        DamagedRelease: If it is damaged; an older one must be named then.
    """
    known = Releases.of(home)
    if not known.all:
        raise NoSuchRelease(f"there are no releases in {home.root} yet; run `shelfcast retrain` first")
    found = next((each for each in known.all if name in (None, each.id)), None)
    if found is None:
        raise NoSuchRelease(f"no release {name!r}; there are {', '.join(each.id for each in known.all[:5])}")
    if found.id in known.unrecorded:
        raise NoSuchRelease(
            f"release {found.id} is not in the ledger, as its retrain was cut off; run `shelfcast retrain` again, "
            "which completes it"
        )
    if why := known.damaged.get(found.id):
        raise DamagedRelease(why if name else f"the newest release is damaged: {why}; or name an older release")
    return found


def find_judged(home: Home, name: str | None) -> Release:
    """A release, or the folder of a refused candidate by the id that it would have had.

    By default the newest release that is whole.

    Raises:
        NoSuchRelease: If there is neither.
        DamagedRelease: If it is damaged.
    """
    known = Releases.of(home)
    if name is None:
        whole = known.whole
        return whole[0] if whole else find(home, None)
    if why := known.damaged.get(name):
        raise DamagedRelease(why)
    published, waiting = {each.id: each for each in known.all}, refused(home)
    found = published.get(name) or waiting.get(name)
    if found is None:
        raise NoSuchRelease(
            f"no release or refused candidate {name!r}; there are {', '.join([*published][:5]) or 'no releases'}"
            f", refused: {', '.join([*waiting][:5]) or 'none'}"
        )
    return found
