"""Seasonal indices: the true ones are found, and nothing is made up from too little."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.sales import Panel, panel
from tasks.forecasting.season import SeasonalIndex, learn, month, weekday
from tasks.forecasting.synthetic import SEASONS, Chain, blocks


def drawn(chain: Chain) -> Panel:
    return panel(pd.concat(blocks(chain)))


def test_weekday_and_month_are_the_calendars() -> None:
    days = [date(1969, 12, 1) + timedelta(days=n) for n in range(0, 40_000, 13)]
    dates = np.array(days, dtype="datetime64[D]")
    assert weekday(dates).tolist() == [day.weekday() for day in days]
    assert month(dates).tolist() == [day.month - 1 for day in days]


def test_index_of_a_day_is_weekday_times_month() -> None:
    index = SeasonalIndex(tuple(range(1, 8)), tuple(range(10, 130, 10)))
    sunday_in_march = np.array([["2024-03-10"]], dtype="datetime64[D]")
    assert index.at(sunday_in_march).tolist() == [[7 * 30]]


def test_the_true_seasons_are_found_beside_growth() -> None:
    index = learn(drawn(Chain(stores=5, items=10, days=1096, growth=1.3)))
    np.testing.assert_allclose(index.weekday, SEASONS.weekday, rtol=0.01)
    np.testing.assert_allclose(index.month, SEASONS.month, rtol=0.02)


def test_every_series_counts_alike() -> None:
    """A large series with a flat week does not drown a small one."""
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-01") + 140)
    peaked = np.where(weekday(days) == 5, 4.0, 1.0)
    both = np.stack([np.full(140, 1e4), peaked]).astype(np.float32)
    index = learn(Panel(np.array(["1", "1"]), np.array(["1", "2"]), days, both))
    saturday_on_average = (1 + 4 / peaked.mean()) / (1 + 1 / peaked.mean())
    assert index.weekday[5] / index.weekday[0] == pytest.approx(saturday_on_average, rel=1e-6)


def test_a_closed_weekday_keeps_the_others_seasons() -> None:
    index = learn(drawn(Chain(stores=5, items=10, days=730, closed_weekday=6)))
    expected = np.array(SEASONS.weekday[:6])
    np.testing.assert_allclose(index.weekday[:6], expected / expected.mean(), rtol=0.01)
    assert index.weekday[6] == 1.0


@pytest.mark.parametrize(
    ("days", "weekdays", "months"),
    [(13, False, False), (14, True, False), (364, True, False), (365, True, True)],
)
def test_too_little_history_leaves_an_index_at_1(days: int, weekdays: bool, months: bool) -> None:
    index = learn(drawn(Chain(stores=1, items=5, days=1096)).first(days))
    assert (index.weekday != SeasonalIndex().weekday) == weekdays
    assert (index.month != SeasonalIndex().month) == months


def test_an_index_that_is_not_asked_for_stays_at_1() -> None:
    history = drawn(Chain(stores=1, items=5, days=730))
    assert learn(history, weekdays=False) == SeasonalIndex()
    assert learn(history, months=False).month == SeasonalIndex().month


def test_the_average_training_day_has_index_1() -> None:
    history = drawn(Chain(stores=2, items=5, days=500))
    assert learn(history, months=False).at(history.dates).mean() == pytest.approx(1, abs=1e-6)


def test_nothing_sold_gives_no_index() -> None:
    history = drawn(Chain(stores=1, items=2, days=60))
    nothing = Panel(history.stores, history.items, history.dates, np.zeros_like(history.sales))
    assert learn(nothing) == SeasonalIndex()


def test_missing_days_and_series_without_sales_do_no_harm() -> None:
    history = drawn(Chain(stores=1, items=4, days=400))
    history.sales[0, ::3] = np.nan
    history.sales[1] = 0
    history.sales[2] = np.nan
    index = learn(history)
    np.testing.assert_allclose(index.weekday, SEASONS.weekday, rtol=0.05)
    assert np.isfinite(index.month).all()
