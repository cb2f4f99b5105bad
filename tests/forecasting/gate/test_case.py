"""How a question about a variant is answered: by its bound, if there are days enough, and with what it came from."""

import math

import pytest

from tasks.forecasting.gate.case import Case, at_most, measured, not_asked, not_worse, undefined
from tasks.forecasting.gate.comparison import UNDEFINED, Comparison, Estimate
from tasks.forecasting.gate.evidence import CHAMPION, Evidence
from tasks.forecasting.gate.limits import Limits
from tests.forecasting.gate.made_up import MAPES, OWN, PARENT, made, without


def case(evidence: Evidence | None = None) -> Case:
    return Case(Comparison(evidence or made(), Limits()), OWN, PARENT, "lstm-64")


@pytest.mark.parametrize(("high", "outcome"), [(0.4, "pass"), (0.5, "pass"), (0.51, "fail")])
def test_the_upper_bound_decides(high: float, outcome: str) -> None:
    check = at_most(case(), "champion", Estimate(0.3, 0.1, high), 0.5, "pp", CHAMPION, "what runs")
    assert (check.outcome, check.value, check.high, check.against) == (outcome, 0.3, high, "what runs")
    assert (check.counterfactual is not None) == (outcome == "fail")


def test_an_undefined_estimate_has_no_answer_but_says_against_what() -> None:
    check = at_most(case(), "champion", UNDEFINED, 0.5, "pp", CHAMPION, "what runs")
    assert (check.outcome, check.gap, check.against) == ("abstain", "undefined", "what runs")
    assert not_worse(case(made(without(CHAMPION))), "champion", CHAMPION, 0.5).gap == "undefined"


def test_too_few_days_make_no_answer_and_explain_nothing() -> None:
    short = case(made(MAPES | {"own": 20.0}, days=27))
    check = not_worse(short, "champion", CHAMPION, 0.5)
    assert (check.outcome, check.gap, check.counterfactual) == ("abstain", "few days", None)
    assert check.value == pytest.approx(6) and check.high == pytest.approx(6)


def test_confidence_is_that_of_bounds() -> None:
    with_bounds, without_any = (
        measured(case(), "bias", Estimate(1.0, low, high), 2, "%", "pass")
        for low, high in ((0.5, 1.5), (math.nan, math.nan))
    )
    assert with_bounds.confidence == 0.95 and math.isnan(without_any.confidence)


def test_what_is_needed_is_rounded_up_so_that_it_suffices() -> None:
    check = at_most(case(), "champion", Estimate(0.9, 0.8, 0.901), 0.5, "pp", CHAMPION, "what runs")
    assert check.counterfactual and check.counterfactual.needed == 0.41


def test_a_question_without_a_number() -> None:
    for check, outcome in (
        (undefined("bias", 10, "%"), "abstain"),
        (not_asked("spread", 1, "one run"), "not applicable"),
    ):
        assert check.outcome == outcome and math.isnan(check.value) and check.gap
