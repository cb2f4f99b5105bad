"""Errors against values worked by hand and against loops that anybody can read."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.forecasting.accuracy.metrics import mape, wape

Metric = Callable[[NDArray[np.floating], NDArray[np.floating]], float]

ACTUAL = np.array([10.0, 0.0, 20.0, 5.0], dtype=np.float32)
FORECAST = np.array([12.0, 3.0, 15.0, 5.0], dtype=np.float32)


def test_worked_by_hand() -> None:
    """Errors of 2, 3, 5 and 0 units: 20 %, not counted, 25 % and 0 %."""
    assert mape(ACTUAL, FORECAST) == pytest.approx((20 + 25 + 0) / 3)
    assert wape(ACTUAL, FORECAST) == pytest.approx(100 * (2 + 3 + 5 + 0) / 35)


def loop_mape(actual: list[float], forecast: list[float]) -> float:
    errors = [100 * abs(f - a) / a for a, f in zip(actual, forecast, strict=True) if a > 0]
    return sum(errors) / len(errors) if errors else math.nan


def loop_wape(actual: list[float], forecast: list[float]) -> float:
    error = sum(abs(f - a) for a, f in zip(actual, forecast, strict=True))
    return 100 * error / sum(actual) if sum(actual) > 0 else math.nan


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 300, width=32)), max_size=40))
def test_as_naive_loops(days: list[tuple[int, float]]) -> None:
    actual, forecast = [float(a) for a, _ in days], [f for _, f in days]
    arrays = np.array(actual), np.array(forecast)
    close = {"rel": 1e-9, "abs": 1e-9, "nan_ok": True}
    assert mape(*arrays) == pytest.approx(loop_mape(actual, forecast), **close)
    assert wape(*arrays) == pytest.approx(loop_wape(actual, forecast), **close)


@pytest.mark.parametrize("metric", [mape, wape])
@pytest.mark.parametrize(
    ("actual", "forecast"),
    [
        pytest.param([], [], id="no days"),
        pytest.param([0.0, 0.0], [1.0, 0.0], id="nothing sold"),
        pytest.param([5.0, 5.0], [math.nan, 5.0], id="a forecast is missing"),
    ],
)
def test_undefined_is_nan_never_zero(metric: Metric, actual: list[float], forecast: list[float]) -> None:
    assert math.isnan(metric(np.array(actual), np.array(forecast)))


def test_returns_do_not_count_in_mape() -> None:
    assert mape(np.array([-5.0, 10.0]), np.array([100.0, 11.0])) == pytest.approx(10)


def test_many_days_in_float32_lose_nothing() -> None:
    actual = np.full(3_000_000, 7, dtype=np.float32)
    assert wape(actual, actual * np.float32(1.5)) == pytest.approx(50, rel=1e-9)
