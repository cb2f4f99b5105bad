"""Cadences: every one starts with a model, and retrains on its own days alone."""

from datetime import date

import pytest

from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY, SEASONAL, retrain_days

SPRING, CHRISTMAS = date(2023, 2, 1), date(2023, 10, 4)


def days(*named: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, named))


def test_the_days_of_a_year() -> None:
    found = retrain_days(date(2023, 12, 20), date(2024, 10, 31), [CHRISTMAS, SPRING])
    assert found[NONE] == days("2023-12-20")
    assert found[QUARTERLY] == days("2023-12-20", "2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01")
    assert found[MONTHLY] == days("2023-12-20", *(f"2024-{month:02}-01" for month in range(1, 11)))
    assert found[SEASONAL] == days("2023-12-20", "2024-02-01", "2024-10-04")


@pytest.mark.parametrize("first", [date(2024, 1, 1), date(2024, 2, 1)])
def test_a_first_day_that_is_one_of_the_cadence_trains_once(first: date) -> None:
    found = retrain_days(first, date(2024, 3, 31), [SPRING])
    assert all(each.count(first) == 1 and each[0] == first for each in found.values())
    assert all(list(each) == sorted(each) for each in found.values())


def test_the_last_day_counts_and_the_next_does_not() -> None:
    assert retrain_days(date(2024, 1, 2), date(2024, 2, 1), [])[MONTHLY][-1] == date(2024, 2, 1)
    assert retrain_days(date(2024, 1, 2), date(2024, 1, 31), [])[MONTHLY] == days("2024-01-02")
