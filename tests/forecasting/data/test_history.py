"""The training window: what it leaves out is as if it had never arrived, against a loop over rows."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.data.panel import Panel, TooLittleHistory
from tasks.forecasting.data.windows import windows
from tasks.forecasting.model import seasonality
from tasks.forecasting.model.seasonality import SeasonalSpec
from tests.forecasting.panels import panel_of

FIRST = date(2024, 1, 1)
DAYS = 60


def day(number: int) -> date:
    return FIRST + timedelta(number)


def period(first: int, last: int, *stores: str) -> ExcludedPeriod:
    return ExcludedPeriod(first=day(first), last=day(last), stores=stores or None, reason="strike")


def made(seed: int = 1, missing: float = 0.1, stores: int = 3) -> Panel:
    """Two items a store on 60 days, a share of which is missing."""
    random = np.random.default_rng(seed)
    sales = random.integers(1, 100, (2 * stores, DAYS)).astype(np.float32)
    sales[random.random(sales.shape) < missing] = np.nan
    sales[:, [0, -1]] = 1
    codes = np.arange(2 * stores)
    dates = np.datetime64(FIRST) + np.arange(DAYS)
    return Panel((codes // 2 + 1).astype(str), (codes % 2 + 1).astype(str), dates, sales)


def rows(sales: Panel) -> pd.DataFrame:
    series, column = np.nonzero(np.isfinite(sales.sales))
    values = sales.sales[series, column]
    columns = {"date": sales.dates[column], "store": sales.stores[series], "item": sales.items[series], "sales": values}
    return pd.DataFrame(columns)


def by_loop(sales: Panel, history: History) -> Panel:
    """The panel of the rows that are left, one row after the other."""
    last = sales.dates[-1].astype(date) - timedelta(history.held_back_days)
    kept = [
        row
        for row in rows(sales).to_dict("records")
        if row["date"].date() <= last
        and (history.days is None or row["date"].date() > last - timedelta(history.days))
        and not any(
            each.first <= row["date"].date() <= each.last and (each.stores is None or row["store"] in each.stores)
            for each in history.exclude
        )
    ]
    left = pd.DataFrame(kept, columns=["date", "store", "item", "sales"])
    long = left.groupby(["store", "item"])["sales"].transform("size") >= history.min_days
    laid_out = panel_of(left[long])
    return replace(laid_out, skipped=len(sales.stores) - len(laid_out.stores))


def assert_same(one: Panel, two: Panel) -> None:
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(two, name), err_msg=name)


SPANS = st.tuples(st.integers(-5, 65), st.integers(0, 12), st.sampled_from([(), ("1",), ("2", "3"), ("1", "2", "3")]))


@settings(max_examples=50, deadline=None)  # the loop over rows is slow on a busy machine
@given(
    st.integers(0, 10_000),
    st.none() | st.integers(40, 80),
    st.integers(0, 10),
    st.integers(15, 30),
    st.lists(SPANS, max_size=3),
)
def test_as_if_the_other_rows_had_never_arrived(
    seed: int, days: int | None, held_back: int, min_days: int, spans: list[tuple[int, int, tuple[str, ...]]]
) -> None:
    exclude = tuple(period(first, first + length, *stores) for first, length, stores in spans)
    history = History(days=days, held_back_days=held_back, min_days=min_days, exclude=exclude)
    sales = made(seed)
    try:
        expected = by_loop(sales, history)
    except TooLittleHistory:
        with pytest.raises(TooLittleHistory):
            history.cut(sales)
        return
    assert_same(history.cut(sales), expected)


def test_by_default_all_is_used() -> None:
    assert_same(History().cut(made()), made())


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ({"days": 20}, 40, 59),
        ({"days": 60}, 0, 59),
        ({"days": 99}, 0, 59),
        ({"held_back_days": 7}, 0, 52),
        ({"days": 20, "held_back_days": 7}, 33, 52),
    ],
    ids=["the last 20 days", "just all", "more than there are", "7 held back", "20 days before 7 held back"],
)
def test_length_and_held_back_days(window: dict[str, int], first: int, last: int) -> None:
    cut = History(**window).cut(made(missing=0))
    assert (cut.dates[0], cut.dates[-1]) == (np.datetime64(day(first)), np.datetime64(day(last)))
    assert cut.sales.shape == (6, last - first + 1)


@pytest.mark.parametrize(
    ("excluded", "cells"),
    [
        ([period(20, 26)], 6 * 7),
        ([period(20, 20)], 6),
        ([period(20, 26, "2")], 2 * 7),
        ([period(20, 26, "1", "3")], 4 * 7),
        ([period(20, 26), period(24, 30, "2")], 6 * 7 + 2 * 4),
        ([period(-30, -2), period(90, 99)], 0),
    ],
    ids=["everywhere", "one day", "in one store", "in two stores", "two that overlap", "outside the history"],
)
def test_excluded_days_are_missing_and_no_others(excluded: list[ExcludedPeriod], cells: int) -> None:
    before = made(missing=0)
    cut = History(exclude=tuple(excluded)).cut(before)
    assert cut.sales.shape == before.sales.shape
    assert np.isnan(cut.sales).sum() == cells
    for store, dates, sales in zip(cut.stores, [cut.dates] * 6, cut.sales, strict=True):
        for when in dates[np.isnan(sales)].astype(date):
            assert any(each.first <= when <= each.last and store in (each.stores or [store]) for each in excluded)
    np.testing.assert_array_equal(cut.sales[np.isfinite(cut.sales)], before.sales[np.isfinite(cut.sales)])
    assert np.isfinite(before.sales).all(), "the panel that came in stays as it is"


@given(st.integers(0, 10_000), st.integers(15, 50), st.integers(0, 9))
def test_an_excluded_period_changes_nothing_before_it(seed: int, first: int, length: int) -> None:
    sales = made(seed)
    cut = History(exclude=(period(first, first + length),)).cut(sales)
    one, two = windows(sales, 0, first), windows(cut, 0, first)
    for name in ("series", "column", "history", "actual"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


@given(st.integers(0, 10_000), st.integers(15, 40), st.integers(0, 9))
def test_excluded_days_are_no_target_and_may_be_anything(seed: int, first: int, length: int) -> None:
    history = History(exclude=(period(first, first + length, "2"),))
    sales, changed = made(seed), made(seed)
    of_store = np.ix_(changed.stores == "2", np.arange(first, first + length + 1))
    changed.sales[of_store] = 9999
    cut = history.cut(sales)
    assert_same(cut, history.cut(changed))
    used = windows(cut, 0, DAYS)
    within = (used.day >= np.datetime64(day(first))) & (used.day <= np.datetime64(day(first + length)))
    assert "2" not in cut.stores[used.series[within]]


@pytest.mark.parametrize(("length", "used"), [(7, True), (8, False)])
def test_a_window_over_excluded_days_counts_them_as_missing(length: int, used: bool) -> None:
    """14 days with 7 excluded are a window, with 8 they are not."""
    cut = History(exclude=(period(30, 29 + length),)).cut(made(missing=0))
    found = windows(cut, 40, 41)
    assert bool(len(found)) == used
    assert (np.isnan(found.history).sum(axis=1) == length).all()


def test_the_holdout_leaves_excluded_days_out_too() -> None:
    measured = windows(History(exclude=(period(55, 57),)).cut(made(missing=0)), 50, DAYS)
    assert {str(each) for each in np.unique(measured.day)} == {str(day(number)) for number in [*range(50, 55), 58, 59]}


def test_seasonal_indices_do_not_learn_from_excluded_days() -> None:
    """A closure on three Mondays would make Mondays look slow."""
    quiet = made(missing=0)
    quiet.sales[:] = 10
    closed = replace(quiet, sales=quiet.sales.copy())
    mondays = [14, 21, 28]
    closed.sales[:, mondays] = 1
    exclude = tuple(period(number, number) for number in mondays)
    opened = History(exclude=exclude).cut(closed)
    assert seasonality.learn_index(closed, SeasonalSpec(), {}).weekday[0] < 0.9
    assert seasonality.learn_index(opened, SeasonalSpec(), {}).weekday == pytest.approx((1.0,) * 7)


@pytest.mark.parametrize(("min_days", "skipped"), [(20, 0), (21, 1)])
def test_a_short_series_is_skipped_and_counted(min_days: int, skipped: int) -> None:
    sales = replace(made(missing=0), skipped=2)
    sales.sales[3, 20:] = np.nan
    cut = History(min_days=min_days).cut(sales)
    assert cut.skipped == 2 + skipped
    assert (len(cut.sales), len(cut.stores), len(cut.items)) == (6 - skipped,) * 3


def test_a_series_is_measured_by_the_days_it_has_left() -> None:
    cut = History(held_back_days=5, min_days=40, exclude=(period(0, 15, "1"),)).cut(made(missing=0))
    assert cut.skipped == 2 and set(cut.stores) == {"2", "3"}


def test_days_that_nothing_is_left_of_do_not_count_at_the_ends() -> None:
    """Else a closure in the last weeks would be most of the holdout."""
    cut = History(exclude=(period(0, 4), period(50, 59), period(20, 25))).cut(made(missing=0))
    assert (cut.dates[0], cut.dates[-1]) == (np.datetime64(day(5)), np.datetime64(day(49)))


@pytest.mark.parametrize(
    ("history", "longest"),
    [
        (History(min_days=61), 60),
        (History(held_back_days=46), 14),
        (History(held_back_days=999), 0),
        (History(exclude=(period(0, 59),)), 0),
    ],
    ids=["no series is that long", "14 days are left", "none is left", "all is excluded"],
)
def test_nothing_left(history: History, longest: int) -> None:
    with pytest.raises(
        TooLittleHistory, match=rf"received 6 series, the longest of {longest} days\); widen \[history\]"
    ):
        history.cut(made(missing=0))


STRIKE = {"first": "2024-03-04", "last": "2024-03-10", "reason": "strike"}


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"exclude": [STRIKE | {"last": "2024-03-03"}]}, "the last day 2024-03-03 is before the first, 2024-03-04"),
        ({"exclude": [STRIKE | {"stores": []}]}, "the list of stores is empty"),
        ({"exclude": [STRIKE | {"store": ["1"]}]}, "Extra inputs are not permitted"),
        ({"exclude": [STRIKE | {"reason": ""}]}, "at least 1 character"),
        ({"exclude": [STRIKE | {"first": "March"}]}, "valid date"),
        ({"min_days": 14}, "greater than 14"),
        ({"days": 14}, "greater than 14"),
        ({"days": 20, "min_days": 21}, "days must be at least min_days"),
        ({"held_back_days": -1}, "greater than or equal to 0"),
        ({"lenght": 3}, "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_impossible_windows(window: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        History.model_validate(window)


def test_no_limit_can_be_said_in_toml() -> None:
    assert History.model_validate({"days": "none"}) == History()
