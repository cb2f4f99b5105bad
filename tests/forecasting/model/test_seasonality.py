"""Seasonal indices: the true ones are found, and nothing is made up from too little."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.days import month, weekday
from tasks.forecasting.data.holidays import SpecialDays
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.model.seasonal_index import SeasonalIndex
from tasks.forecasting.model.seasonality import SeasonalSpec, candidate_specs, learn, learn_index
from tasks.forecasting.synthetic import SEASONS, Chain, blocks
from tests.forecasting.panels import panel_of

MONTHS = SeasonalSpec()


def index_of(
    training: Panel, spec: SeasonalSpec = MONTHS, special_days: dict[str, np.ndarray] | None = None
) -> SeasonalIndex:
    return learn_index(training, spec, special_days or {})


def drawn(chain: Chain) -> Panel:
    return panel_of(pd.concat(blocks(chain)))


def test_weekday_and_month_are_the_calendars() -> None:
    days = [date(1969, 12, 1) + timedelta(days=n) for n in range(0, 40_000, 13)]
    dates = np.array(days, dtype="datetime64[D]")
    assert weekday(dates).tolist() == [day.weekday() for day in days]
    assert month(dates).tolist() == [day.month - 1 for day in days]


def test_the_true_seasons_are_found_beside_growth() -> None:
    index = index_of(drawn(Chain(stores=5, items=10, days=1096, growth=1.3)))
    np.testing.assert_allclose(index.weekday, SEASONS.weekday, rtol=0.01)
    np.testing.assert_allclose(index.month, SEASONS.month, rtol=0.02)


def test_every_series_counts_alike() -> None:
    """A large series with a flat week does not drown a small one."""
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-01") + 140)
    peaked = np.where(weekday(days) == 5, 4.0, 1.0)
    both = np.stack([np.full(140, 1e4), peaked]).astype(np.float32)
    index = index_of(Panel(np.array(["1", "1"]), np.array(["1", "2"]), days, both))
    saturday_on_average = (1 + 4 / peaked.mean()) / (1 + 1 / peaked.mean())
    assert index.weekday[5] / index.weekday[0] == pytest.approx(saturday_on_average, rel=1e-6)


def test_a_closed_weekday_keeps_the_others_seasons() -> None:
    index = index_of(drawn(Chain(stores=5, items=10, days=730, closed_weekday=6)))
    expected = np.array(SEASONS.weekday[:6])
    np.testing.assert_allclose(index.weekday[:6], expected / expected.mean(), rtol=0.01)
    assert index.weekday[6] == 1.0


@pytest.mark.parametrize(
    ("days", "weekdays", "months"),
    [(13, False, False), (14, True, False), (364, True, False), (365, True, True)],
)
def test_too_little_history_leaves_an_index_at_1(days: int, weekdays: bool, months: bool) -> None:
    index = index_of(drawn(Chain(stores=1, items=5, days=1096)).first(days))
    assert (index.weekday != SeasonalIndex().weekday) == weekdays
    assert (index.month != SeasonalIndex().month) == months


def test_an_index_that_is_not_asked_for_stays_at_1() -> None:
    history = drawn(Chain(stores=1, items=5, days=730))
    assert index_of(history, SeasonalSpec(weekday=False)) == SeasonalIndex()
    assert index_of(history, SeasonalSpec(annual="none")).month == SeasonalIndex().month


def test_the_average_training_day_has_index_1() -> None:
    history = drawn(Chain(stores=2, items=5, days=500))
    assert index_of(history, SeasonalSpec(annual="none")).at(history.dates).mean() == pytest.approx(1, abs=1e-6)


def test_nothing_sold_gives_no_index() -> None:
    history = drawn(Chain(stores=1, items=2, days=60))
    nothing = Panel(history.stores, history.items, history.dates, np.zeros_like(history.sales))
    assert index_of(nothing) == SeasonalIndex()


def test_missing_days_and_series_without_sales_do_no_harm() -> None:
    history = drawn(Chain(stores=1, items=4, days=400))
    history.sales[0, ::3] = np.nan
    history.sales[1] = 0
    history.sales[2] = np.nan
    index = index_of(history)
    np.testing.assert_allclose(index.weekday, SEASONS.weekday, rtol=0.05)
    assert np.isfinite(index.month).all()


def test_smooth_seasons_are_found_as_waves() -> None:
    """Sales in a sine of the year: waves find it to 1 %, where months leave steps."""
    dates = np.datetime64("2022-01-01") + np.arange(1096)
    phase = 2 * np.pi * (dates - dates.astype("datetime64[Y]")).astype(float) / 365.25
    true = np.exp(0.3 * np.sin(phase))
    one = Panel(np.array(["1"]), np.array(["1"]), dates, (100 * true[None]).astype(np.float32))
    smooth, stepped = (index_of(one, SeasonalSpec(annual=annual)).at(dates) for annual in ("smooth", "month"))
    np.testing.assert_allclose(smooth / smooth.mean(), true / true.mean(), rtol=0.01)
    assert np.abs(stepped / stepped.mean() / (true / true.mean()) - 1).max() > 0.05


def with_fair(history: Panel, factor: float) -> tuple[Panel, dict[str, np.ndarray]]:
    """Sales times a factor on 10 May of each year, also of the next one."""
    days = np.array([f"{year}-05-10" for year in range(2022, 2027)], "datetime64[D]")
    sales = history.sales * np.where(np.isin(history.dates, days), factor, 1).astype(np.float32)
    return Panel(history.stores, history.items, history.dates, sales), {"fair": days}


def test_the_effect_of_a_special_day_is_found_and_holds_for_days_to_come() -> None:
    history, special_days = with_fair(drawn(Chain(stores=2, items=5, days=1096)), 1.8)
    index = index_of(history, SeasonalSpec(special_days=True), special_days)
    assert set(index.days) == {f"{year}-05-10" for year in range(2022, 2027)}
    fair, before = index.at(np.array(["2026-05-10", "2026-05-03"], "datetime64[D]"))
    assert fair / before == pytest.approx(1.8, rel=0.1)


@pytest.mark.parametrize(("days", "factor", "why"), [(1096, 1.0, "no effect"), (200, 1.8, "seen once")])
def test_a_special_day_without_a_significant_effect_is_a_day_like_others(days: int, factor: float, why: str) -> None:
    history, special_days = with_fair(drawn(Chain(stores=2, items=5, days=days)), factor)
    assert index_of(history, SeasonalSpec(special_days=True), special_days).days == {}, why


def test_special_days_that_fall_together_multiply() -> None:
    history, special_days = with_fair(drawn(Chain(stores=2, items=5, days=1096)), 1.8)
    both = special_days | {"second": np.append(special_days["fair"], np.datetime64("2022-07-01"))}
    index = index_of(history, SeasonalSpec(special_days=True), both)
    alone = index_of(history, SeasonalSpec(special_days=True), special_days)
    assert index.days["2025-05-10"] == pytest.approx(alone.days["2025-05-10"], rel=0.1)


def test_a_group_has_its_own_week_and_others_the_common_one() -> None:
    history = drawn(Chain(stores=2, items=4, days=200))
    turned = np.isin(history.items, ["2"])
    history.sales[turned] = history.sales[turned][:, ::-1]
    seasons = learn(history, SeasonalSpec(groups=True), SpecialDays(groups={"turned": ("2", "99"), "none": ("77",)}))
    assert [items for items, _ in seasons.groups] == [("2", "99")], "a group without sales has none"
    table, row = seasons.table(history.items, history.dates)
    assert table.shape == (2, 200)
    assert row.tolist() == [int(item == "2") for item in history.items]
    assert seasons.groups[0][1].weekday != seasons.index.weekday


def test_specifications_are_those_that_special_days_allow() -> None:
    assert [str(spec) for spec in candidate_specs(SpecialDays())] == [
        "no index",
        "weekday index",
        "weekday and month index",
        "weekday and time of year index",
    ]
    rich = [str(spec) for spec in candidate_specs(SpecialDays({"fair": np.array([], "datetime64[D]")}, {"a": ("1",)}))]
    assert len(rich) == len(set(rich)) == 13
    assert rich[-1] == "weekday, time of year and special day index by item group"
