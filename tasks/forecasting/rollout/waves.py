"""The stores of an installation, and the wave in which each gets a release."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.forecasting.data.codes import Code
from tasks.forecasting.data.days import natural
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.freeze import Freeze


class UnknownStores(ValueError):
    """Stores that have no sales.

    Attributes:
        names: Codes of these stores.
        known: Codes of all stores with sales.
        rule: What is wrong and what to do, as the end of a sentence that begins with what names these stores.
    """

    def __init__(self, names: Sequence[str], known: Sequence[str], named_by: str) -> None:
        self.names, self.known = tuple(names), tuple(known)
        self.rule = (
            f"names store {', '.join(names)}, which has no sales; remove it or ingest its sales. "
            f"Stores with sales: {', '.join(known[:20])}"
        )
        super().__init__(f"{named_by} {self.rule}")


def require_known(stores: Iterable[str], known: Sequence[str], named_by: str = "the list of stores") -> None:
    """Every store must have sales.

    Args:
        stores: Codes of stores.
        known: Codes of all stores with sales.
        named_by: What names `stores`, for the message. Defaults to `the list of stores`.

    Raises:
        UnknownStores: If a store has no sales.
    """
    if unknown := [store for store in stores if store not in known]:
        raise UnknownStores(unknown, known, named_by)


class Store(BaseModel):
    """One store that models are delivered to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(description="name of the store's device class")
    region: str = Field("", description="region of the store, for rollbacks by region")
    canary: bool = Field(False, description="whether the store gets each release in the first wave")


class RolloutPolicy(BaseModel):
    """How fast a release spreads, when none may, and for how long a person may have it otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    canary_days: int = Field(
        0, ge=0, le=366, description="days on which canary stores must have been scored before the other stores follow"
    )
    freeze: tuple[Freeze, ...] = Field((), description="periods in which stores, all or some, get no other model")
    max_override_days: int = Field(
        90, ge=1, le=3650, description="greatest number of days that an override of the gate or of a freeze may last"
    )

    @property
    def frozen_stores(self) -> list[str]:
        """The stores that freezes name."""
        return [store for each in self.freeze for store in each.stores or ()]


class StoreList(BaseModel):
    """The stores of the installation and their device classes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_device: str | None = Field(
        None, description="device class of stores that have sales and are not listed; without it they get no model"
    )
    devices: dict[str, DeviceClass] = Field(description="device classes by name")
    stores: dict[Code, Store] = Field(default_factory=dict, description="stores by code")

    @model_validator(mode="after")
    def _devices_are_described(self) -> Self:
        used = {store.device: f"store {name}" for name, store in self.stores.items()}
        if self.default_device:
            used[self.default_device] = "default_device"
        for device, where in used.items():
            if device not in self.devices:
                known = ", ".join(self.devices)
                raise ValueError(f"{where} has the device class {device!r}, which is not described; there are {known}")
        return self

    def store(self, name: str) -> Store | None:
        """The store as listed, or else with the default device class; `None` where there is no default."""
        if name in self.stores:
            return self.stores[name]
        return Store(device=self.default_device) if self.default_device else None

    def canaries(self, names: Iterable[str]) -> list[str]:
        """Stores of the first wave: those marked as canary stores, or else the first fifth."""
        ordered = natural(names)
        marked = [name for name in ordered if (store := self.store(name)) and store.canary]
        return marked or ordered[: math.ceil(len(ordered) / 5)]


@dataclass(frozen=True)
class Hold:
    """Why a wave must wait.

    Attributes:
        store: Code of the canary store that it waits for.
        cause: Whether the store was rolled back from the release, drifts, or was scored on too few days.
        days: Number of days that the store was scored on.
        needed: Number of days that it must have been scored on.
    """

    store: str
    cause: Literal["rolled back", "drifting", "too few days"]
    days: int
    needed: int


@dataclass(frozen=True)
class Wave:
    """The stores that a promotion reaches in one step.

    Attributes:
        name: `canary`, `rest`, `chosen` where a person named the stores, or `none` where every store has the release.
        stores: Codes of the stores.
        hold: Why the wave must wait. Defaults to `None`, where it may go out.
    """

    name: str
    stores: tuple[str, ...]
    hold: Hold | None = None


@dataclass(frozen=True)
class Progress:
    """How far a release has spread.

    Attributes:
        running: Stores that run the release.
        rolled_back: Stores that were rolled back from the release.
        drifting: Stores in which the release drifts.
        scored_days: Number of days on which each store's forecasts by the release were scored.
    """

    running: frozenset[str]
    rolled_back: frozenset[str]
    drifting: frozenset[str]
    scored_days: Mapping[str, int]


def next_wave(stores: Iterable[str], listed: StoreList, progress: Progress, policy: RolloutPolicy) -> Wave:
    """The wave that gets a release next: the canary stores first, then all others.

    The others wait while a canary store was rolled back, drifts, or was scored on too few days. A store that was rolled
    back gets the release again only if a person names it.
    """
    known = list(stores)
    canaries = listed.canaries(known)
    waiting = [store for store in known if store not in progress.running | progress.rolled_back]
    if first := tuple(store for store in waiting if store in canaries):
        return Wave("canary", first)
    if waiting:
        return Wave("rest", tuple(waiting), _hold(canaries, progress, policy))
    return Wave("none", ())


def _hold(canaries: list[str], progress: Progress, policy: RolloutPolicy) -> Hold | None:
    """Why the other stores must wait, by the first canary store that gives a reason."""
    for store in canaries:
        days, needed = progress.scored_days.get(store, 0), policy.canary_days
        if store in progress.rolled_back:
            return Hold(store, "rolled back", days, needed)
        if store in progress.drifting:
            return Hold(store, "drifting", days, needed)
        if days < needed:
            return Hold(store, "too few days", days, needed)
    return None
