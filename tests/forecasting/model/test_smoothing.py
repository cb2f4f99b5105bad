"""Smoothed levels, against a loop over days as a device has it."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.forecasting.data.panel import Panel
from tasks.forecasting.model.smoothing import Level, Levels, alpha, smooth

DAYS = np.datetime64("2025-01-01") + np.arange(50)


def made(seed: int) -> Panel:
    random = np.random.default_rng(seed)
    sales = random.poisson(20, (3, 50)).astype(np.float32)
    sales[random.random(sales.shape) < 0.3] = np.nan
    codes = np.arange(3).astype(str)
    return Panel(codes, codes, DAYS, sales)


def flat(column: int) -> Any:
    """No season: an index of 1 for every series."""
    return np.float32(1)


@given(st.integers(0, 10_000), st.integers(2, 40))
def test_as_a_naive_loop(seed: int, span: int) -> None:
    panel = made(seed)
    before, after = smooth(panel, flat, span)
    for row, sales in enumerate(panel.sales):
        level, seen = 0.0, 0
        for column, units in enumerate(sales):
            assert before[row, column] == pytest.approx(level, rel=1e-5)
            if np.isfinite(units):
                seen += 1
                level += max(2 / (span + 1), 1 / seen) * (float(units) - level)
        assert after.of[str(row)][str(row)] == (pytest.approx(level, rel=1e-9), seen)
    assert after.day == date(2025, 2, 19)


def test_the_first_days_are_a_mean() -> None:
    sales = np.array([[10, 20, 60, np.nan, 30]], np.float32)
    panel = Panel(np.array(["1"]), np.array(["1"]), DAYS[:5], sales)
    before, _ = smooth(panel, flat, span=30)
    np.testing.assert_allclose(before, [[0, 10, 15, 30, 30]])


def test_a_level_follows_a_change_by_alpha() -> None:
    assert alpha(19) == pytest.approx(0.1)
    known = Levels(date(2025, 1, 1), {"1": {"1": Level(100.0, 500)}})
    panel = Panel(np.array(["1"]), np.array(["1"]), DAYS[:3], np.array([[7, 50, np.nan]], np.float32))
    before, after = smooth(panel, flat, 19, known)
    np.testing.assert_allclose(before, [[100, 100, 95]], err_msg="a day up to the levels' own is skipped")
    assert after.of["1"]["1"] == (95.0, 501)


def test_a_series_that_the_levels_do_not_name_starts_anew() -> None:
    known = Levels(date(2025, 1, 2), {"1": {"1": Level(100.0, 500)}})
    panel = Panel(np.array(["1"]), np.array(["2"]), DAYS[:3], np.array([[10, 20, 30]], np.float32))
    before, _ = smooth(panel, flat, 19, known)
    np.testing.assert_allclose(before, [[0, 10, 15]])
