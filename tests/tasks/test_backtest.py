"""Backtest: each day is forecast by the newest model that was there then."""

import numpy as np
import pytest

from tasks.backtest import Period, compare_cadences, replay_history
from tasks.forecasting.sales import TooLittleHistory
from tasks.forecasting.variants.plan import variant
from tasks.forecasting.windows import Days
from tests.conftest import RECIPE, Work


def period(cutoff: int, known: int, error: float) -> Period:
    """A model of one cut-off whose every forecast of 10 units is off by `error`."""
    day = np.datetime64("2026-01-01") + np.arange(cutoff, known)
    actual = np.full(len(day), 10, np.float32)
    return Period(day, actual, actual + np.float32(error))


def test_cadences_are_compared_by_the_model_there_was_on_each_day() -> None:
    errors = [4, 3, 2, 1]
    periods = [period(28 * number, 112, error) for number, error in enumerate(errors)]
    found = {each["name"]: each for each in compare_cadences.fn(periods)}
    assert list(found) == ["every 4 weeks", "every 12 weeks", "never"]
    assert found["never"]["mape"] == pytest.approx(40)
    assert found["every 4 weeks"]["mape"] == pytest.approx(25)
    assert found["every 12 weeks"]["mape"] == pytest.approx((40 * 3 + 10) / 4)
    assert [each["retrains"] for each in found.values()] == [3, 1, 0]
    assert {each["days"] for each in found.values()} == {112}


def test_a_cadence_without_sales_comes_last() -> None:
    nothing = Period(np.array(["2026-01-01"], "datetime64[D]"), np.zeros(1, np.float32), np.ones(1, np.float32))
    assert np.isnan(compare_cadences.fn([nothing])[0]["mape"])


def test_history_is_replayed_with_a_model_a_cut_off(built: Work) -> None:
    first, periods = replay_history.fn(built.home, variant("lstm-16"), RECIPE, Days(), 56)
    assert first == "2023-01-10"
    assert [str(each.day.min()) for each in periods] == ["2023-01-10", "2023-02-07"]
    assert {str(each.day.max()) for each in periods} == {"2023-03-06"}
    assert [len(each.actual) for each in periods] == [56 * 4, 28 * 4]
    assert all(each["mape"] < 40 for each in compare_cadences.fn(periods))


def test_too_short_a_history_says_what_is_needed(built: Work) -> None:
    with pytest.raises(TooLittleHistory, match="a replay of 420 days needs 448 days of history; received 430"):
        replay_history.fn(built.home, variant("lstm-16"), RECIPE, Days(), 420)
