"""A release: an immutable folder of variants' files, and the manifest that vouches for them."""

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
from tasks.state.atomic import content_of
from tasks.state.golden import Golden
from tasks.state.manifest import Manifest
from tasks.state.record import or_nan
from tasks.state.variant_record import VariantRecord, candidates

LEVELS = TypeAdapter(Levels)
"""The content of `levels.json`."""
ITEMS = TypeAdapter(dict[str, tuple[str, ...]])
"""The content of `items.json`: the items of each store."""

RESTORE = "restore it from a backup, or move the release's folder away"


class NoSuchRelease(ValueError):
    """There is no such release, or none at all."""


class DamagedRelease(RuntimeError):
    """A file of a release is not what its manifest says."""


@dataclass(frozen=True)
class Release:
    """A published release, read-only.

    Attributes:
        folder: Its folder.
        manifest_sha256: Hash of its manifest by the ledger. Defaults to `None`: then the manifest is taken as it is.
    """

    folder: Path
    manifest_sha256: str | None = None

    @property
    def id(self) -> str:
        return self.folder.name

    @cached_property
    def manifest(self) -> Manifest:
        """What the release says of itself.

        Raises:
            DamagedRelease: If it is missing, is not the one that the ledger has, or is of another version of shelfcast.
        """
        path = self.folder / "manifest.json"
        content = content_of(path)
        if self.manifest_sha256 is not None and sha256(content).hexdigest() != self.manifest_sha256:
            raise DamagedRelease(f"{path} is not the manifest that was published; {RESTORE}")
        try:
            return Manifest.model_validate_json(content)
        except ValidationError as error:
            raise DamagedRelease(
                f"{path} must be a manifest as this version of shelfcast writes it; {_first(error)}. {RESTORE}"
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
        return self.checked(self.variant(variant).file)

    def checked(self, name: str) -> bytes:
        """The content of one of the release's files, checked against the manifest.

        Raises:
            DamagedRelease: If it is missing or is not the file that was published.
        """
        path, gated = self.folder / name, self.manifest.files.get(name)
        content, expected = content_of(path), gated.sha256 if gated else "nothing"
        if (found := sha256(content).hexdigest()) != expected:
            raise DamagedRelease(
                f"{path} is not the file gated: sha256 {found[:12]}, expected {expected[:12]}; {RESTORE}"
            )
        return content

    @cached_property
    def levels(self) -> Levels | None:
        """The running level of each series after the release's last day; nothing where its recipe keeps none.

        Raises:
            DamagedRelease: If the file is missing or is not the one that was published.
        """
        name = "levels.json"
        return LEVELS.validate_json(self.checked(name)) if name in self.manifest.files else None

    @cached_property
    def items(self) -> dict[str, tuple[str, ...]] | None:
        """The items of each store that took part; `None` of a release that does not say it.

        Raises:
            DamagedRelease: If the file is missing or is not the one that was published.
        """
        name = "items.json"
        return ITEMS.validate_json(self.checked(name)) if name in self.manifest.files else None

    @property
    def evidence(self) -> Evidence:
        """What it was judged on, checked against the manifest.

        Raises:
            DamagedRelease: If it is missing or is not what was judged on.
        """
        return Evidence.from_bytes(self.checked("evidence.npz"))

    @cached_property
    def golden(self) -> Golden:
        """Windows with every variant's forecast, for devices to check a file by; checked against the manifest.

        Raises:
            DamagedRelease: If the file is missing or is not the one that was published.
        """
        return Golden.model_validate_json(self.checked("golden.json"))

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
