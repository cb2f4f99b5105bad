"""Costs of a year worked by hand: sending, errors, and a share of the retrains."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.forecasting.rollout.costs import Cost, CostModel

COSTS = CostModel(per_mb_sent=10, per_mape_pp=5, per_retrain=30, retrains_per_year=4)


def test_each_part_of_a_year() -> None:
    cost = COSTS.of_a_year(mape_pp=0.02, sent_bytes=20_000, retrains=1, stores=3, times_a_year=4)
    assert cost == Cost(pytest.approx(0.8), pytest.approx(0.1), pytest.approx(40), pytest.approx(40.9))


def test_a_difference_that_tables_do_not_show_is_free() -> None:
    assert COSTS.of_a_year(0.0049, 0, 0, 1, 1).total == 0
    assert COSTS.of_a_year(0.0051, 0, 0, 1, 1).errors == pytest.approx(0.05)


def test_errors_cost_the_same_however_often_something_is_sent() -> None:
    once, daily = (COSTS.of_a_year(1.0, 1e6, 0, 1, times) for times in (1, 365))
    assert (once.errors, daily.errors) == (5, 5)
    assert (once.sending, daily.sending) == (10, pytest.approx(3650))


@pytest.mark.parametrize(
    "block",
    [{"per_mape_pp": -1}, {"per_mb_sent": math.nan}, {"per_retrain": math.inf}, {"currency": ""}, {"per_mb": 1}],
    ids=str,
)
def test_an_impossible_cost_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CostModel(**block)
