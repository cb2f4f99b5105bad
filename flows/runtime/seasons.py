"""When the seasons begin, and the retrains before them: `deployments/seasons.toml` as a schedule of Prefect."""

import os
import tomllib
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flows.settings_errors import UnreadableToml, read_toml

ROOT = Path(__file__).parents[2]
ANY_YEAR = 2023
"""A year without 29 February, as every season must exist in every year."""


class SeasonsError(ValueError):
    """Seasons that cannot be scheduled: which file, which season, what to do."""


class Season(BaseModel):
    """A time of the year before which the forecasters are retrained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="lower-case letters, digits and dashes")
    start: str = Field(description="the season's first day, as MM-DD")
    lead_days: int = Field(ge=1, le=180, description="days from the retrain to the season's first day")

    @field_validator("start")
    @classmethod
    def _every_year(cls, day: str) -> str:
        try:
            _day(day)
        except ValueError:
            raise ValueError("must be a day that every year has, as MM-DD, like 06-01") from None
        return day

    @property
    def retrain_on(self) -> date:
        """The day of the retrain; only its month and its day have a meaning."""
        return _day(self.start) - timedelta(days=self.lead_days)


class SeasonsFile(BaseModel):
    """The content of `seasons.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    season: tuple[Season, ...] = Field(min_length=1)

    @field_validator("season")
    @classmethod
    def _named_once(cls, seasons: tuple[Season, ...]) -> tuple[Season, ...]:
        if twice := [name for name, times in Counter(season.name for season in seasons).items() if times > 1]:
            raise ValueError(f"each name must occur once; rename or remove the second {twice[0]!r}")
        return seasons


def load() -> tuple[Season, ...]:
    """The seasons in `$SHELFCAST_SEASONS`, or else in `deployments/seasons.toml`.

    Raises:
        SeasonsError: One line on the first thing that is wrong.
    """
    path = Path(os.environ.get("SHELFCAST_SEASONS", ROOT / "deployments" / "seasons.toml"))
    try:
        return SeasonsFile(**read_toml(path)).season
    except ValidationError as error:
        raise SeasonsError(f"seasons ({path}): {_explain(error)}") from None
    except UnreadableToml as error:
        raise SeasonsError(f"seasons ({path}): {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SeasonsError(f"seasons ({path}): {error}; it needs [[season]] tables with {_KEYS}") from None


def seasonal_rrule(hour: int) -> dict[str, str]:
    """Build step of prefect.yaml: the retrains before all seasons, as one schedule.

    A build step cannot fill in a deployment's list of schedules, but one recurrence rule can hold all seasons.

    Args:
        hour: Hour of the day, 0 to 23, in the time zone of the schedule.

    Returns:
        `rrule`: lines of RFC 5545, one for each season.

    Raises:
        SeasonsError: If the seasons cannot be used.
    """
    days = [season.retrain_on for season in load()]
    at = f"BYHOUR={hour};BYMINUTE=0;BYSECOND=0"
    return {"rrule": "\n".join(f"RRULE:FREQ=YEARLY;BYMONTH={day.month};BYMONTHDAY={day.day};{at}" for day in days)}


def _day(of_year: str) -> date:
    return datetime.strptime(f"{ANY_YEAR}-{of_year}", "%Y-%m-%d").date()


_KEYS = 'name = "summer", start = "06-01" (month-day) and lead_days = 28'


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong: where, what is right, what was received."""
    first = error.errors()[0]
    where = " ".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    if first["type"] in ("extra_forbidden", "missing"):
        fault = "is not a key" if first["type"] == "extra_forbidden" else "is missing"
        return f"{where} {fault}; check the spelling, the file needs [[season]] tables with {_KEYS}"
    message = first["msg"].removeprefix("Value error, ")
    received = "" if first["loc"] == ("season",) else f". Received: {first['input']!r}"
    return f"{where}: {message}{received}"
