"""The gate's truth table, rule by rule, and what its counterfactuals claim."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tasks.forecasting.gate.checks import Devices, Fault, Files, Runs
from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.rules import RULES
from tests.forecasting.gate.made_up import (
    BUDGET,
    INF,
    MAPES,
    NAN,
    NOISY,
    OWN,
    PARENT,
    asked,
    made,
    of,
    own,
    without,
)

CASES = ("better", "equal", "slightly worse", "worse", "nan", "inf", "missing", "few days", "zero", "no champion")

TRUTH = """
              better  equal    slightly worse  worse    nan      inf      missing  few days  zero     no champion
absolute      pass    pass     fail            fail     abstain  abstain  abstain  abstain   pass     pass
baseline      pass    pass     fail            fail     abstain  abstain  abstain  abstain   fail     pass
parent        pass    pass     fail            fail     abstain  abstain  abstain  abstain   fail     pass
champion      pass    pass     fail            fail     abstain  abstain  n/a      abstain   fail     n/a
last year     pass    pass     fail            fail     abstain  abstain  n/a      abstain   fail     pass
budget        pass    pass     fail            fail     abstain  abstain  n/a      abstain   fail     pass
store         pass    pass     fail            fail     abstain  abstain  abstain  abstain   fail     pass
item class    pass    pass     fail            fail     abstain  abstain  abstain  abstain   fail     pass
reference     pass    fail     fail            fail     abstain  abstain  abstain  abstain   fail     pass
too good      pass    pass     abstain         abstain  abstain  abstain  abstain  abstain   abstain  pass
bias          pass    pass     fail            fail     abstain  abstain  abstain  abstain   abstain  pass
spread        pass    pass     fail            fail     abstain  abstain  abstain  abstain   -        pass
days          pass    pass     abstain         abstain  -        -        abstain  abstain   -        pass
coverage      pass    pass     abstain         abstain  -        -        abstain  -         -        pass
freshness     pass    pass     fail            fail     -        -        abstain  -         -        pass
size          pass    fail     fail            fail     -        -        n/a      -         -        pass
device        pass    pass     -               fail     -        -        abstain  -         -        pass
file          pass    -        -               fail     -        -        -        -         -        pass
"""
"""Equal is at the limit; zero is a comparison with MAPE 0, or for a bias no sales at all. `-`: there is no such case.
"""

OTHERS = {
    "baseline": ("lstm-64", 1.0),
    "parent": ("lstm-64", 0.5),
    "champion": (CHAMPION, 0.5),
    "last year": (LAST_YEAR, 0.5),
    "budget": (BUDGET, 1.0),
    "store": (INCUMBENT, 2.0),
    "item class": (INCUMBENT, 2.0),
    "reference": (REFERENCE, 0.0),
}
"""What a check compares with, and its limit."""

OWN_MAPES = {
    "absolute": {"better": 13.0, "equal": 16.0, "slightly worse": 16.01, "worse": 90.0, "zero": 0.0},
    "too good": {"better": 14.0, "equal": 9.0, "slightly worse": 8.99, "worse": 1.0, "zero": 0.0},
}

BIASES = {"better": 0.0, "equal": 10.0, "slightly worse": 10.01, "worse": -30.0, "nan": NAN, "inf": INF}

RUNS = {
    "better": (14.0,) * 3,
    "equal": (13.0, 14.0, 15.0),
    "slightly worse": (12.99, 14.0, 15.01),
    "worse": (9.0, 18.0),
}
RUNS |= {"nan": (14.0, NAN), "inf": (14.0, INF), "missing": ()}

FACTS: dict[str, dict[str, Any]] = {
    "days": {
        "better": {"days": 56},
        "equal": {"days": 28},
        "slightly worse": {"days": 27},
        "worse": {"days": 1},
        "missing": {"days": 0},
    },
    "coverage": {
        "better": {},
        "equal": {"counted": 2.5},
        "slightly worse": {"counted": 2.49},
        "worse": {"counted": 0.1},
        "missing": {"days": 0},
    },
    "freshness": {
        "better": {"age_days": 6},
        "equal": {"age_days": 7},
        "slightly worse": {"age_days": 8},
        "worse": {"age_days": 400},
        "missing": {"age_days": None},
    },
    "size": {
        "better": {"file": {"file_bytes": 67_999, "transfer_bytes": 62_999}},
        "equal": {"file": {"file_bytes": 68_000, "transfer_bytes": 63_000}},
        "slightly worse": {"file": {"file_bytes": 1, "transfer_bytes": 63_001}},
        "worse": {"file": {"file_bytes": 90_000, "transfer_bytes": 90_000}},
        "missing": {"file": {"parent": None}},
    },
    "device": {
        "better": {"file": {"misfits": {"tablet": None, "scale": None}}},
        "equal": {"file": {"misfits": {"tablet": None, "scale": "is too large"}}},
        "worse": {"file": {"misfits": {"tablet": "is too slow", "scale": "is too large"}}},
        "missing": {"file": {"misfits": None}},
    },
    "file": {"better": {"file": {"fault": None}}, "worse": {"file": {"fault": "it does not load"}}},
}


def situation(check: str, case: str) -> dict[str, Any]:
    """What to make for a cell of the table."""
    if case == "no champion":
        return {"mapes": without(CHAMPION) | {INCUMBENT: 18.0}}
    if case == "few days":
        return {"days": 27}
    if check in FACTS:
        return FACTS[check][case]
    if check == "spread":
        return {"file": {"run_mapes": RUNS[case]}}
    if check == "bias" and case != "missing":
        return {"sold": 0.0} if case == "zero" else {"bias": BIASES[case]}
    return {"mapes": compared(check, case)}


def compared(check: str, case: str) -> dict[str, Any]:
    if case in ("nan", "inf"):
        return MAPES | {"own": float(case)}
    other, limit = OTHERS.get(check, ("own", NAN))
    if case == "missing":
        return without(other)
    if check in OWN_MAPES:
        return MAPES | {"own": OWN_MAPES[check][case]}
    if case == "zero":
        return MAPES | {other: 0.0}
    return MAPES | {
        "own": MAPES[other] + limit + {"better": -0.1, "equal": 0.0, "slightly worse": 0.01, "worse": 50.0}[case]
    }


def cells() -> Iterator[Any]:
    for line in TRUTH.strip().splitlines()[1:]:
        check, outcomes = line[:14].strip(), line[14:].split()
        for case, outcome in zip(CASES, outcomes, strict=True):
            if outcome != "-":
                yield pytest.param(check, case, outcome.replace("n/a", "not applicable"), id=f"{check}: {case}")


@pytest.mark.parametrize(("check", "case", "outcome"), cells())
def test_truth_table(check: str, case: str, outcome: str) -> None:
    verdict = own(made(**situation(check, case)))
    (answer,) = [each for each in verdict.checks if each.name == check]
    assert answer.outcome == outcome, answer
    assert answer.refuses == (outcome in ("fail", "abstain"))
    refusing = [each for each in verdict.checks if each.refuses]
    assert (verdict.outcome == "pass") == (not refusing), "one check that does not pass stops the variant"


def test_the_table_has_every_check() -> None:
    answered = [check.name for check in own(made()).checks]
    assert sorted(answered) == sorted({cell.values[0] for cell in cells()})
    assert own(made()).outcome == "pass"


def test_everything_zero_is_no_reason_to_pass() -> None:
    """Neither beats a reference that is right to the unit, nor is it 100 % better."""
    assert asked("reference", made(dict.fromkeys(MAPES, 0.0))).outcome == "fail"
    assert asked("too good", made(dict.fromkeys(MAPES, 0.0))).value == 0
    assert asked("too good", made(dict.fromkeys(MAPES, 0.0) | {"own": NAN})).outcome == "abstain"


def test_one_run_has_no_spread_unless_it_is_undefined() -> None:
    assert asked("spread", made(file={"run_mapes": (14.0,)})).outcome == "not applicable"
    assert asked("spread", made(file={"run_mapes": (NAN,)})).outcome == "abstain"


def test_a_first_release_needs_some_other_limit() -> None:
    first = made(without(CHAMPION, LAST_YEAR, BUDGET))
    assert asked("champion", first, Limits(max_mape=None)).outcome == "not applicable"
    assert asked("champion", first, Limits(max_mape=None, beat_reference=False)).outcome == "abstain"


def test_a_value_within_the_limit_does_not_pass_unless_it_surely_is() -> None:
    sure = of("equal", "champion")
    assert sure.low < sure.value < sure.high <= sure.limit and sure.outcome == "pass"
    between = (sure.value + sure.high) / 2
    unsure = of("equal", "champion", max_worse_than_champion_pp=max(between, 0))
    assert unsure.outcome == "fail" and unsure.value <= unsure.limit < unsure.high
    assert of("equal", "champion", max_worse_than_champion_pp=max(between, 0), confidence=0.5).outcome == "pass"


@pytest.mark.parametrize(
    ("variant", "name", "limit"),
    [
        ("worse", "absolute", "max_mape"),
        ("worse", "baseline", "max_worse_than_baseline_pp"),
        ("worse", "parent", "max_worse_than_parent_pp"),
        ("worse", "champion", "max_worse_than_champion_pp"),
        ("worse", "item class", "max_worse_in_a_class_pp"),
        ("bad stores", "champion", "max_worse_than_champion_pp"),
        ("bad stores", "store", "max_worse_in_a_store_pp"),
    ],
)
def test_what_was_needed_suffices_and_less_does_not(variant: str, name: str, limit: str) -> None:
    tight = 10.0 if name == "absolute" else 0.25
    refused = of(variant, name, **{limit: tight})
    assert refused.outcome == "fail" and refused.counterfactual
    enough = tight + refused.counterfactual.needed
    assert of(variant, name, **{limit: enough}).outcome == "pass"
    assert of(variant, name, **{limit: enough - 0.02}).outcome == "fail"


def test_what_was_needed_to_beat_the_reference() -> None:
    evidence = replace(NOISY, errors=NOISY.errors | {REFERENCE: NOISY.errors["equal"]})
    needed = of("worse", "reference", evidence).counterfactual.needed
    for better, outcome in ((needed, "pass"), (needed - 0.02, "fail")):
        worse = evidence.errors["worse"]
        improved = replace(worse, percentage=worse.percentage - better * evidence.counted)
        assert (
            of("worse", "reference", replace(evidence, errors=evidence.errors | {"worse": improved})).outcome == outcome
        )


def test_as_good_as_the_reference_to_the_last_bit_needs_the_least_that_shows() -> None:
    """The reference must be beaten: a bound at zero is not below it."""
    equal = asked("reference", made(MAPES | {"own": 18.0}))
    assert (equal.value, equal.high, equal.limit) == (18.0, 18.0, 18.0)
    assert equal.counterfactual and equal.counterfactual.needed == 0.01


@pytest.mark.parametrize(
    ("check", "change", "facts"),
    [
        ("file", {"file": {"fault": "it does not load"}}, Fault("it does not load")),
        ("size", {}, Files(OWN, PARENT)),
        ("device", {}, Devices({"tablet": None, "scale": "is too large"})),
        ("spread", {"file": {"run_mapes": (14.0, 14.5, 15.0)}}, Runs(3)),
        ("days", {}, None),
    ],
)
def test_a_check_has_the_facts_that_it_rests_on(check: str, change: dict[str, Any], facts: object) -> None:
    assert asked(check, made(**change)).facts == facts


@pytest.mark.parametrize(
    ("check", "change", "gap"),
    [
        ("champion", {"mapes": MAPES | {"own": NAN}}, "undefined"),
        ("store", {"mapes": without(INCUMBENT)}, "undefined"),
        ("absolute", {"days": 27}, "few days"),
        ("freshness", {"age_days": None}, "unknown age"),
        ("device", {"file": {"misfits": {}}}, "no device class"),
        ("parent", {"file": {"parent": None}}, "no parent"),
        ("size", {"file": {"parent": None}}, "no parent"),
        ("champion", {"mapes": without(CHAMPION)}, "no champion"),
        ("last year", {"mapes": without(LAST_YEAR)}, "no release last year"),
        ("budget", {"mapes": without(BUDGET)}, "no earlier model"),
        ("spread", {"file": {"run_mapes": (14.0,)}}, "one run"),
        ("absolute", {}, None),
    ],
)
def test_a_question_without_an_answer_says_why(check: str, change: dict[str, Any], gap: str | None) -> None:
    assert asked(check, made(**change)).gap == gap


def test_the_budget_is_held_against_the_model_that_it_is_worst_against() -> None:
    earlier = MAPES | {"budget 91": 13.9, "budget 182": 13.5, "budget 273": 13.8}
    check = asked("budget", made(earlier))
    assert (check.against, check.value) == ("budget 182", pytest.approx(0.5))
    assert asked("budget", made(earlier | {"budget 273": NAN})).gap == "undefined"


def test_bounds_have_the_confidence_that_was_asked_for() -> None:
    for confidence in (0.8, 0.95):
        assert of("equal", "champion", confidence=confidence).confidence == confidence
    assert math.isnan(of("equal", "days").confidence) and math.isnan(of("equal", "spread").confidence)


def test_sales_of_the_future_are_not_fresh() -> None:
    assert asked("freshness", made(age_days=0)).outcome == "pass"
    assert asked("freshness", made(age_days=-1)).outcome == "fail"


@pytest.mark.parametrize("side", [1, -1])
def test_a_bias_within_the_limit_does_not_pass_unless_its_bound_is(side: int) -> None:
    weeks = np.repeat(np.tile([[4.0, 4.0, -4.0, -4.0]], 2), 7, axis=1)
    evidence = made(bias=side * 9.5)
    errors = evidence.errors["own"]
    noisy = replace(evidence, errors=evidence.errors | {"own": replace(errors, signed=errors.signed + weeks)})
    check = asked("bias", noisy)
    assert abs(check.value) < check.limit < max(abs(check.low), abs(check.high))
    assert check.outcome == "fail" and asked("bias", evidence).outcome == "pass"


def test_every_limit_has_a_rule() -> None:
    how_sure = {"min_days", "abstain", "confidence", "block_weeks", "draws"}
    assert set(RULES) == set(Limits.model_fields) - how_sure
