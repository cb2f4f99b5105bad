"""Evaluation sets against values worked by hand and against loops that anybody can read, under every policy."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.groups import WEEKDAYS
from tasks.forecasting.accuracy.metrics import Accuracy
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Windows, windows
from tests.forecasting.panels import panel

NAN = math.nan
LEARNED = 21


def one_series(learned: list[float], holdout: list[float], **policy: Any) -> EvaluationSet:
    made = panel([learned + holdout])
    return EvaluationSet(windows(made, len(learned), len(learned) + len(holdout)), len(learned), MapePolicy(**policy))


WEEK_BY_WEEK = [10.0] * 7 + [12.0] * 7 + [8.0] * 7
"""Changes from the same day of the week before: 7 of 2 and 7 of 4 units, 3 on average; squared 10."""


def test_worked_by_hand() -> None:
    """Sold 10, 0, 20, 5 and forecast 12, 3, 15, 5: errors of 2, 3, 5 and 0 units, 20 %, not counted, 25 % and 0 %."""
    found = one_series(WEEK_BY_WEEK, [10, 0, 20, 5]).accuracy(np.array([12.0, 3.0, 15.0, 5.0]))
    assert found.mape == pytest.approx((20 + 25 + 0) / 3)
    assert found.coverage == pytest.approx(75)
    assert found.wape == pytest.approx(100 * (2 + 3 + 5 + 0) / 35)
    assert found.bias_pct == pytest.approx(100 * (2 + 3 - 5 + 0) / 35)
    assert found.mase == pytest.approx((2 + 3 + 5 + 0) / 4 / 3)
    assert found.rmsse == pytest.approx(math.sqrt((4 + 9 + 25 + 0) / 4 / 10))
    assert found.days == 4


def test_scales_come_from_days_before_the_holdout_only() -> None:
    calm, wild = (one_series(WEEK_BY_WEEK, [10, 10, 10, last]) for last in (10, 1000))
    assert calm._scales[0][0] == wild._scales[0][0] == 3


def test_last_weeks_same_day_has_a_mase_of_one() -> None:
    """On the days that the scale comes from, by definition."""
    made = panel(np.random.default_rng(0).integers(1, 50, (1, 70)))
    evaluation = EvaluationSet(
        Windows(made, np.zeros(63, np.int32), np.arange(7, 70, dtype=np.int32)), 70, MapePolicy()
    )
    found = evaluation.accuracy(made.sales[0, :-7])
    assert found.mase == pytest.approx(1) and found.rmsse == pytest.approx(1)


POLICIES = [
    MapePolicy(),
    MapePolicy(zero_days="as one unit"),
    MapePolicy(returns="as no sales"),
    MapePolicy(returns="as no sales", zero_days="as one unit", min_coverage=0),
    MapePolicy(closed_days="count"),
    MapePolicy(min_volume=12.0),
    MapePolicy(min_coverage=90.0),
]


def by_loop(made: Panel, forecast: dict[tuple[int, int], float], policy: MapePolicy) -> dict[str, float]:
    """One day after the other; every store sells enough to be closed on a day without a sale."""
    measured, counted = 0, 0
    sums = dict.fromkeys(("percentage", "absolute", "signed", "sold", "scaled", "absolute scaled", "squared"), 0.0)
    for (series, day), said in forecast.items():
        before = made.sales[series, :LEARNED].astype(float).tolist()
        of_store = made.sales[made.stores == made.stores[series], day]
        sold = float(made.sales[series, day])
        if policy.closed_days == "leave out" and of_store.sum() <= 0:
            continue
        if sold < 0:
            if policy.returns == "leave out":
                continue
            sold = 0.0
        measured += 1
        error = said - sold
        sums["absolute"] += abs(error)
        sums["signed"] += error
        sums["sold"] += sold
        changes = [now - then for then, now in zip(before, before[7:], strict=False)]
        if scale := sum(map(abs, changes)) / len(changes):
            sums["scaled"] += 1
            sums["absolute scaled"] += abs(error) / scale
            sums["squared"] += error**2 / (sum(change**2 for change in changes) / len(changes))
        if sum(before) / len(before) >= policy.min_volume and (sold > 0 or policy.zero_days == "as one unit"):
            counted += 1
            sums["percentage"] += 100 * abs(error) / max(sold, 1)
    coverage = 100 * counted / measured if measured else NAN
    return {
        "mape": sums["percentage"] / counted if counted and coverage >= policy.min_coverage else NAN,
        "coverage": coverage,
        "wape": 100 * sums["absolute"] / sums["sold"] if sums["sold"] > 0 else NAN,
        "bias_pct": 100 * sums["signed"] / sums["sold"] if sums["sold"] > 0 else NAN,
        "mase": sums["absolute scaled"] / sums["scaled"] if sums["scaled"] else NAN,
        "rmsse": math.sqrt(sums["squared"] / sums["scaled"]) if sums["scaled"] else NAN,
        "days": measured,
    }


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.model_dump(exclude_defaults=True)))
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_as_a_naive_loop(policy: MapePolicy, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sales = np.maximum(rng.integers(-3, 30, (4, LEARNED + 12)), rng.choice([-3, 0, 1]))
    sales[:2, rng.integers(LEARNED, LEARNED + 12, 2)] = 0
    made = panel(sales, stores=["1", "1", "2", "2"])
    evaluation = EvaluationSet(windows(made, LEARNED, LEARNED + 12), LEARNED, policy)
    forecast = rng.integers(0, 40, len(evaluation.windows)).astype(float)
    keys = zip(evaluation.windows.series.tolist(), evaluation.windows.column.tolist(), strict=True)
    expected = by_loop(made, dict(zip(keys, forecast.tolist(), strict=True)), policy)
    for name, value in expected.items():
        assert getattr(evaluation.accuracy(forecast), name) == pytest.approx(value, rel=1e-9, nan_ok=True), name


BASE, SAID = [20.0] * 28, np.array([22.0, 22.0, 22.0, 22.0])
"""What every policy is asked about: 20 units a day before, then the holdout, forecast 22."""


@pytest.mark.parametrize(
    ("holdout", "policy", "mape", "coverage", "days"),
    [
        pytest.param([20, 0, 20, 20], {"closed_days": "count"}, 10, 75, 4, id="zero days left out"),
        pytest.param(
            [20, 0, 20, 20],
            {"closed_days": "count", "zero_days": "as one unit"},
            (3 * 10 + 2200) / 4,
            100,
            4,
            id="zero days as one unit",
        ),
        pytest.param([20, 0, 20, 20], {}, 10, 100, 3, id="closed days left out"),
        pytest.param([20, -5, 20, 20], {"closed_days": "count"}, 10, 100, 3, id="returns left out"),
        pytest.param(
            [20, -5, 20, 20], {"closed_days": "count", "returns": "as no sales"}, 10, 75, 4, id="returns as no sales"
        ),
        pytest.param([20, 20, 20, 20], {"min_volume": 20.0}, 10, 100, 4, id="volume enough"),
        pytest.param([20, 20, 20, 20], {"min_volume": 20.1}, NAN, 0, 4, id="volume too small"),
        pytest.param([20, 0, 0, 0], {"closed_days": "count", "min_coverage": 25.0}, 10, 25, 4, id="coverage enough"),
        pytest.param(
            [20, 0, 0, 0], {"closed_days": "count", "min_coverage": 25.1}, NAN, 25, 4, id="coverage too small"
        ),
    ],
)
def test_a_policy(holdout: list[float], policy: dict[str, Any], mape: float, coverage: float, days: int) -> None:
    found = one_series(BASE, holdout, **policy).accuracy(SAID)
    assert found.mape == pytest.approx(mape, nan_ok=True)
    assert found.coverage == pytest.approx(coverage)
    assert found.days == days


@pytest.mark.parametrize("error", ["mape", "wape", "bias_pct", "mase", "rmsse"])
@pytest.mark.parametrize(
    ("learned", "holdout", "said"),
    [
        pytest.param(WEEK_BY_WEEK, [5.0, 5.0], [NAN, 5.0], id="a forecast is missing"),
        pytest.param([0.0] * 21, [0.0, 0.0], [1.0, 2.0], id="nothing sold"),
    ],
)
def test_undefined_is_nan_never_zero(error: str, learned: list[float], holdout: list[float], said: list[float]) -> None:
    assert math.isnan(getattr(one_series(learned, holdout).accuracy(np.array(said)), error))


def test_no_days_are_undefined_too() -> None:
    nothing = EvaluationSet(
        Windows(panel([WEEK_BY_WEEK]), np.empty(0, np.int32), np.empty(0, np.int32)), 21, MapePolicy()
    )
    assert str(nothing.accuracy(np.empty(0))) == str(Accuracy(NAN, NAN, NAN, NAN, NAN, NAN, 0))


@pytest.mark.parametrize("learned", [[7.0] * 21, [7.0] * 7], ids=["never changed", "a week is too short"])
def test_without_a_scale_mase_is_undefined_and_nothing_else(learned: list[float]) -> None:
    made = panel([[1.0] * 14 + learned + [5.0, 5.0]])
    learned_panel = replace(made, sales=made.sales[:, 14:], dates=made.dates[14:])
    known = windows(made, len(made.dates) - 2, len(made.dates))
    evaluation = EvaluationSet(Windows(learned_panel, known.series, known.column - 14), len(learned), MapePolicy())
    found = evaluation.accuracy(np.array([6.0, 6.0]))
    assert math.isnan(found.mase) and math.isnan(found.rmsse)
    assert found.mape == pytest.approx(20)


def chain() -> tuple[EvaluationSet, np.ndarray]:
    rng = np.random.default_rng(5)
    sales = rng.poisson(rng.lognormal(2, 1, (12, 1)), (12, 28 + 70))
    made = panel(sales, stores=np.repeat(["1", "2", "10"], 4), items=np.tile(["1", "2", "3", "4"], 3))
    evaluation = EvaluationSet(windows(made, 28, 98), 28, MapePolicy(min_coverage=0))
    return evaluation, rng.poisson(10, len(evaluation.windows)).astype(float)


KINDS = ("store", "item", "item class", "store x item class", "weekday", "month")


@pytest.mark.parametrize("kind", KINDS)
def test_groups_add_up_to_the_whole(kind: str) -> None:
    """Each error weighted by what it is divided by."""
    evaluation, forecast = chain()
    whole, groups = evaluation.accuracy(forecast), evaluation.by(forecast)[kind].values()
    days = np.array([each.days for each in groups])
    counted = np.array([each.coverage * each.days for each in groups])
    assert days.sum() == whole.days
    assert np.average([each.coverage for each in groups], weights=days) == pytest.approx(whole.coverage)
    assert np.average([each.mape for each in groups], weights=counted) == pytest.approx(whole.mape)
    assert np.average([each.mase for each in groups], weights=days) == pytest.approx(whole.mase)
    assert np.average([each.rmsse**2 for each in groups], weights=days) == pytest.approx(whole.rmsse**2)


def test_groups_are_named_in_the_order_of_the_panel() -> None:
    evaluation, forecast = chain()
    by = evaluation.by(forecast)
    assert tuple(by) == KINDS
    assert [*by["store"]] == ["1", "2", "10"]
    assert [*by["weekday"]] == list(WEEKDAYS)
    assert [*by["month"]] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert all(" x " in name for name in by["store x item class"])
    assert evaluation.by_store(forecast) == {store: each.mape for store, each in by["store"].items()}


def test_a_group_is_measured_as_if_it_were_alone() -> None:
    evaluation, forecast = chain()
    sunday = evaluation.windows.day.astype("datetime64[D]").astype(object)
    mine = np.array([day.weekday() == 6 for day in sunday])
    alone = replace(evaluation, windows=evaluation.windows[mine]).accuracy(forecast[mine])
    assert evaluation.by(forecast)["weekday"]["Sunday"] == alone


def test_segments_and_days_add_up_to_the_whole() -> None:
    evaluation, forecast = chain()
    totals, (segments, days) = evaluation.daily(forecast), evaluation.segments
    assert totals.percentage.shape == (len(segments), len(days)) == (len(segments), 70)
    assert totals.percentage.sum() / totals.counted.sum() == pytest.approx(evaluation.accuracy(forecast).mape)
    assert 100 * totals.signed.sum() / totals.sold.sum() == pytest.approx(evaluation.accuracy(forecast).bias_pct)


def test_classes_come_from_days_before_the_holdout() -> None:
    made = panel([[10.0] * 21 + [1.0] * 5, [1.0] * 21 + [90.0] * 5])
    assert EvaluationSet(windows(made, 21, 26), 21, MapePolicy()).classes.tolist() == ["A", "B"]


def test_a_day_with_infinite_forecasts_warns_of_nothing() -> None:
    found = one_series(WEEK_BY_WEEK, [10, 20]).accuracy(np.array([math.inf, 1e300]))
    assert not math.isfinite(found.mape) and not math.isfinite(found.rmsse)
