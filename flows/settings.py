"""Every setting on one page. Values come from a TOML file; environment variables, `SHELFCAST_...`, take precedence."""

import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from flows.settings_errors import SettingsError, explained, read_toml
from flows.settings_variables import require_known
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.data.holidays import SeasonCalendar
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.model.recipe import RECIPES
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.variants.plan import plan
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.forecasting.rollout.waves import RolloutPolicy, StoreList
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.reading.feed import Feed
from tasks.ingest.stage import Intake
from tasks.state.home import Home
from tasks.state.tidiness import Tidiness

ROOT = Path(__file__).parents[1]
"""The project's folder, where `data/` and `deployments/` are."""

ARTICLE = ("lstm-64", "lstm-32", "lstm-16", "lstm-32-p30", "lstm-32-p50", "lstm-32-p70", "lstm-32-int8")
HYBRIDS = ("lstm-64-int8", "lstm-16-int8", "lstm-32-p50-int8", "lstm-16-p50-int8", "lstm-16-f16", "lstm-16-full8")
SMALL = ("lstm-8", "lstm-8-int8", "lstm-4", "lstm-4-int8")
PRUNED = tuple(f"lstm-{units}-p{percent}" for units in (64, 16, 8, 4) for percent in (30, 50))


class RetrainProfile(BaseModel):
    """How thorough a retrain is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str = Field(description="recipe by which the forecasters are trained: " + " or ".join(RECIPES))
    runs: int = Field(
        ge=1,
        le=100,
        description="number of times that each variant is trained, each with its own seed; errors are averaged",
    )
    variants: tuple[str, ...] = Field(
        ARTICLE + HYBRIDS + SMALL, description="variants to build in addition to the baseline"
    )

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
    """The machines that build variants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dask: str | None = Field(
        None,
        description="address of the Dask scheduler whose workers build the variants, tcp://HOST:PORT; `none` for "
        "this machine alone",
    )

    @field_validator("dask", mode="before")
    @classmethod
    def _none(cls, address: object) -> object:
        """TOML and the environment cannot say `None`: `none` is written instead."""
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

    contract: Contract = Field(Contract(), description="the data contract: what a batch of sales must be like")
    intake: Intake = Field(Intake(), description="how much memory an ingest may use")
    sources: dict[str, SecretStr] = Field(
        {},
        description="sources by name, for `ingest NAME`; deployments ingest no other URLs. A URL with a password or a "
        "signature is best kept in the environment, `SHELFCAST_SOURCES__NAME`",
    )
    feeds: dict[str, Feed] = Field({}, description="formats of retailers' exports by name, for `ingest --feed`")
    days: SplitPolicy = Field(SplitPolicy(), description="which days train, validate and measure")
    history: History = Field(History(), description="which days and series of the history are used")
    calendar: SeasonCalendar = Field(
        SeasonCalendar(), description="holidays, events and groups of items that the seasonal index may use"
    )
    profiles: dict[str, RetrainProfile] = Field(
        {
            "quick": RetrainProfile(recipe="production", runs=1),
            "standard": RetrainProfile(recipe="production", runs=3, variants=ARTICLE + HYBRIDS + SMALL + PRUNED),
            "reference": RetrainProfile(recipe="reference", runs=3, variants=ARTICLE),
        },
        description="how thorough a retrain is, by name, for `retrain --profile`",
    )
    mape: MapePolicy = Field(MapePolicy(), description="which days count in MAPE and the other errors")
    gate: Limits = Field(Limits(), description="the gate's limits")
    costs: CostModel = Field(
        CostModel(), description="what a variant costs a store; the cheapest one that fits its device is chosen"
    )
    rollout: RolloutPolicy = Field(RolloutPolicy(), description="how fast a release spreads, and when it may not")
    drift: DriftPolicy = Field(DriftPolicy(), description="when the accuracy of a store's model raises an alert")
    tidy: Tidiness = Field(Tidiness(), description="how long what nothing needs any more stays")
    workers: Workers = Field(Workers(), description="the machines that build variants")
    alert_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Apprise URLs to which alerts are sent; in the environment, separated by spaces or commas"
    )

    def profile(self, name: str, recipe: str | None = None) -> RetrainProfile:
        """A profile by its name, with another recipe if one is given.

        Raises:
            SettingsError: If there is no such profile or recipe.
        """
        if name not in self.profiles:
            raise SettingsError(f"no profile {name!r}; there are {', '.join(self.profiles)}")
        if recipe is not None and recipe not in RECIPES:
            raise SettingsError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
        return self.profiles[name].model_copy(update={"recipe": recipe} if recipe else {})

    def training_spec(self, profile: str, recipe: str | None = None) -> TrainingSpec:
        """What a retrain by a profile trains, and how.

        Args:
            profile: Name of one of the profiles.
            recipe: Name of a recipe that replaces the profile's. Defaults to `None`.

        Raises:
            SettingsError: If there is no such profile or recipe.
        """
        chosen = self.profile(profile, recipe)
        return TrainingSpec(
            recipe_name=chosen.recipe,
            recipe=RECIPES[chosen.recipe],
            variants=plan(chosen.variants),
            runs=chosen.runs,
            split=self.days,
            history=self.history,
            calendar=self.calendar,
            policy=self.mape,
        )

    def limits(self, path: Path | None) -> Limits:
        """The gate's limits, with those of a file's `[gate]` instead where it has some.

        Raises:
            SettingsError: If the file cannot be read, or a limit is wrong.
        """
        if path is None:
            return self.gate
        with explained(f"limits ({path})"):
            given = read_toml(path)
            if set(given) != {"gate"}:
                raise SettingsError(f"limits ({path}): it must have [gate], as the settings do, and nothing else")
            return Limits(**self.gate.model_dump() | given["gate"])

    def source(self, named: str) -> str:
        """A source by its name in the settings, or else what was named, which is then a file or a URL itself."""
        return self.sources[named].get_secret_value() if named in self.sources else named

    def feed(self, name: str | None, columns: dict[str, str] | None, constants: dict[str, str] | None) -> Feed:
        """A feed by its name, or else our own columns, with mapped and constant columns in addition.

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
        return (env_settings, InitSettingsSource(settings_cls, read_toml(file))) if file else (env_settings,)


def load() -> Settings:
    """The settings in `$SHELFCAST_SETTINGS`, or else in `deployments/settings.toml`, or else the defaults.

    Raises:
        SettingsError: One line on the first thing that is wrong.
    """
    require_known(Settings.model_fields)
    with explained("settings", str(_file() or "environment")):
        return Settings()


def home_at(url: str | None) -> Home:
    """The home at `url`, or else at `$SHELFCAST_HOME`, or else the project's `data/`.

    Raises:
        HomeError: If it is not a folder.
    """
    return Home.at(url or os.environ.get("SHELFCAST_HOME") or str(ROOT / "data"))


def stores_listed() -> StoreList:
    """The stores in `$SHELFCAST_STORES`, or else in `deployments/stores.toml`.

    Raises:
        SettingsError: One line on the first thing that is wrong.
    """
    path = Path(os.environ.get("SHELFCAST_STORES", ROOT / "deployments" / "stores.toml"))
    with explained(f"stores ({path})"):
        return StoreList(**read_toml(path))


def _file() -> Path | None:
    """The settings file; `None` where there is none."""
    if named := os.environ.get("SHELFCAST_SETTINGS"):
        if not Path(named).exists():
            raise SettingsError(f"the settings file does not exist: {named}")
        return Path(named)
    default = ROOT / "deployments" / "settings.toml"
    return default if default.is_file() else None
