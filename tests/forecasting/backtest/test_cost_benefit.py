"""What pays: costs worked by hand."""

import math

import pytest

from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY
from tasks.forecasting.backtest.cost_benefit import (
    NO_GATE,
    SETTINGS,
    Summary,
    Usage,
    beyond_noise,
    cheapest_first,
    compared_limits,
    summary,
    yearly_cost,
)
from tasks.forecasting.gate.comparison import UNDEFINED, Estimate
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.costs import Cost, CostModel

COSTS = CostModel(per_mb_sent=2, per_mape_pp=100, per_retrain=50)


def test_a_cost_is_that_of_a_year_and_store() -> None:
    cost = yearly_cost(Usage(13.254, retrains=4, sent_bytes=500_000), 13.20, days=730, stores=10, costs=COSTS)
    assert cost == Cost(pytest.approx(0.5), pytest.approx(5.0), pytest.approx(10.0), pytest.approx(15.5))


def test_a_cost_of_an_undefined_mape_is_undefined() -> None:
    assert yearly_cost(Usage(math.nan, 4, 0), 13.2, 730, 10, COSTS) is None
    assert yearly_cost(Usage(13.2, 4, 0), math.nan, 730, 10, COSTS) is None


def cost(total: float) -> Cost:
    return Cost(0, 0, total, total)


def test_the_cheapest_comes_first_and_the_unknown_last() -> None:
    assert cheapest_first({"a": None, "b": cost(2), "c": cost(1), "d": cost(2)}) == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("bounds", "beyond"),
    [((-0.3, -0.1), True), ((0.1, 0.3), True), ((-0.1, 0.3), False), ((0, 0.3), False), ((math.nan,) * 2, False)],
)
def test_a_difference_is_beyond_noise_if_its_bounds_are_on_one_side(bounds: tuple[float, float], beyond: bool) -> None:
    assert beyond_noise(Estimate(0.1, *bounds)) is beyond


NOISE = Estimate(-0.02, -0.05, 0.01)


def test_the_cheapest_saves_beside_the_next_and_beside_no_retraining() -> None:
    gain = Estimate(-0.25, -0.31, -0.19)
    costs = {NONE: cost(30), QUARTERLY: cost(12), MONTHLY: cost(10.5)}
    found = summary(costs, {NONE: gain, QUARTERLY: NOISE}, 0.95)
    assert found == Summary(MONTHLY, {QUARTERLY: 1.5, NONE: 19.5}, NONE, gain, 0.95)


def test_no_retraining_is_the_next_but_once() -> None:
    assert summary({NONE: cost(30), MONTHLY: cost(10)}, {NONE: NOISE}, 0.95).saved == {NONE: 20}


def test_no_retraining_can_be_best() -> None:
    found = summary({NONE: cost(0), MONTHLY: cost(11)}, {MONTHLY: NOISE}, 0.95)
    assert found == Summary(NONE, {MONTHLY: 11}, MONTHLY, NOISE, 0.95)


def test_what_cannot_be_measured_is_compared_with_nothing() -> None:
    assert summary({NONE: None, MONTHLY: None}, {}, 0.95).best is None
    assert summary({NONE: cost(1)}, {}, 0.95).best is None
    assert summary({NONE: None, MONTHLY: cost(1)}, {NONE: UNDEFINED}, 0.95) == Summary(
        MONTHLY, {}, NONE, UNDEFINED, 0.95
    )


def test_limits_differ_in_what_mape_may_lose_alone() -> None:
    gate = Limits(max_worse_than_champion_pp=0.4, max_worse_than_parent_pp=None, max_mape=20)
    found = compared_limits(gate)
    assert found[NO_GATE] is None
    assert found[SETTINGS] == gate.model_copy(update={"fit_a_device": False})
    allowed = [limits.max_worse_than_champion_pp for limits in found.values() if limits]
    assert allowed == pytest.approx([0.8, 0.4, 0.04, 0]), "the loosest first"
    assert {limits.max_mape for limits in found.values() if limits} == {20}
    assert {limits.max_worse_than_parent_pp for limits in found.values() if limits} == {None}
