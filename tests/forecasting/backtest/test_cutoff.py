"""A cutoff: nothing of a day or later is in it, and its windows are found again in all sales."""

from datetime import date

import numpy as np
import pytest

from tasks.forecasting.backtest.cutoff import Cutoff, to_matrix
from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import SplitPolicy, windows

RNG = np.random.default_rng(0)
DATES = np.datetime64("2023-01-01") + np.arange(200)
SALES = Panel(
    np.array(["1", "1", "2"]), np.array(["a", "b", "a"]), DATES, RNG.integers(1, 50, (3, 200)).astype(np.float32)
)
DAY = date(2023, 6, 1)


def test_it_ends_the_day_before_and_is_split_as_a_retrain_does() -> None:
    cutoff = Cutoff.before(DAY, SALES, History(), SplitPolicy())
    assert str(cutoff.panel.dates[-1]) == "2023-05-31"
    assert cutoff.split == SplitPolicy().split(151)
    assert cutoff.start == cutoff.split.holdout == 14 + int(137 * 0.8)


@pytest.mark.parametrize("history", [History(), History(days=100), History(held_back_days=3)])
def test_later_sales_change_nothing(history: History) -> None:
    changed = SALES.sales.copy()
    changed[:, 151:] = 9999
    one, other = (
        Cutoff.before(DAY, Panel(SALES.stores, SALES.items, DATES, sales), history, SplitPolicy())
        for sales in (SALES.sales, changed)
    )
    assert np.array_equal(one.panel.sales, other.panel.sales)
    assert (one.split, one.offset) == (other.split, other.offset)


def test_windows_of_a_cut_history_are_found_in_all_sales() -> None:
    sales = SALES.sales.copy()
    sales[0, :140] = np.nan  # a new item, too short to take part
    every = Panel(SALES.stores, SALES.items, DATES, sales)
    history = History(
        days=100,
        held_back_days=2,
        min_days=60,
        exclude=(ExcludedPeriod(first=date(2023, 5, 20), last=date(2023, 5, 21), reason="x"),),
    )
    cutoff = Cutoff.before(DAY, every, history, SplitPolicy())
    assert cutoff.rows.tolist() == [1, 2]
    assert str(cutoff.panel.dates[-1]) == "2023-05-29"
    series, column = cutoff.everywhere(cutoff.holdout)
    assert np.array_equal(every.sales[series, column], cutoff.holdout.actual)
    assert not np.isin(DATES[column].astype(str), ["2023-05-20", "2023-05-21"]).any()
    assert column.min() >= cutoff.start


def test_forecasts_are_laid_out_by_series_and_day() -> None:
    chosen = windows(SALES, 190, 200)[1::2]
    table = to_matrix(chosen, 190, np.arange(len(chosen), dtype=np.float32))
    assert table.shape == (3, 10)
    assert np.array_equal(table[chosen.series, chosen.column - 190], np.arange(len(chosen)))
    assert np.isnan(table).sum() == 30 - len(chosen)
