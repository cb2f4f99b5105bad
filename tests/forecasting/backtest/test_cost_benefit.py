"""What pays: costs worked by hand, and the sentence on them."""

import math

import pytest

from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY
from tasks.forecasting.backtest.cost_benefit import (
    NO_GATE,
    SETTINGS,
    Spent,
    beyond_noise,
    cheapest_first,
    compared_limits,
    verdict,
    yearly_cost,
)
from tasks.forecasting.gate.comparison import UNDEFINED, Estimate
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.costs import Cost, CostModel

COSTS = CostModel(per_mb_sent=2, per_mape_pp=100, per_retrain=50)


def test_a_cost_is_that_of_a_year_and_store() -> None:
    cost = yearly_cost(Spent(13.254, retrains=4, sent_bytes=500_000), 13.20, days=730, stores=10, costs=COSTS)
    assert cost == Cost(pytest.approx(0.5), pytest.approx(5.0), pytest.approx(10.0), pytest.approx(15.5))


def test_a_cost_of_an_undefined_mape_is_undefined() -> None:
    assert yearly_cost(Spent(math.nan, 4, 0), 13.2, 730, 10, COSTS) is None
    assert yearly_cost(Spent(13.2, 4, 0), math.nan, 730, 10, COSTS) is None


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


def test_a_cadence_that_pays() -> None:
    said = verdict(
        {NONE: cost(30), QUARTERLY: cost(12), MONTHLY: cost(10.5)},
        {NONE: Estimate(-0.25, -0.31, -0.19), QUARTERLY: Estimate(-0.02, -0.05, 0.01)},
        "EUR",
        0.95,
    )
    assert said == (
        "Retraining monthly pays: it costs 1.50 EUR a year and store less than retraining quarterly and 19.50 EUR a "
        "year and store less than no retraining. Its MAPE is 0.250 pp below that of no retraining "
        "(-0.310 to -0.190 pp, 90 % sure), which is more than noise."
    )


def test_a_saving_within_noise_is_said_to_be() -> None:
    said = verdict({NONE: cost(30), MONTHLY: cost(10)}, {NONE: Estimate(-0.2, -0.5, 0.1)}, "EUR", 0.95)
    assert said.endswith("(-0.500 to +0.100 pp, 90 % sure), which is no more than noise.")
    assert said.count("less than no retraining") == 1


def test_no_retraining_can_be_best() -> None:
    said = verdict({NONE: cost(0), MONTHLY: cost(11)}, {MONTHLY: Estimate(0.001, -0.01, 0.02)}, "EUR", 0.95)
    assert said == (
        "Retraining does not pay: one model for all days costs 11.00 EUR a year and store less than retraining "
        "monthly. Its MAPE is that of retraining monthly, to 0.01 pp."
    )


def test_what_cannot_be_measured_is_said_to_be() -> None:
    assert verdict({NONE: None, MONTHLY: None}, {}, "EUR", 0.95) == "No cadence can be compared: MAPE is undefined."
    said = verdict({NONE: None, MONTHLY: cost(1)}, {NONE: UNDEFINED}, "EUR", 0.95)
    assert said == "Retraining monthly pays: it costs least. Its MAPE is not comparable with that of no retraining."


def test_limits_differ_in_what_mape_may_lose_alone() -> None:
    gate = Limits(max_worse_than_champion_pp=0.4, max_worse_than_parent_pp=None, max_mape=20)
    found = compared_limits(gate)
    assert found[NO_GATE] is None
    assert found[SETTINGS] == gate.model_copy(update={"fit_a_device": False})
    allowed = [limits.max_worse_than_champion_pp for limits in found.values() if limits]
    assert allowed == pytest.approx([0.8, 0.4, 0.04, 0]), "the loosest first"
    assert {limits.max_mape for limits in found.values() if limits} == {20}
    assert {limits.max_worse_than_parent_pp for limits in found.values() if limits} == {None}
