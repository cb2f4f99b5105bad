"""Rows laid out as a panel."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.panel import Panel, TooLittleHistory
from tests.forecasting.panels import panel_of


def rows(store: object, item: object, days: int, first: str = "2024-01-01") -> pd.DataFrame:
    """Sales of 100, 101, ... on consecutive days."""
    dates = pd.date_range(first, periods=days)
    return pd.DataFrame({"date": dates, "store": store, "item": item, "sales": np.arange(100, 100 + days)})


@pytest.fixture
def two() -> Panel:
    return panel_of(pd.concat([rows("1", "1", 20), rows("1", "2", 15, first="2024-01-06")]))


def test_one_row_a_series_and_one_column_a_day(two: Panel) -> None:
    assert two.sales.shape == (2, 20)
    assert two.sales.dtype == np.float32
    assert two.dates[0] == np.datetime64("2024-01-01") and two.dates[-1] == np.datetime64("2024-01-20")
    np.testing.assert_array_equal(two.sales[0], np.arange(100, 120))


def test_a_day_without_a_row_is_nan(two: Panel) -> None:
    assert np.isnan(two.sales[1, :5]).all()
    np.testing.assert_array_equal(two.sales[1, 5:], np.arange(100, 115))


def test_the_order_of_rows_does_not_matter(two: Panel) -> None:
    shuffled = pd.concat([rows("1", "1", 20), rows("1", "2", 15, first="2024-01-06")]).sample(frac=1, random_state=3)
    np.testing.assert_array_equal(panel_of(shuffled).sales, two.sales)


def test_series_are_in_natural_order() -> None:
    codes = [("10", "1"), ("2", "10"), ("2", "9"), ("B", "1")]
    laid_out = panel_of(pd.concat([rows(store, item, 15 + n) for n, (store, item) in enumerate(codes)]))
    assert list(zip(laid_out.stores, laid_out.items, strict=True)) == [
        ("2", "9"),
        ("2", "10"),
        ("B", "1"),
        ("10", "1"),
    ]
    assert np.isfinite(laid_out.sales).sum(axis=1).tolist() == [17, 16, 18, 15], "each keeps its own sales"


def test_codes_that_would_join_alike_stay_apart() -> None:
    assert len(panel_of(pd.concat([rows("1", "23", 15), rows("12", "3", 15)])).sales) == 2


def test_integer_codes_are_text() -> None:
    assert panel_of(rows(7, 3, 15)).stores.tolist() == ["7"]


@pytest.mark.parametrize(("days", "skipped"), [(14, 1), (15, 0)])
def test_a_series_under_15_days_is_skipped_and_counted(days: int, skipped: int) -> None:
    laid_out = panel_of(pd.concat([rows("1", "1", 30), rows("1", "2", days)]))
    assert laid_out.skipped == skipped
    assert len(laid_out.sales) == len(laid_out.items) == 2 - skipped


@pytest.mark.parametrize(("few", "received"), [(14, "received 1 series, the longest of 14"), (0, "received 0 series")])
def test_no_series_long_enough(few: int, received: str) -> None:
    with pytest.raises(TooLittleHistory, match=received):
        panel_of(rows("1", "1", few))


def test_first_days(two: Panel) -> None:
    assert two.first(7).sales.shape == (2, 7)
    assert two.first(7).dates[-1] == np.datetime64("2024-01-07")


@pytest.mark.parametrize(
    ("last", "days"), [("2023-12-31", 0), ("2024-01-01", 1), ("2024-01-20", 20), ("2030-01-01", 20)]
)
def test_until_a_date_and_with_it(two: Panel, last: str, days: int) -> None:
    assert two.until(date.fromisoformat(last)).sales.shape == (2, days)


def test_extremes_ignore_missing_days(two: Panel) -> None:
    assert two.extremes() == (100, 119)
