"""Who runs on which day, and what a model forecasts where."""

from datetime import date, timedelta

import numpy as np

from tasks.forecasting.backtest.replay import Decision, Replay, Trained
from tasks.forecasting.gate.evidence import File

JANUARY, MAY, SEPTEMBER = date(2024, 1, 1), date(2024, 5, 1), date(2024, 9, 1)
REPLAY = Replay((Decision(JANUARY, True), Decision(MAY, False), Decision(SEPTEMBER, True)))


def test_a_model_runs_from_its_day_until_the_next_is_promoted() -> None:
    days = (JANUARY - timedelta(1), JANUARY, MAY, SEPTEMBER - timedelta(1), SEPTEMBER)
    assert [REPLAY.runs_on(day) for day in days] == [None, JANUARY, JANUARY, JANUARY, SEPTEMBER]
    assert Replay().runs_on(MAY) is None


def test_what_was_promoted_and_what_refused() -> None:
    assert REPLAY.promoted == (JANUARY, SEPTEMBER)
    assert REPLAY.refused == (Decision(MAY, False),)


MODEL = Trained(
    start=28,
    files=(File("lstm-64", None, None, 70_000, 60_000), File("lstm-16", "lstm-64", None, 6_000, 5_000)),
    units=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    reference=np.zeros((2, 3)),
    label="14-day mean",
    others={"lstm-64": np.ones((2, 1))},
    age_days=1,
)


def test_a_model_says_nothing_of_days_that_it_has_no_forecast_for() -> None:
    series, column = np.array([0, 0, 1, 1]), np.array([27, 28, 30, 31])
    np.testing.assert_array_equal(MODEL.at(MODEL.units, series, column), [np.nan, 1.0, 6.0, np.nan])


def test_each_file_has_a_table_and_the_last_is_the_one_that_would_ship() -> None:
    assert [*MODEL.tables] == ["lstm-64", "lstm-16"] and MODEL.tables["lstm-16"] is MODEL.units
