"""A release: an immutable folder of variants' files, and the manifest that vouches for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tasks.forecasting.accuracy.policy import MapePolicy, require_same_policy
from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.data.windows import Windows
from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.model import scaling
from tasks.forecasting.model.smoothing import Levels
from tasks.forecasting.rollout.devices import VariantFacts
from tasks.state.golden import Golden
from tasks.state.home import Home
from tasks.state.manifest import Manifest
from tasks.state.record import or_nan
from tasks.state.variant_record import VariantRecord, candidates

LEVELS = TypeAdapter(Levels)
"""The content of `levels.json`."""


class NoSuchRelease(ValueError):
    """There is no such release, or none at all."""


class DamagedRelease(RuntimeError):
    """A file of a release is not what its manifest says."""


@dataclass(frozen=True)
class Release:
    """A published release, read-only."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @cached_property
    def manifest(self) -> Manifest:
        """What the release says of itself.

        Raises:
            DamagedRelease: If its manifest is damaged, or of another version of shelfcast.
        """
        path = self.folder / "manifest.json"
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise DamagedRelease(
                f"{path} must be a release's manifest as this version of shelfcast writes it; {_first(error)}. Restore "
                "it from a backup, or move the release's folder away"
            ) from None

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def variant(self, name: str) -> VariantRecord:
        """What the manifest says of a variant.

        Raises:
            NoSuchRelease: If the release has no such variant.
        """
        for variant in self.manifest.variants:
            if variant.name == name:
                return variant
        raise NoSuchRelease(f"release {self.id} has no variant {name!r}")

    def file(self, variant: str) -> bytes:
        """A variant's `.tflite` file, checked against the manifest.

        Raises:
            DamagedRelease: If it is missing or is not the file that was gated.
        """
        return self._checked(self.variant(variant).file)

    def _checked(self, name: str) -> bytes:
        path = self.folder / name
        content = path.read_bytes() if path.is_file() else b""
        gated = self.manifest.files.get(name)
        expected = gated.sha256 if gated else "nothing"
        if (found := sha256(content).hexdigest()) != expected:
            raise DamagedRelease(f"{path} is not the file gated: sha256 {found[:12]}, expected {expected[:12]}")
        return content

    @cached_property
    def levels(self) -> Levels | None:
        """The running level of each series after the release's last day; nothing where its recipe keeps none."""
        path = self.folder / "levels.json"
        return LEVELS.validate_json(path.read_bytes()) if path.exists() else None

    @property
    def evidence(self) -> Evidence:
        """What it was judged on, checked against the manifest.

        Raises:
            DamagedRelease: If it is missing or is not what was judged on.
        """
        return Evidence.from_bytes(self._checked("evidence.npz"))

    @property
    def golden(self) -> Golden:
        """Windows with every variant's forecast, for devices to check a file by."""
        return Golden.model_validate_json((self.folder / "golden.json").read_bytes())

    def forecast(self, variant: str, windows: Windows, levels: Levels | None = None) -> Floats32:
        """Units that a variant's file forecasts, shape `(windows,)`, as a device does.

        Args:
            variant: Its name.
            windows: What to forecast.
            levels: Running levels to go on from, where the windows' panel does not reach back to the first sales.
                Defaults to `None`.
        """
        from tasks.forecasting.model.variants.litert import Forecaster

        scale = scaling.from_dict(self.manifest.scaling.model_dump()).for_panel(windows.panel, levels)
        return scaling.forecast(scale, windows, Forecaster(self.file(variant)))

    def gated_mape(self, variant: str, store: str, policy: MapePolicy) -> float:
        """The MAPE that the variant was gated at in a store, in percent; over all stores where it was not there yet.

        Raises:
            DifferentPolicies: If it was measured under another MAPE policy.
        """
        require_same_policy(self.manifest.policy.hash, policy.hash, f"release {self.id}")
        record = self.variant(variant)
        in_store = record.by_store.get(store)
        mape = record.shipped_mape if in_store is None else in_store
        return or_nan(mape)

    @property
    def candidates(self) -> list[VariantFacts]:
        """The measured variants, as far as a device cares."""
        return candidates(self.manifest.variants)


def _first(error: ValidationError) -> str:
    """The first thing that is wrong with a document, in one line."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return " ".join(f"{where}: {first['msg']}".removeprefix(": ").removeprefix("Value error, ").split())


def releases(home: Home) -> list[Release]:
    """All releases, newest first."""
    return _newest_first(home.releases.glob("*/manifest.json"))


def refused(home: Home) -> dict[str, Release]:
    """Candidates of which no variant passed, newest first, by the id that each would have had as a release."""
    found = _newest_first(home.candidates.glob("*/*/manifest.json"))
    return {each.manifest.release: each for each in found if not each.manifest.passed}


def _newest_first(manifests: Iterable[Path]) -> list[Release]:
    found = [Release(path.parent) for path in manifests]
    return sorted(found, key=lambda release: release.manifest.created, reverse=True)


def find(home: Home, name: str | None) -> Release:
    """A release by its id, the newest if none is named.

    Raises:
        NoSuchRelease: If there is none.
    """
    known = releases(home)
    if not known:
        raise NoSuchRelease(f"there are no releases in {home.root} yet; run `shelfcast retrain` first")
    for release in known:
        if name in (None, release.id):
            return release
    raise NoSuchRelease(f"no release {name!r}; there are {', '.join(release.id for release in known[:5])}")


def find_judged(home: Home, name: str | None) -> Release:
    """A release, or the folder of a refused candidate by the id that it would have had; the newest release by default.

    Raises:
        NoSuchRelease: If there is neither.
    """
    if name is None:
        return find(home, None)
    published, waiting = {each.id: each for each in releases(home)}, refused(home)
    found = published.get(name) or waiting.get(name)
    if found is None:
        raise NoSuchRelease(
            f"no release or refused candidate {name!r}; there are {', '.join([*published][:5]) or 'no releases'}"
            f", refused: {', '.join([*waiting][:5]) or 'none'}"
        )
    return found
