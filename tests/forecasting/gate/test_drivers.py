"""Without the stores or weeks named a variant passes, and with one of them it does not."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.forecasting.gate.comparison import Comparison
from tasks.forecasting.gate.drivers import Bar, counterfactual, rounded_up
from tasks.forecasting.gate.evidence import CHAMPION
from tasks.forecasting.gate.limits import Limits
from tests.forecasting.gate.made_up import NOISY, of, without_stores, without_weeks


@pytest.mark.parametrize("name", ["champion", "store"])
def test_without_the_stores_named_it_passes_and_with_one_of_them_it_does_not(name: str) -> None:
    refused = of("bad stores", name, max_worse_in_a_store_pp=0.5)
    named = refused.counterfactual.stores
    assert named[0] == "3" and set(named) <= {"3", "7"}
    assert of("bad stores", name, without_stores(NOISY, named), max_worse_in_a_store_pp=0.5).outcome == "pass"
    assert of("bad stores", name, without_stores(NOISY, named[:-1]), max_worse_in_a_store_pp=0.5).outcome == "fail"


def test_without_the_weeks_named_it_passes_and_with_one_of_them_it_does_not() -> None:
    """A promotion of three weeks that it did not foresee."""
    hit = (NOISY.days >= np.datetime64("2024-03-11")) & (NOISY.days < np.datetime64("2024-04-01"))
    errors = NOISY.errors["equal"]
    missed = replace(errors, percentage=errors.percentage + np.where(hit, 12, 0) * NOISY.counted)
    evidence = replace(NOISY, errors=NOISY.errors | {"equal": missed})
    named = of("equal", "champion", evidence).counterfactual.weeks
    assert set(named) <= {"2024-03-11", "2024-03-18", "2024-03-25"} and len(named) > 1
    assert of("equal", "champion", without_weeks(evidence, named)).outcome == "pass"
    assert of("equal", "champion", without_weeks(evidence, named[:-1])).outcome == "fail"


def test_no_few_stores_are_named_where_all_are_alike() -> None:
    counterfactual = of("worse", "champion").counterfactual
    assert not counterfactual.stores and counterfactual.most in NOISY.stores


@pytest.mark.parametrize(
    ("high", "at_most", "below"),
    [(0.4, True, True), (0.5, True, False), (0.6, False, False), (float("nan"), False, False)],
)
def test_a_bar_is_cleared_at_the_limit_unless_it_is_strict(high: float, at_most: bool, below: bool) -> None:
    assert Bar(0.5).clears(high) is at_most
    assert Bar(0.5, strict=True).clears(high) is below


@pytest.mark.parametrize(("strict", "high", "needed"), [(False, 0.901, 0.41), (False, 0.9, 0.4), (True, 0.9, 0.41)])
def test_what_a_bound_must_fall_by_is_rounded_up_so_that_it_suffices(strict: bool, high: float, needed: float) -> None:
    assert Bar(0.5, strict).needed(high) == needed
    assert [rounded_up(value) for value in (0.301, 0.3, -0.301)] == [0.31, 0.3, -0.3]


def test_what_adds_most_is_named_where_no_few_stores_explain_it() -> None:
    comparison = Comparison(NOISY, Limits())
    found = counterfactual(comparison, "bad stores", CHAMPION, 2.0, Bar(0.5))
    assert (found.needed, found.stores[0], found.most) == (1.5, "3", None)
    beyond_all = counterfactual(comparison, "bad stores", CHAMPION, 2.0, Bar(-100.0))
    assert (beyond_all.stores, beyond_all.most) == ((), "3")
    own_mape = counterfactual(comparison, "worse", None, 20.0, Bar(0.0))
    assert own_mape.weeks == (), "no quarter of the weeks explains a MAPE"
