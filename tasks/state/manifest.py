"""What a retrain writes down: `prepared.json` in a candidate's folder, and `manifest.json` in a release's."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tasks.forecasting.data.history import History
from tasks.forecasting.data.holidays import Event
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.smoothing import Levels
from tasks.forecasting.rollout.costs import CostModel
from tasks.state.arrays import SeriesRecord
from tasks.state.record import Document, Record
from tasks.state.variant_record import ChoiceRecord, Errors, VariantRecord


class ProfileRecord(Record):
    """How thorough the retrain was."""

    name: str
    recipe_name: str
    runs: int = Field(description="number of times that each variant was fitted")


class CalendarRecord(Record):
    """Holidays, events and item groups that were known beforehand."""

    country: str | None
    subdivision: str | None
    events: tuple[Event, ...]
    groups: dict[str, tuple[str, ...]]


class SnapshotRecord(Record):
    """The sales that the release was made from."""

    version: int = Field(description="version of the sales table")
    rows: int
    first_day: date
    last_day: date
    series: int = Field(description="number of series that took part")
    skipped: int = Field(description="number of series with too little history")
    rows_used: int = Field(description="number of rows that were learned from or measured on")
    rows_sha256: str = Field(description="hash of these rows")


class IndexRecord(Record):
    """A seasonal index: what a day sells, as a factor of an average day."""

    weekday: tuple[float, ...] = Field(description="factor of each weekday; 0 is Monday")
    month: tuple[float, ...] = Field(description="factor of each month; 0 is January")
    annual: tuple[tuple[float, float], ...] = Field(description="cosine and sine of each wave of the year")
    days: dict[str, float] = Field(description="factor of each special day, by its ISO date")


class GroupIndexRecord(IndexRecord):
    """The seasonal index of a group of items."""

    items: tuple[str, ...]


class SeasonsRecord(IndexRecord):
    """The seasonal index of all items but those of a group."""

    groups: tuple[GroupIndexRecord, ...] = ()


class GlobalMinMaxRecord(Record):
    """One scale for all series."""

    kind: Literal["global-min-max"]
    low: float = Field(description="units that become 0")
    high: float = Field(description="units that become 1")


class WindowMeanRecord(SeasonsRecord):
    """Each day divided by its index, then each window by its mean."""

    kind: Literal["window-mean"]


class RunningLevelRecord(SeasonsRecord):
    """Each day divided by its index, then each window by the series' running level."""

    kind: Literal["running-level"]
    span: int = Field(description="days that the level looks back over")


ScalingRecord = Annotated[GlobalMinMaxRecord | WindowMeanRecord | RunningLevelRecord, Field(discriminator="kind")]


class ValidationRecord(Record):
    """The days that choices are made on."""

    first: date
    last: date
    unseen: bool = Field(description="whether the networks learned nothing from them")


class HoldoutRecord(Record):
    """The days that measure, and decide nothing else."""

    first: date
    last: date
    days: int


class ReferenceRecord(Errors):
    """A forecast without a network, and its errors on the holdout."""

    name: str
    policy: str = Field(description="hash of the MAPE policy that it was measured under")
    days: int = Field(description="number of days and series measured")


class Prepared(Document):
    """All that is known of a candidate before training; its manifest takes most of it over."""

    snapshot: SnapshotRecord
    series: SeriesRecord
    scaling: ScalingRecord
    levels: Levels | None = Field(description="level of each series after the last day, where the recipe keeps one")
    validation: ValidationRecord
    holdout: HoldoutRecord
    references: tuple[ReferenceRecord, ...] = Field(description="forecasts without a network, the gate's first")
    training_windows: int = Field(description="number of windows that are learned from")


class PolicyRecord(Record):
    """The MAPE policy: which days count in errors."""

    hash: str = Field(description="names the policy; scores under another do not compare")
    zero_days: str
    returns: str
    closed_days: str
    min_volume: float
    min_coverage: float


class FileRecord(Record):
    """A file of the release's folder."""

    sha256: str
    bytes: int


class Manifest(Document):
    """A release, or a candidate that the gate refused."""

    release: str = Field(description="the release's id")
    created: str = Field(description="ISO time, UTC")
    reason: str = Field(description="why the retrain ran")
    profile: ProfileRecord
    recipe: Recipe
    seeds: tuple[int, ...]
    packages: dict[str, str] = Field(description="versions of the packages that took part")
    window: int = Field(description="number of days that a forecast looks at")
    history: History
    calendar: CalendarRecord
    snapshot: SnapshotRecord
    scaling: ScalingRecord
    validation: ValidationRecord
    holdout: HoldoutRecord
    references: tuple[ReferenceRecord, ...] = Field(description="forecasts without a network, the gate's first")
    training_windows: int = Field(description="number of windows that were learned from")
    policy: PolicyRecord
    limits: Limits
    variants: tuple[VariantRecord, ...] = Field(description="the baseline first, each after its parent")
    costs: CostModel
    choices: tuple[ChoiceRecord, ...] = Field(description="the variant for each device class")
    files: dict[str, FileRecord] = Field(description="every other file of the release's folder, by its name")

    @property
    def passed(self) -> list[VariantRecord]:
        """The variants that the gate passed."""
        return [each for each in self.variants if each.passed]
