"""Seasonal indices of days and items, by hand."""

import numpy as np
import pytest

from tasks.forecasting.model.seasonal_index import SeasonalIndex, Seasons


def test_index_of_a_day_is_weekday_times_month() -> None:
    index = SeasonalIndex(tuple(range(1, 8)), tuple(range(10, 130, 10)))
    sunday_in_march = np.array([["2024-03-10"]], dtype="datetime64[D]")
    assert index.at(sunday_in_march).tolist() == [[7 * 30]]


def test_a_special_day_multiplies_on_its_date_only() -> None:
    index = SeasonalIndex(days={"2024-05-10": 2.0})
    assert index.at(np.array(["2024-05-09", "2024-05-10", "2025-05-10"], "datetime64[D]")).tolist() == [1, 2, 1]


def test_waves_have_phase_0_on_1_january() -> None:
    index = SeasonalIndex(annual=((0.1, 0.3), (0.2, 0.0)))
    (new_year,) = index.at(np.array(["2024-01-01"], "datetime64[D]"))
    assert new_year == pytest.approx(np.exp(0.1 + 0.2))


def test_items_have_the_index_of_their_group() -> None:
    fresh = SeasonalIndex(days={"2024-05-10": 3.0})
    table, row = Seasons(SeasonalIndex(), ((("2",), fresh),)).table(
        np.array(["1", "2", "3"]), np.array(["2024-05-10"], "datetime64[D]")
    )
    assert table[row].tolist() == [[1], [3], [1]]
