"""An answer keeps a variant from passing unless it passed, or the question did not arise."""

import math

import pytest

from tasks.forecasting.gate.checks import Check, Outcome


@pytest.mark.parametrize(
    ("outcome", "refuses"), [("pass", False), ("fail", True), ("abstain", True), ("not applicable", False)]
)
def test_what_refuses(outcome: Outcome, refuses: bool) -> None:
    assert Check("absolute", 14.0, 16.0, "%", outcome).refuses is refuses


def test_a_check_has_no_bounds_and_no_facts_unless_its_rule_gives_them() -> None:
    check = Check("days", 56, 28, "days", "pass")
    assert all(map(math.isnan, (check.low, check.high, check.confidence)))
    assert check.against is check.gap is check.facts is check.counterfactual is None
