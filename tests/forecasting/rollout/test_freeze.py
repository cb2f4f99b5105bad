"""Freeze windows: both ends belong to them, yearly ones go over New Year, 29 February is in leap years only."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.forecasting.rollout.freeze import LEAP_YEAR, Freeze, frozen


def days(freeze: Freeze, year: int) -> list[str]:
    """Every day of a year that the freeze is on, as MM-DD."""
    first = date(year, 1, 1)
    all_days = [first + timedelta(day) for day in range(366) if (first + timedelta(day)).year == year]
    return [f"{day:%m-%d}" for day in all_days if freeze.end(day)]


@pytest.mark.parametrize(
    ("first", "last", "year", "expected"),
    [
        (date(2026, 12, 30), date(2027, 1, 1), 2026, ["12-30", "12-31"]),
        (date(2026, 12, 30), date(2027, 1, 1), 2027, ["01-01"]),
        (date(2026, 12, 30), date(2027, 1, 1), 2028, []),
        (date(2026, 5, 1), date(2026, 5, 1), 2026, ["05-01"]),
        ("05-01", "05-02", 2026, ["05-01", "05-02"]),
        ("05-01", "05-02", 2031, ["05-01", "05-02"]),
        ("05-01", "05-01", 2026, ["05-01"]),
        ("12-30", "01-02", 2026, ["01-01", "01-02", "12-30", "12-31"]),
        ("12-31", "01-01", 2026, ["01-01", "12-31"]),
        ("02-28", "03-01", 2027, ["02-28", "03-01"]),
        ("02-28", "03-01", 2028, ["02-28", "02-29", "03-01"]),
        ("02-29", "02-29", 2027, []),
        ("02-29", "02-29", 2028, ["02-29"]),
        ("02-29", "03-01", 2027, ["03-01"]),
        ("02-27", "02-29", 2027, ["02-27", "02-28"]),
        ("02-27", "02-29", 2028, ["02-27", "02-28", "02-29"]),
    ],
)
def test_the_days_of_a_freeze(first: Any, last: Any, year: int, expected: list[str]) -> None:
    assert days(Freeze(name="f", first=first, last=last), year) == expected


def test_a_year_round_freeze_is_on_every_day() -> None:
    assert len(days(Freeze(name="f", first="01-01", last="12-31"), 2028)) == 366
    assert len(days(Freeze(name="f", first="07-01", last="06-30"), 2027)) == 365


@pytest.mark.parametrize(
    ("first", "last", "today", "end"),
    [
        ("11-20", "01-02", date(2026, 11, 20), date(2027, 1, 2)),
        ("11-20", "01-02", date(2026, 12, 31), date(2027, 1, 2)),
        ("11-20", "01-02", date(2027, 1, 1), date(2027, 1, 2)),
        ("11-20", "01-02", date(2027, 1, 2), date(2027, 1, 2)),
        ("11-20", "01-02", date(2027, 1, 3), None),
        ("11-20", "01-02", date(2027, 11, 19), None),
        ("02-20", "02-29", date(2027, 2, 21), date(2027, 2, 28)),
        ("02-20", "02-29", date(2028, 2, 21), date(2028, 2, 29)),
        ("12-01", "02-29", date(2027, 12, 1), date(2028, 2, 29)),
        ("12-01", "02-29", date(2026, 12, 1), date(2027, 2, 28)),
        (date(2026, 11, 20), date(2026, 12, 1), date(2026, 11, 21), date(2026, 12, 1)),
    ],
)
def test_the_last_day_of_the_freeze_that_a_day_is_in(first: Any, last: Any, today: date, end: date | None) -> None:
    assert Freeze(name="f", first=first, last=last).end(today) == end


def test_of_several_freezes_the_one_that_ends_last_and_only_of_its_stores() -> None:
    freezes = [
        Freeze(name="stocktaking", first="11-01", last="11-30", stores=("2",)),
        Freeze(name="Christmas", first="11-20", last="01-02"),
        Freeze(name="short", first=date(2026, 11, 24), last=date(2026, 11, 24)),
    ]
    assert frozen(freezes, "1", date(2026, 11, 24)) == ("Christmas", date(2027, 1, 2))
    assert frozen(freezes, "1", date(2026, 11, 10)) is None
    assert frozen(freezes, "2", date(2026, 11, 10)) == ("stocktaking", date(2026, 11, 30))
    assert frozen([], "1", date(2026, 11, 24)) is None


def test_a_date_in_text_is_a_date() -> None:
    freeze = Freeze.model_validate({"name": "f", "first": "2026-11-20", "last": "2026-11-21"})
    assert (freeze.first, freeze.last) == (date(2026, 11, 20), date(2026, 11, 21))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"first": "12-24", "last": date(2026, 12, 26)}, "write both with a year, or both without"),
        ({"first": date(2026, 12, 26), "last": date(2026, 12, 24)}, "before the first, 2026-12-26; swap them"),
        ({"first": "02-30", "last": "03-01"}, 'a day is a date such as 2026-12-24, or "12-24" for every year'),
        ({"first": "1-2", "last": "01-03"}, "Received: 1-2"),
        ({"first": 20, "last": 21}, "Received: 20"),
        ({"first": "01-01", "last": "01-02", "name": " "}, "the name is blank"),
        ({"first": "01-01", "last": "01-02", "stores": ()}, "the list of stores is empty"),
        ({"first": "01-01", "last": "01-02", "store": "1"}, "Extra inputs are not permitted"),
        ({"last": "01-02"}, "Field required"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        Freeze(**({"name": "f"} | fields))


DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
OF_A_YEAR = st.dates(date(LEAP_YEAR, 1, 1), date(LEAP_YEAR, 12, 31)).map(lambda day: f"{day:%m-%d}")


@given(OF_A_YEAR, OF_A_YEAR, DAYS)
@example("11-20", "01-02", date(2026, 12, 31))
@example("02-29", "02-29", date(2027, 2, 28))
@example("12-31", "02-29", date(2027, 2, 28))
def test_a_yearly_freeze_is_the_dated_ones_of_every_year(first: str, last: str, today: date) -> None:
    ends = []
    for year in (today.year - 1, today.year):
        begins, until = _dated(year, first, late=True), _dated(year + (last < first), last, late=False)
        if begins <= today <= until:
            ends.append(until)
    assert Freeze(name="f", first=first, last=last).end(today) == max(ends, default=None)


def _dated(year: int, day: str, late: bool) -> date:
    """A day of a year; without 29 February, a freeze begins on 1 March and ends on 28 February."""
    try:
        return date.fromisoformat(f"{year}-{day}")
    except ValueError:
        return date(year, 3, 1) if late else date(year, 2, 28)
