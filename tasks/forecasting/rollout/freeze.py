"""Freezes: periods in which stores get no new model, such as the weeks before Christmas."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.forecasting.data.days import SomeStores

LEAP_YEAR = 2000
"""Any leap year: it has all the days that a year may have."""


class Freeze(BaseModel):
    """One period, or the same period of every year, which may go over New Year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="name of the freeze, which promotions quote")
    first: date | str = Field(description="first day: a date, or MM-DD for every year")
    last: date | str = Field(description="last day, which belongs to the freeze: a date, or MM-DD for every year")
    stores: SomeStores = Field(None, description="codes of the stores in the freeze; all by default")

    @field_validator("name")
    @classmethod
    def _not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("the name is blank; say what the freeze is for")
        return name

    @field_validator("first", "last", mode="before")
    @classmethod
    def _a_day(cls, day: object) -> object:
        """A date as TOML or the environment writes it, or MM-DD; 02-29 is a day of leap years only."""
        if isinstance(day, date):
            return day
        try:
            if isinstance(day, str) and re.fullmatch(r"[0-9]{2}-[0-9]{2}", day):
                date.fromisoformat(f"{LEAP_YEAR}-{day}")
                return day
            return date.fromisoformat(str(day))
        except ValueError:
            raise ValueError(
                f'a day is a date such as 2026-12-24, or "12-24" for every year. Received: {day}'
            ) from None

    @model_validator(mode="after")
    def _both_of_a_kind(self) -> Self:
        if isinstance(self.first, str) is not isinstance(self.last, str):
            raise ValueError(f"first is {self.first} and last is {self.last}; write both with a year, or both without")
        if isinstance(self.first, date) and isinstance(self.last, date) and self.last < self.first:
            raise ValueError(f"the last day {self.last} is before the first, {self.first}; swap them")
        return self

    def end(self, today: date) -> date | None:
        """The last day of the freeze if `today` is in it, else `None`.

        Both ends belong to the freeze. A yearly freeze whose last day is before its first goes over New Year: from
        11-20 to 01-02, on 2026-12-31, its last day is 2027-01-02.
        """
        if isinstance(self.first, date) and isinstance(self.last, date):
            return self.last if self.first <= today <= self.last else None
        first, last, now = str(self.first), str(self.last), f"{today:%m-%d}"
        over_new_year = last < first
        if over_new_year and now >= first:
            return _day_of(today.year + 1, last)
        begun = over_new_year or now >= first
        return _day_of(today.year, last) if begun and now <= last else None


def _day_of(year: int, day: str) -> date:
    """A day of a year; 28 February for 02-29 in a year without it."""
    try:
        return date.fromisoformat(f"{year:04}-{day}")
    except ValueError:
        return date(year, 2, 28)


def frozen(freezes: Iterable[Freeze], store: str, today: date) -> tuple[str, date] | None:
    """Name and last day of the freeze that a store is in; of several, the one that ends last. `None` without one."""
    ends = [
        (end, each.name)
        for each in freezes
        if (each.stores is None or store in each.stores) and (end := each.end(today))
    ]
    end, name = max(ends, default=(None, ""))
    return (name, end) if end else None
