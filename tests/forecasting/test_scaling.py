"""Scaling: units and back, by hand, and with nothing learned from the holdout (see also test_recipe)."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.forecasting.sales import WINDOW
from tasks.forecasting.scaling import GlobalMinMax, Scaling, WindowMean, from_dict, mean
from tasks.forecasting.season import SeasonalIndex, weekday

INDEX = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5), tuple(1 + month / 10 for month in range(12)))
SCALINGS: list[Scaling] = [GlobalMinMax(0, 231), GlobalMinMax(5, 5), WindowMean(SeasonalIndex()), WindowMean(INDEX)]
MONDAY = np.datetime64("2024-01-15")


def some(seed: int, count: int = 20) -> tuple[Any, Any, Any]:
    """Windows of 1 to 99 units with missing days, their targets, and the days of these."""
    random = np.random.default_rng(seed)
    history = random.integers(1, 100, (count, WINDOW)).astype(np.float32)
    history[:, 1:][random.random((count, WINDOW - 1)) < 0.3] = np.nan
    return history, random.integers(1, 100, count).astype(np.float32), MONDAY + random.integers(0, 2000, count)


def test_global_min_max_by_hand() -> None:
    window = np.full((1, WINDOW), 60.0, dtype=np.float32)
    window[0, 0] = np.nan
    scaled = GlobalMinMax(10, 110).apply(window, np.array([MONDAY]))
    np.testing.assert_allclose(scaled.inputs, 0.5)
    np.testing.assert_allclose(scaled.outputs(np.array([85.0])), [[0.75]])
    np.testing.assert_allclose(scaled.forecast(np.array([[0.75]])), [85])


def test_window_mean_by_hand() -> None:
    """10 a day but 5 on Mondays and 15 on Sundays is level; a Monday's forecast of it is 5."""
    days = MONDAY + np.arange(-WINDOW, 0)
    week = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5))
    window = 10 * np.asarray(week.weekday, dtype=np.float32)[weekday(days)][None]
    scaled = WindowMean(week).apply(window, np.array([MONDAY]))
    np.testing.assert_allclose(scaled.inputs, 0, atol=1e-6)
    np.testing.assert_allclose(scaled.neutral, [5])
    np.testing.assert_allclose(scaled.outputs(np.array([6.0])), [[0.2]], rtol=1e-6)
    np.testing.assert_allclose(scaled.forecast(np.array([[0.2]])), [6])


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
@given(seed=st.integers(0, 10_000))
def test_outputs_and_forecast_are_inverse(scaling: Scaling, seed: int) -> None:
    history, actual, day = some(seed)
    scaled = scaling.apply(history, day)
    assert scaled.inputs.shape == (20, WINDOW, 1) and scaled.inputs.dtype == np.float32
    assert np.isfinite(scaled.inputs).all()
    np.testing.assert_allclose(scaled.forecast(scaled.outputs(actual)), actual, rtol=1e-5)


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
@given(seed=st.integers(0, 10_000), row=st.integers(0, 19))
def test_a_window_is_scaled_by_itself(scaling: Scaling, seed: int, row: int) -> None:
    """Other windows, later ones among them, change nothing."""
    history, _, day = some(seed)
    alone, among = scaling.apply(history[row : row + 1], day[row : row + 1]), scaling.apply(history, day)
    np.testing.assert_array_equal(alone.inputs[0], among.inputs[row])
    assert (alone.base[0], alone.unit[0]) == (among.base[row], among.unit[row])


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_a_manifest_gives_the_scaling_back(scaling: Scaling) -> None:
    assert from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling


@pytest.mark.parametrize("record", [{}, {"kind": "log"}, {"kind": "global-min-max", "low": 1}])
def test_an_unknown_scaling_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown scaling"):
        from_dict(record)


def test_a_window_without_sales_forecasts_0_and_teaches_nothing() -> None:
    scaled = WindowMean(INDEX).apply(np.zeros((1, WINDOW), dtype=np.float32), np.array([MONDAY]))
    assert np.isfinite(scaled.inputs).all()
    assert np.isnan(scaled.outputs(np.array([3.0]))).all()
    assert scaled.forecast(np.array([[7.0]])) == [0]


def test_no_forecast_is_below_zero() -> None:
    scaled = GlobalMinMax(0, 100).apply(np.ones((1, WINDOW), dtype=np.float32), np.array([MONDAY]))
    assert scaled.forecast(np.array([[-0.5]])) == [0]


def test_mean_of_known_days() -> None:
    windows = np.full((2, WINDOW), np.nan, dtype=np.float32)
    windows[0, 3:5] = 4, 8
    assert mean(windows).tolist() == [6, 0]
