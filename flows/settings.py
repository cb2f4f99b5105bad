"""Every knob on one page. Values come from a TOML file and, over it, from `SHELFCAST_...` environment variables."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tasks.forecasting.accuracy.scoring import DEFAULT_POLICY, MapePolicy
from tasks.forecasting.data.history import WHOLE, History
from tasks.forecasting.data.windows import Days
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.model.recipe import RECIPES
from tasks.forecasting.model.variants.plan import plan
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.forecasting.rollout.selection import CostModel
from tasks.forecasting.rollout.waves import RolloutPolicy, StoreList
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.reading.feed import Feed
from tasks.ingest.stage import Intake
from tasks.state.delta import Tidiness
from tasks.state.holidays import NO_CALENDAR, SeasonCalendar
from tasks.state.home import Home

ROOT = Path(__file__).parents[1]
"""The project's folder, where `data/` and `deployments/` are."""

ARTICLE = ("lstm-64", "lstm-32", "lstm-16", "lstm-32-p30", "lstm-32-p50", "lstm-32-p70", "lstm-32-int8")
HYBRIDS = ("lstm-64-int8", "lstm-16-int8", "lstm-32-p50-int8", "lstm-16-p50-int8", "lstm-16-f16", "lstm-16-full8")
SMALL = ("lstm-8", "lstm-8-int8", "lstm-4", "lstm-4-int8")
PRUNED = tuple(f"lstm-{units}-p{percent}" for units in (64, 16, 8, 4) for percent in (30, 50))


class SettingsError(ValueError):
    """Settings that cannot be used: which file, which key, what to do."""


class Profile(BaseModel):
    """How thorough a retrain is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="how the forecasters are trained: " + " or ".join(RECIPES))
    runs: int = Field(ge=1, description="fits of each variant, each with its own seed; errors are averaged over them")
    variants: tuple[str, ...] = Field(ARTICLE + HYBRIDS + SMALL, description="what to build beside the baseline")

    @field_validator("recipe")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in RECIPES:
            raise ValueError(f"recipes are {', '.join(RECIPES)}")
        return name

    @field_validator("variants")
    @classmethod
    def _buildable(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        plan(names)
        return names


class Workers(BaseModel):
    """Where variants are built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dask: str | None = Field(
        None,
        description="Dask scheduler, tcp://HOST:PORT, whose workers build the variants; `none` for this machine alone",
    )

    @field_validator("dask", mode="before")
    @classmethod
    def _none(cls, address: object) -> object:
        """TOML and the environment have no word for nothing."""
        return None if address == "none" else address

    @field_validator("dask")
    @classmethod
    def _an_address(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "tcp://this-machine:1")
        if not (parts.scheme in ("tcp", "tls") and parts.hostname and parts.port) or parts.path:
            raise ValueError(f"a scheduler's address is tcp://HOST:PORT, or tls://. Received: {address}")
        return address


