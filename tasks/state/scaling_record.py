"""The scaling as manifests and devices have it: how raw sales become a network's input, and its output units again."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.state.record import Record


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
