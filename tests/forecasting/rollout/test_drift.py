"""Drift: one alert that opens, stays and resolves, and silence where too little is known."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.forecasting.rollout.drift import DriftPolicy, Live, alarming, live

POLICY = DriftPolicy(limit_pp=2.0, resolve_pp=1.5, days=28, min_days=7)
TODAY = np.datetime64("2024-06-30")


def now(drift_pp: float, days: int = 28) -> Live:
    return Live(mape_7=99.0, mape_28=14.0 + drift_pp, gated_mape=14.0, days=days)


@pytest.mark.parametrize(
    ("drift_pp", "days", "if_closed", "if_open"),
    [
        pytest.param(-3.0, 28, False, False, id="better than gated"),
        pytest.param(1.5, 28, False, False, id="at the limit of resolving"),
        pytest.param(1.75, 28, False, True, id="between: stays as it is"),
        pytest.param(2.0, 28, False, True, id="at the limit"),
        pytest.param(2.25, 28, True, True, id="over the limit"),
        pytest.param(9.0, 7, True, True, id="just enough days"),
        pytest.param(9.0, 6, None, None, id="too few days"),
        pytest.param(-9.0, 6, None, None, id="too few days to resolve"),
        pytest.param(math.nan, 28, None, None, id="undefined"),
    ],
)
def test_alarming(drift_pp: float, days: int, if_closed: bool | None, if_open: bool | None) -> None:
    assert alarming(now(drift_pp, days), POLICY, already_open=False) is if_closed
    assert alarming(now(drift_pp, days), POLICY, already_open=True) is if_open


def test_a_slow_rise_and_fall_is_one_alert() -> None:
    states, is_open = [], False
    for drift_pp in [0, 1, 1.75, 2.25, 1.75, 2.25, 1.75, math.nan, 1.25, 1.75, 0]:
        answer = alarming(now(drift_pp), POLICY, is_open)
        is_open = is_open if answer is None else answer
        states.append(is_open)
    assert states == [False] * 3 + [True] * 5 + [False] * 3


def test_live_by_hand() -> None:
    """30 days: forecasts 10 % off, but 40 % in the last week and absurd before and after what is looked at."""
    day = TODAY + np.arange(-29, 2)
    actual = np.full(31, 100.0)
    forecast = np.where(day > TODAY - 7, 140.0, 110.0)
    forecast[[0, 1, 30]] = 1e6
    score = live(day, 100 * abs(forecast - actual) / actual, 12.0, TODAY, POLICY, 0.0)
    assert score.mape_7 == pytest.approx(40)
    assert score.mape_28 == pytest.approx((21 * 10 + 7 * 40) / 28)
    assert score.drift_pp == pytest.approx(score.mape_28 - 12)
    assert score.days == 28


def test_days_are_counted_once_however_many_items() -> None:
    day = np.repeat(TODAY - np.arange(5), 10)
    assert live(day, np.ones(50), 12.0, TODAY, POLICY, 0.0).days == 5


def test_nothing_scored_is_undefined() -> None:
    none = np.array([])
    score = live(none.astype("datetime64[D]"), none, 12.0, TODAY, POLICY, 0.0)
    assert score.days == 0 and math.isnan(score.mape_7) and math.isnan(score.drift_pp)
    assert alarming(score, POLICY, already_open=True) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limit_pp": 1.0}, "resolve_pp must be at most limit_pp"),
        ({"days": 5}, "min_days must be at most days"),
        ({"limit_pp": 0.0}, "greater than 0"),
        ({"limit": 3.0}, "Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DriftPolicy(**wrong)


@pytest.mark.parametrize(("counting", "known"), [(7, True), (6, False)])
def test_drift_is_unknown_where_too_few_of_the_days_count(counting: int, known: bool) -> None:
    day, error = TODAY - np.arange(28), np.full(28, np.nan)
    error[:counting] = 15.0
    score = live(day, error, 12.0, TODAY, POLICY, min_coverage=25)
    assert math.isfinite(score.drift_pp) == known
    assert score.mape_7 == pytest.approx(15.0), "of a week it is most of the days"
