"""Differences are measured on the same days, where the other forecasts, and say how they could have come out."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.forecasting.gate.comparison import UNDEFINED, Comparison, Estimate, Excess, Parts
from tasks.forecasting.gate.evidence import CHAMPION, REFERENCE
from tasks.forecasting.gate.limits import Limits
from tests.forecasting.gate.made_up import NAN, NOISY, leave_out, made, of, without_weeks

COMPARISON = Comparison(NOISY, Limits())


@pytest.mark.parametrize(("stores", "outcome"), [(("1", "2"), "pass"), (("3", "7"), "fail")], ids=str)
def test_a_champion_in_some_stores_is_compared_with_in_these(stores: tuple[str, ...], outcome: str) -> None:
    """What it would say elsewhere is not asked, and may be undefined."""
    covers = np.isin(NOISY.stores, stores)
    champion = NOISY.errors[CHAMPION]
    there = replace(champion, percentage=np.where(covers[:, None], champion.percentage, NAN), covers=covers)
    evidence = replace(NOISY, errors=NOISY.errors | {CHAMPION: there})
    check = of("bad stores", "champion", evidence, max_worse_than_champion_pp=1.5)
    only = leave_out(NOISY, cells=~covers)
    assert check.outcome == outcome
    assert check.value == pytest.approx(only.mape("bad stores") - only.mape(CHAMPION))


def test_what_was_not_measured_yet_makes_nobody_surer() -> None:
    """The interval is that of a holdout which begins with the first day that counts."""
    absent = NOISY.days < NOISY.days[-63]
    later = leave_out(NOISY, days=absent)
    shapes = {name: getattr(NOISY, name)[:, ~absent] for name in ("forecasts", "counted", "sold")}
    errors = {
        name: replace(each, percentage=each.percentage[:, ~absent], signed=each.signed[:, ~absent])
        for name, each in NOISY.errors.items()
    }
    alone = replace(NOISY, days=NOISY.days[~absent], errors=errors, **shapes)
    for name in ("champion", "store"):
        assert repr(of("equal", name, later)) == repr(of("equal", name, alone))


def test_a_difference_is_that_of_the_two_mapes() -> None:
    own, other, difference = (
        COMPARISON.mape("worse"),
        COMPARISON.mape(REFERENCE),
        COMPARISON.difference("worse", REFERENCE),
    )
    assert own.value == pytest.approx(NOISY.mape("worse"))
    assert difference.value == pytest.approx(own.value - other.value)
    assert difference.low < difference.value < difference.high
    assert difference.high - difference.low < own.high - own.low, "what is hard to forecast for both cancels out"


def test_a_bias_is_forecast_minus_sales_in_percent_of_sales() -> None:
    assert Comparison(made(bias=-3.0), Limits()).bias("own").value == pytest.approx(-3)


def test_who_was_not_measured_is_undefined() -> None:
    assert COMPARISON.mape("nobody") is COMPARISON.bias("nobody") is UNDEFINED
    assert COMPARISON.difference("nobody", CHAMPION) is COMPARISON.difference("equal", "nobody") is UNDEFINED
    assert COMPARISON.has("equal", CHAMPION) and not COMPARISON.has("equal", "nobody")


def test_nothing_that_counts_is_undefined() -> None:
    nothing = np.zeros((2, 56))
    assert COMPARISON.estimate(Excess(nothing + 1, nothing)) is UNDEFINED
    assert not Estimate(1.0, NAN, NAN).known and Estimate(1.0, 0.5, 1.5).known


def test_days_are_those_on_which_anything_counts() -> None:
    assert Comparison(made(days=30), Limits()).days == 30


def test_a_wider_confidence_has_wider_bounds() -> None:
    near, far = (Comparison(NOISY, Limits(confidence=share)).difference("equal", CHAMPION) for share in (0.8, 0.99))
    assert far.low < near.low < near.high < far.high and near.value == far.value


@pytest.mark.parametrize("other", [CHAMPION, None])
def test_parts_add_up_to_the_whole(other: str | None) -> None:
    whole = COMPARISON.excess("worse", other)
    for parts in (COMPARISON.by_group("worse", other, NOISY.stores), COMPARISON.by_week("worse", other)):
        np.testing.assert_allclose(parts.errors.sum(axis=0), whole.errors.sum(axis=0))
        np.testing.assert_array_equal(parts.counted.sum(axis=0), whole.counted.sum(axis=0))


def test_a_group_is_the_sum_of_its_segments() -> None:
    parts, whole = COMPARISON.by_group("worse", CHAMPION, NOISY.stores), COMPARISON.excess("worse", CHAMPION)
    for index, name in enumerate(parts.names):
        np.testing.assert_allclose(parts.by_day(index).errors, whole.errors[NOISY.stores == name].sum(axis=0))


def test_a_week_is_named_by_its_monday_and_has_nothing_outside() -> None:
    parts = COMPARISON.by_week("worse", CHAMPION)
    assert parts.names[0] == "2024-01-29" and len(parts.names) == 182 / 7
    assert parts.days.tolist() == [7] * 26
    left = without_weeks(NOISY, (parts.names[3],)).counted.sum(axis=0)
    np.testing.assert_array_equal(parts.counted[3] > 0, left == 0)


def test_some_parts_by_mask_and_by_order() -> None:
    parts = Parts(np.array(["a", "b", "c"]), np.arange(6.0).reshape(3, 2), np.ones((3, 2)))
    assert parts.difference.tolist() == [0.5, 2.5, 4.5]
    assert parts.chosen(np.array([True, False, True])).names.tolist() == ["a", "c"]
    assert parts.chosen(np.array([2, 0])).difference.tolist() == [4.5, 0.5]
