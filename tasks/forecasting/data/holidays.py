"""What is known beforehand about days and items: public holidays, a chain's own events, groups of items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.forecasting.data.codes import Code
from tasks.forecasting.data.days import Dates

HORIZON = 730
"""Days after the last sales whose holidays are part of a release: as long as a device may forecast with it."""


LONGEST_EVENT = 366
"""Days of an event: what lasts longer is no special time."""


@dataclass(frozen=True)
class SpecialDays:
    """Days and items that may have seasonal indices of their own.

    Attributes:
        by_name: Dates of each holiday or event, past and future ones, in ascending order.
        groups: Items of each item group, by the name of the group.
    """

    by_name: Mapping[str, Dates] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Event(BaseModel):
    """Days on which stores sell more or less than usual. Events of one name have one effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="name of what recurs, such as a fair or a campaign")
    first: date = Field(description="first day of the event")
    last: date | None = Field(None, description="last day of the event; the first by default")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last and self.last < self.first:
            raise ValueError(f"the last day {self.last} of {self.name} is before the first, {self.first}; swap them")
        if self.last and (self.last - self.first).days >= LONGEST_EVENT:
            raise ValueError(
                f"an event must have at most {LONGEST_EVENT} days. Received: {self.name}, {self.first} to {self.last}"
            )
        return self

    @property
    def days(self) -> Dates:
        return np.arange(np.datetime64(self.first), np.datetime64(self.last or self.first) + 1)


class SeasonCalendar(BaseModel):
    """Days and items whose seasonal indices may differ. Whether they do is learned from the sales."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: str | None = Field(None, description="country whose public holidays count, by ISO 3166 code: US, DE, IN")
    subdivision: str | None = Field(None, description="state or province, by its name in the `holidays` package")
    events: tuple[Event, ...] = Field((), description="the chain's own events, past and future ones")
    groups: Mapping[str, tuple[Code, ...]] = Field(
        {}, description="items whose weeks and years are alike, by a name of the group"
    )

    @field_validator("groups")
    @classmethod
    def _one_group_an_item(cls, groups: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        items = [item for members in groups.values() for item in members]
        if twice := [item for item in dict.fromkeys(items) if items.count(item) > 1]:
            raise ValueError(f"an item can be in one group only. Received twice: {', '.join(twice)}")
        return groups

    @model_validator(mode="after")
    def _country_is_known(self) -> Self:
        if self.subdivision and not self.country:
            raise ValueError(f"subdivision {self.subdivision!r} needs a country")
        if self.country:
            self._holidays({2000})
        return self

    def known(self, first: date, last: date) -> SpecialDays:
        """Holidays of the years from that of `first` until `HORIZON` days after `last`, all events, and the groups.

        Args:
            first: First day of the sales.
            last: Last day of the sales.

        Raises:
            ValueError: If no holidays are known of the country or the subdivision.
        """
        until = last.toordinal() + HORIZON
        named: dict[str, list[date]] = {}
        for day, name in sorted(self._holidays(range(first.year, date.fromordinal(until).year + 1)).items()):
            if day.toordinal() <= until:
                named.setdefault(name, []).append(day)
        for event in self.events:
            named.setdefault(event.name, []).extend(event.days.astype(date).tolist())
        by_name = {name: np.array(sorted(set(days)), "datetime64[D]") for name, days in named.items()}
        return SpecialDays(by_name, dict(self.groups))

    def _holidays(self, years: Iterable[int]) -> dict[date, str]:
        """Name of each public holiday in some years."""
        if not self.country:
            return {}
        import holidays

        try:
            return dict(holidays.country_holidays(self.country, subdiv=self.subdivision, years=years))
        except NotImplementedError:
            place = f"{self.country} {self.subdivision or ''}".strip()
            raise ValueError(f"no holidays are known of {place!r}; countries are ISO 3166 codes, such as US") from None
