"""Days of the calendar against Python's own, and the order of codes."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.forecasting.data.days import mondays, month, natural, weekday


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_as_python_has_them(day: date) -> None:
    dates = np.array([day], "datetime64[D]")
    assert weekday(dates).tolist() == [day.weekday()]
    assert month(dates).tolist() == [day.month - 1]
    assert mondays(dates).tolist() == [day - timedelta(day.weekday())]


def test_codes_are_ordered_as_people_expect() -> None:
    assert natural(["10", "2", "1", "b", "a"]) == ["1", "2", "a", "b", "10"]