class Settings(BaseSettings):
    """All settings of shelfcast."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="SHELFCAST_", env_nested_delimiter="__")

    contract: Contract = Field(Contract(), description="what a batch of sales must keep to")
    intake: Intake = Field(Intake(), description="how much memory an ingest takes")
    feeds: dict[str, Feed] = Field({}, description="how retailers' exports are written; what `ingest --feed` takes")
    days: Days = Field(Days(), description="which days train, choose and measure")
    history: History = Field(WHOLE, description="which days and series take part in that")
    calendar: SeasonCalendar = Field(NO_CALENDAR, description="holidays, events and item groups of seasons")
    profiles: dict[str, Profile] = Field(
        {
            "quick": Profile(recipe="production", runs=1),
            "standard": Profile(recipe="production", runs=3, variants=ARTICLE + HYBRIDS + SMALL + PRUNED),
            "reference": Profile(recipe="reference", runs=3, variants=ARTICLE),
        },
        description="what `retrain --profile` takes",
    )
    mape: MapePolicy = Field(DEFAULT_POLICY, description="which days count in MAPE and the other errors")
    gate: Limits = Field(Limits(), description="what a variant must keep to")
    costs: CostModel = Field(CostModel(), description="what a variant costs a store; the cheapest that fits is chosen")
    rollout: RolloutPolicy = Field(RolloutPolicy(), description="how fast a release spreads")
    drift: DriftPolicy = Field(DriftPolicy(), description="when a store's accuracy is alarming")
    tidy: Tidiness = Field(Tidiness(), description="how long tables stay readable as they were")
    workers: Workers = Field(Workers(), description="where variants are built")
    alert_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Apprise URLs that alerts are sent to; in the environment separated by spaces or commas"
    )

    def profile(self, name: str, recipe: str | None = None) -> Profile:
        """A profile by its name, with another recipe if one is given.

        Raises:
            SettingsError: If there is no such profile or recipe.
        """
        if name not in self.profiles:
            raise SettingsError(f"no profile {name!r}; there are {', '.join(self.profiles)}")
        if recipe is not None and recipe not in RECIPES:
            raise SettingsError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
        return self.profiles[name].model_copy(update={"recipe": recipe} if recipe else {})

    def limits(self, path: Path | None) -> Limits:
        """The gate's limits, with those of a file's `[gate]` over them.

        Raises:
            SettingsError: If the file cannot be read, or a limit is wrong.
        """
        if path is None:
            return self.gate
        with explained(f"limits ({path})"):
            given = tomllib.loads(path.read_text())
            if set(given) != {"gate"}:
                raise SettingsError(f"limits ({path}): it has [gate] as the settings do, and nothing else")
            return Limits(**self.gate.model_dump() | given["gate"])

    def feed(self, name: str | None, columns: dict[str, str] | None, constants: dict[str, str] | None) -> Feed:
        """A feed by its name, else our own columns, with columns mapped and set over it.

        Raises:
            SettingsError: If there is no such feed, or the columns do not go together.
        """
        if name is not None and name not in self.feeds:
            raise SettingsError(f"no feed {name!r}; settings name {', '.join(self.feeds) or 'none'}")
        with explained(f"feed {name}" if name else "feed"):
            return (self.feeds[name] if name else Feed()).with_columns(columns or {}, constants or {})

    @field_validator("alert_urls", mode="before")
    @classmethod
    def _separate(cls, urls: Any) -> Any:
        return tuple(urls.replace(",", " ").split()) if isinstance(urls, str) else urls

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic passes all five by name
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = _file()
        return (env_settings, TomlConfigSettingsSource(settings_cls, file)) if file else (env_settings,)


def load() -> Settings:
    """The settings of `$SHELFCAST_SETTINGS`, else `deployments/settings.toml`, else the defaults.

    Raises:
        SettingsError: One line on the first thing that is wrong.
    """
    with explained(f"settings ({_file() or 'environment'})"):
        return Settings()


def home_at(url: str | None) -> Home:
    """The home at `url`, else at `$SHELFCAST_HOME`, else the project's `data/`.

    Raises:
        HomeError: If it is not a folder.
    """
    return Home.at(url or os.environ.get("SHELFCAST_HOME") or str(ROOT / "data"))


def stores_listed() -> StoreList:
    """The stores of `$SHELFCAST_STORES`, else `deployments/stores.toml`.

    Raises:
        SettingsError: One line on the first thing that is wrong.
    """
    path = Path(os.environ.get("SHELFCAST_STORES", ROOT / "deployments" / "stores.toml"))
    with explained(f"stores ({path})"):
        return StoreList(**tomllib.loads(path.read_text()))


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what pydantic or the TOML parser finds wrong with `what` into one line.

    Raises:
        SettingsError: For the first thing that is wrong.
    """
    try:
        yield
    except (OSError, ValidationError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{what}: {explain(error)}") from None


def explain(error: Exception) -> str:
    """The first thing that is wrong, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r}; check its spelling, flows/settings.py lists all keys"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _file() -> Path | None:
    named = os.environ.get("SHELFCAST_SETTINGS")
    if named and not Path(named).is_file():
        raise SettingsError(f"the settings file does not exist: {named}")
    default = ROOT / "deployments" / "settings.toml"
    return Path(named) if named else default if default.is_file() else None
