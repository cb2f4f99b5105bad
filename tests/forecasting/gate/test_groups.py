"""Stores are judged all at once: the bad ones are named, no healthy one is, and too few days accuse nobody."""

import math

import numpy as np
import pytest

from tasks.forecasting.gate.bootstrap import Draws
from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.comparison import UNDEFINED, Comparison
from tasks.forecasting.gate.evidence import INCUMBENT, Evidence
from tasks.forecasting.gate.groups import Worst, _holm, ranked, worst
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import judge
from tests.forecasting.gate.made_up import CHAIN, NOISY, leave_out, new_store, of


def judged(variant: str, evidence: Evidence = NOISY, limit: float = 0.5) -> Worst:
    return worst(Comparison(evidence, Limits()), variant, INCUMBENT, evidence.stores, limit)


def facts(check: Check) -> Worst:
    assert isinstance(check.facts, Worst)
    return check.facts


def test_both_bad_stores_are_named() -> None:
    assert of("bad stores", "store", max_worse_in_a_store_pp=0.5).counterfactual.stores == ("3", "7")


def test_an_overrun_by_one_store_only() -> None:
    """Over all stores it keeps to every limit."""
    alone = CHAIN.evidence({"own": np.where(np.arange(10) == 4, 7.0, 0.0)})
    (verdict,) = judge(alone, Limits(max_worse_than_champion_pp=1.5, max_worse_than_parent_pp=1.5))[1:]
    assert [check.name for check in verdict.checks if check.outcome == "fail"] == ["store"]
    assert verdict.worst_stores[0].name == "5"


def test_a_new_store_with_too_few_days_is_named_and_not_judged() -> None:
    check = of("bad stores", "store", new_store(27), max_worse_in_a_store_pp=0.5)
    assert check.counterfactual.stores == ("3",)
    assert facts(check).short == ("7",)


def test_a_new_store_with_days_enough_is_judged_by_these() -> None:
    check = of("bad stores", "store", new_store(63), max_worse_in_a_store_pp=0.5)
    assert set(check.counterfactual.stores) == {"3", "7"}


def test_groups_are_ranked_by_what_was_measured() -> None:
    found = judged("bad stores")
    for each in found.groups:
        alone = leave_out(NOISY, cells=NOISY.stores != each.name)
        assert each.difference == pytest.approx(alone.mape("bad stores") - alone.mape(INCUMBENT))
    differences = [each.difference for each in found.groups]
    assert differences == sorted(differences, reverse=True) and len(differences) == 10
    assert ranked(Comparison(NOISY, Limits()), "bad stores", INCUMBENT, NOISY.stores) == found.groups


def test_the_estimate_is_that_of_the_first_flagged_else_of_the_worst() -> None:
    found = judged("bad stores")
    assert found.flagged[0] == "3" and found.estimate.value == dict(found.groups)["3"]
    assert 0.5 < found.estimate.low < found.estimate.value < found.estimate.high
    healthy = judged("equal", limit=2.0)
    assert (healthy.flagged, healthy.estimate.value) == ((), healthy.groups[0].difference)
    assert math.isnan(healthy.enough)


def test_the_limit_that_would_have_been_enough_flags_nobody_and_a_smaller_one_does() -> None:
    enough = judged("bad stores").enough
    assert not judged("bad stores", limit=enough).flagged
    assert judged("bad stores", limit=enough - 0.01).flagged


def test_without_any_group_there_is_no_estimate() -> None:
    nothing = judged("equal", leave_out(NOISY, days=NOISY.days >= NOISY.days[20]))
    assert nothing.groups == () and nothing.estimate is UNDEFINED and len(nothing.short) == 10


def test_holm_rejects_step_by_step() -> None:
    """Two of three groups are flagged, the second only since the first no longer shares the chance."""
    ratios = np.arange(1, 1001) / 1000

    def above(share: float) -> Draws:
        """Draws of which this share is at or below zero."""
        return Draws(ratios - share, 1e9)

    suspects = {0: above(0.010), 1: above(0.020), 2: above(0.2)}
    assert _holm(suspects, 0.0, 3, 0.05) == [0, 1]
    assert _holm({1: suspects[1]}, 0.0, 3, 0.05) == [], "alone it has a third of the chance"
    assert _holm({}, 0.0, 3, 0.05) == []
