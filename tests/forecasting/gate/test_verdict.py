"""The gate's truth table, what its counterfactuals claim, and that a larger error never helps."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.synthetic_gate import Trial
from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import windows
from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE, Errors, Evidence, File, Forecast
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

NAN, INF = math.nan, math.inf
BUDGET = "budget 3 months ago"
STORES, DAYS = ("1", "2", "3", "4"), 56
ASKED = 10.0
"""Forecasts of a cell and day, all of which count; they sell 100 units."""
MAPES = {"own": 14.0, "lstm-64": 14.0, CHAMPION: 14.0, INCUMBENT: 14.0, LAST_YEAR: 14.0, BUDGET: 14.0, REFERENCE: 18.0}
PARENT = File("lstm-64", None, None, 68_000, 63_000, (14.0, 14.0))
OWN = File("own", "lstm-64", None, 18_000, 16_000, (14.0, 14.0), {"tablet": None, "scale": "is too large"})
LIMITS = Limits(max_mape=16.0, max_age_days=7)


def made(
    mapes: Mapping[str, Any] = MAPES,
    days: int = DAYS,
    counted: float = ASKED,
    sold: float = 100.0,
    bias: float = 0.0,
    file: Mapping[str, Any] | None = None,
    age_days: int | None = 3,
) -> Evidence:
    """Two item classes in each of four stores, where every day is like any other unless a MAPE has a shape."""
    stores, classes = np.repeat(STORES, 2), np.tile(["A", "B"], 4)
    shape = (len(stores), DAYS)
    counts = np.zeros(shape)
    counts[:, :days] = counted
    signed = np.full(shape, bias / 100 * sold)
    errors = {
        name: Errors(name, np.where(counts > 0, np.broadcast_to(mape, shape) * counts, 0), signed, np.ones(8, bool))
        for name, mape in mapes.items()
    }
    return Evidence(
        "a policy",
        25.0,
        stores,
        classes,
        np.datetime64("2024-01-01") + np.arange(DAYS),
        np.full(shape, ASKED),
        counts,
        np.full(shape, sold),
        (PARENT, replace(OWN, **(file or {}))),
        errors,
        age_days,
    )


def without(*names: str) -> dict[str, Any]:
    return {name: mape for name, mape in MAPES.items() if name not in names}


def own(evidence: Evidence, limits: Limits = LIMITS) -> Verdict:
    return judge(evidence, limits)[1]


def asked(name: str, evidence: Evidence, limits: Limits = LIMITS) -> Check:
    (check,) = [check for check in own(evidence, limits).checks if check.name == name]
    return check


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
    assert answer.outcome == outcome, answer.sentence
    assert (answer.sentence in verdict.reasons) == (outcome in ("fail", "abstain"))
    assert (verdict.outcome == "pass") == (not verdict.reasons), "one check that does not pass stops the variant"


def test_the_table_has_every_check() -> None:
    answered = [check.name for check in own(made()).checks]
    assert sorted(answered) == sorted({cell.values[0] for cell in cells()})
    assert own(made()).outcome == "pass"


@pytest.mark.parametrize("other", [*MAPES])
@pytest.mark.parametrize("value", [NAN, INF])
def test_an_undefined_error_of_anybody_never_passes(other: str, value: float) -> None:
    assert own(made(MAPES | {other: value})).outcome != "pass"
    one_day = np.full((8, DAYS), MAPES[other])
    one_day[3, 5] = value
    assert own(made(MAPES | {other: one_day})).outcome != "pass"


def test_everything_zero_is_no_reason_to_pass() -> None:
    """Neither beats a reference that is right to the unit, nor is it 100 % better."""
    assert asked("reference", made(dict.fromkeys(MAPES, 0.0))).outcome == "fail"
    assert asked("too good", made(dict.fromkeys(MAPES, 0.0))).value == 0
    assert asked("too good", made(dict.fromkeys(MAPES, 0.0) | {"own": NAN})).outcome == "abstain"


def test_one_run_has_no_spread_unless_it_is_undefined() -> None:
    assert asked("spread", made(file={"run_mapes": (14.0,)})).outcome == "not applicable"
    assert asked("spread", made(file={"run_mapes": (NAN,)})).outcome == "abstain"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param({}, "pass", id="all pass"),
        pytest.param({"mapes": without(CHAMPION, BUDGET)}, "pass", id="not applicable does not count"),
        pytest.param({"mapes": MAPES | {CHAMPION: NAN}}, "abstain", id="abstain beats pass"),
        pytest.param({"mapes": MAPES | {CHAMPION: NAN, INCUMBENT: 1.0}}, "fail", id="fail beats abstain"),
        pytest.param({"days": 3, "file": {"fault": "it does not load"}}, "fail", id="fail beats too few days"),
        pytest.param({"mapes": {}}, "abstain", id="nothing known"),
    ],
)
def test_verdict(change: dict[str, Any], outcome: str) -> None:
    assert own(made(**change)).outcome == outcome


@pytest.mark.parametrize(
    ("limit", "check"),
    [
        ("max_mape", "absolute"),
        ("max_worse_than_baseline_pp", "baseline"),
        ("max_worse_than_parent_pp", "parent"),
        ("max_worse_than_champion_pp", "champion"),
        ("max_worse_than_last_year_pp", "last year"),
        ("max_worse_in_a_year_pp", "budget"),
        ("max_worse_in_a_store_pp", "store"),
        ("max_worse_in_a_class_pp", "item class"),
        ("max_better_than_reference", "too good"),
        ("max_bias_pct", "bias"),
        ("max_spread_pp", "spread"),
        ("max_age_days", "freshness"),
    ],
)
def test_a_limit_of_none_is_not_asked(limit: str, check: str) -> None:
    limits = Limits(**LIMITS.model_dump() | {limit: "none"})
    assert {each.name for each in own(made(), limits).checks} == {each.name for each in own(made()).checks} - {check}


NO_LIMIT: dict[str, Any] = {name: None for name in Limits.model_fields if name.startswith(("max_mape", "max_worse"))}


def test_no_limit_on_mape_at_all_is_an_error() -> None:
    with pytest.raises(ValidationError, match="no limits at all"):
        Limits(**NO_LIMIT, beat_reference=False)


@pytest.mark.parametrize("one", [{"beat_reference": True}, *({name: 1.0} for name in NO_LIMIT)], ids=str)
def test_one_limit_is_enough(one: dict[str, Any]) -> None:
    Limits(**{**NO_LIMIT, "beat_reference": False, **one})


@pytest.mark.parametrize("name", [*NO_LIMIT, "max_bias_pct", "max_spread_pp", "max_better_than_reference"])
@pytest.mark.parametrize("value", [NAN, INF, -1.0])
def test_a_limit_that_limits_nothing_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Limits(**{name: value})


def test_a_misspelt_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Limits(**{"max_mappe": 20.0})


def test_what_cannot_be_answered_may_mean_a_refusal() -> None:
    strict = LIMITS.model_copy(update={"abstain": "refuse"})
    assert own(made(MAPES | {CHAMPION: NAN}), strict).outcome == "fail"
    assert own(made(days=27), strict).outcome == "fail"
    assert own(made(MAPES | {"own": 5.0}), strict).outcome == "abstain", "too good: a person must look all the same"
    assert own(made(), strict).outcome == "pass"


def test_a_first_release_needs_some_other_limit() -> None:
    first = made(without(CHAMPION, LAST_YEAR, BUDGET))
    assert asked("champion", first, Limits(max_mape=None)).outcome == "not applicable"
    assert asked("champion", first, Limits(max_mape=None, beat_reference=False)).outcome == "abstain"


def test_verdicts_are_the_same_once_evidence_was_stored() -> None:
    evidence = Trial(days=91).evidence({"equal": 0.0, "worse": 2.0})
    stored = Evidence.from_bytes(evidence.to_bytes())
    assert repr(judge(stored, LIMITS)) == repr(judge(evidence, LIMITS))
    assert stored.to_bytes() == evidence.to_bytes()


# what is true of noisy errors


BAD_STORES = np.array([0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0])
CHAIN = Trial(stores=10, items=4, days=182, seed=3)
NOISY = CHAIN.evidence({"equal": 0.0, "worse": 1.5, "bad stores": BAD_STORES})


def of(variant: str, name: str, evidence: Evidence = NOISY, **limits: Any) -> Check:
    (verdict,) = [each for each in judge(evidence, Limits(**limits)) if each.variant == variant]
    (check,) = [each for each in verdict.checks if each.name == name]
    return check


def test_a_value_within_the_limit_does_not_pass_unless_it_surely_is() -> None:
    sure = of("equal", "champion")
    assert sure.low < sure.value < sure.high <= sure.limit and sure.outcome == "pass"
    between = (sure.value + sure.high) / 2
    unsure = of("equal", "champion", max_worse_than_champion_pp=max(between, 0))
    assert unsure.outcome == "fail" and "but not surely within" in unsure.sentence
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


def leave_out(evidence: Evidence, cells: Any = (), days: Any = ()) -> Evidence:
    """As if some cells or days, chosen by masks, had not been measured."""
    kept = np.ones(evidence.counted.shape, bool)
    kept[np.flatnonzero(cells)] = False
    kept[:, np.flatnonzero(days)] = False
    errors = {
        name: replace(each, percentage=np.where(kept, each.percentage, 0), signed=np.where(kept, each.signed, 0))
        for name, each in evidence.errors.items()
    }
    shared = {name: getattr(evidence, name) * kept for name in ("forecasts", "counted", "sold")}
    return replace(evidence, errors=errors, **shared)


def without_stores(evidence: Evidence, stores: tuple[str, ...]) -> Evidence:
    return leave_out(evidence, cells=np.isin(evidence.stores, stores))


def without_weeks(evidence: Evidence, mondays: tuple[str, ...]) -> Evidence:
    first = np.array(mondays, "datetime64[D]")
    return leave_out(evidence, days=((evidence.days[:, None] - first).astype(int) // 7 == 0).any(axis=1))


@pytest.mark.parametrize("name", ["champion", "store"])
def test_without_the_stores_named_it_passes_and_with_one_of_them_it_does_not(name: str) -> None:
    refused = of("bad stores", name, max_worse_in_a_store_pp=0.5)
    stores = refused.counterfactual.stores
    assert (
        stores[0] == "3"
        and set(stores) <= {"3", "7"}
        and all(store in refused.counterfactual.sentence for store in stores)
    )
    assert of("bad stores", name, without_stores(NOISY, stores), max_worse_in_a_store_pp=0.5).outcome == "pass"
    assert of("bad stores", name, without_stores(NOISY, stores[:-1]), max_worse_in_a_store_pp=0.5).outcome == "fail"


def test_both_bad_stores_are_named() -> None:
    assert of("bad stores", "store", max_worse_in_a_store_pp=0.5).counterfactual.stores == ("3", "7")


def test_without_the_weeks_named_it_passes_and_with_one_of_them_it_does_not() -> None:
    """A promotion of three weeks that it did not foresee."""
    hit = (NOISY.days >= np.datetime64("2024-03-11")) & (NOISY.days < np.datetime64("2024-04-01"))
    errors = NOISY.errors["equal"]
    missed = replace(errors, percentage=errors.percentage + np.where(hit, 12, 0) * NOISY.counted)
    evidence = replace(NOISY, errors=NOISY.errors | {"equal": missed})
    weeks = of("equal", "champion", evidence).counterfactual.weeks
    assert set(weeks) <= {"2024-03-11", "2024-03-18", "2024-03-25"} and len(weeks) > 1
    assert of("equal", "champion", without_weeks(evidence, weeks)).outcome == "pass"
    assert of("equal", "champion", without_weeks(evidence, weeks[:-1])).outcome == "fail"


def test_no_few_stores_are_named_where_all_are_alike() -> None:
    counterfactual = of("worse", "champion").counterfactual
    assert not counterfactual.stores and "no few stores explain it" in counterfactual.sentence


def test_the_worst_off_stores_are_the_worst() -> None:
    (verdict,) = [each for each in judge(NOISY, LIMITS) if each.variant == "bad stores"]
    differences = {}
    for store in set(NOISY.stores.tolist()):
        alone = leave_out(NOISY, cells=NOISY.stores != store)
        differences[store] = alone.mape("bad stores") - alone.mape(INCUMBENT)
    worst = sorted(differences, key=lambda store: -differences[store])[:3]
    assert [each.name for each in verdict.worst_off] == worst and worst[:2] == ["3", "7"]
    for each in verdict.worst_off:
        assert each.difference == pytest.approx(differences[each.name])


def test_an_overrun_by_one_store_only() -> None:
    """Over all stores it keeps to every limit."""
    alone = CHAIN.evidence({"own": np.where(np.arange(10) == 4, 7.0, 0.0)})
    (verdict,) = judge(alone, Limits(max_worse_than_champion_pp=1.5, max_worse_than_parent_pp=1.5))[1:]
    assert [check.name for check in verdict.checks if check.outcome == "fail"] == ["store"]
    assert verdict.worst_off[0].name == "5"


@pytest.mark.parametrize(("stores", "outcome"), [(("1", "2"), "pass"), (("3", "7"), "fail")], ids=str)
def test_a_champion_in_some_stores_is_compared_with_in_these(stores: tuple[str, ...], outcome: str) -> None:
    """What it would say elsewhere is not asked, and may be undefined."""
    runs = np.isin(NOISY.stores, stores)
    champion = NOISY.errors[CHAMPION]
    there = replace(champion, percentage=np.where(runs[:, None], champion.percentage, NAN), runs=runs)
    evidence = replace(NOISY, errors=NOISY.errors | {CHAMPION: there})
    check = of("bad stores", "champion", evidence, max_worse_than_champion_pp=1.5)
    only = leave_out(NOISY, cells=~runs)
    assert check.outcome == outcome
    assert check.value == pytest.approx(only.mape("bad stores") - only.mape(CHAMPION))


def new_store(days: int) -> Evidence:
    """Store 7 and its sales are there for the last days only."""
    absent = np.zeros(NOISY.counted.shape, bool)
    absent[NOISY.stores == "7", : len(NOISY.days) - days] = True
    kept = {name: np.where(absent, 0, getattr(NOISY, name)) for name in ("forecasts", "counted", "sold")}
    errors = {
        name: replace(each, percentage=np.where(absent, 0, each.percentage), signed=np.where(absent, 0, each.signed))
        for name, each in NOISY.errors.items()
    }
    return replace(NOISY, errors=errors, **kept)


def test_a_new_store_with_too_few_days_is_named_and_not_judged() -> None:
    judged = of("bad stores", "store", new_store(27), max_worse_in_a_store_pp=0.5)
    assert judged.counterfactual.stores == ("3",)
    assert "not judged for want of days: 7" in judged.sentence


def test_a_new_store_with_days_enough_is_judged_by_these() -> None:
    judged = of("bad stores", "store", new_store(63), max_worse_in_a_store_pp=0.5)
    assert set(judged.counterfactual.stores) == {"3", "7"}


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


# a larger error never helps


COLUMNS = 28 + 35
TIGHT = Limits(
    max_mape=20.0,
    max_worse_than_champion_pp=1.0,
    max_worse_in_a_store_pp=2.0,
    max_worse_in_a_class_pp=1.0,
    max_bias_pct=None,
    draws=100,
    confidence=0.8,
)


def panel(rng: np.random.Generator) -> Panel:
    codes = np.arange(1, 5).astype(str)
    sales = rng.integers(5, 30, (4, COLUMNS)).astype(np.float32)
    return Panel(codes, np.array(["1"] * 4), np.datetime64("2024-01-01") + np.arange(COLUMNS), sales)


def verdicts(yardstick: EvaluationSet, forecast: Any, other: Any, limits: Limits) -> tuple[Verdict, ...]:
    names = ("lstm-64", CHAMPION, INCUMBENT, LAST_YEAR, BUDGET)
    forecasts = {name: Forecast(name, other) for name in names} | {REFERENCE: Forecast("naive", 1.15 * other)}
    return tuple(judge(Evidence.of(yardstick, (PARENT, OWN), forecasts | {"own": Forecast("own", forecast)}), limits))


def never_helped(before: Verdict, after: Verdict) -> None:
    outcomes = {check.name: check.outcome for check in after.checks}
    for check in before.checks:
        assert not (check.outcome == "fail" and outcomes[check.name] == "pass"), check.name
    assert not (before.outcome == "fail" and after.outcome == "pass")


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    worse=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    bad=st.sampled_from([0.0, 4.0, 8.0, 20.0]),
    days=st.sampled_from([1, 3, 10, 35]),
    stores=st.sets(st.integers(0, 3), min_size=1),
    further=st.sampled_from([0.01, 0.2, 1.0, 10.0, 1e300, INF]),
)
def test_a_larger_error_never_helps(
    seed: int, worse: float, bad: float, days: int, stores: set[int], further: float
) -> None:
    """Whichever store-days it is on; bias and spread, which errors of opposite kinds make smaller, are below.

    `worse` is by how many percent of sales it is worse than the others everywhere, `bad` in the first store.
    """
    rng = np.random.default_rng(seed)
    yardstick = EvaluationSet(windows(panel(rng), 28, COLUMNS), 28, MapePolicy())
    sold, series = yardstick.windows.actual.astype(float), yardstick.windows.series
    other = sold + rng.integers(-3, 4, len(sold))
    side = np.where(other >= sold, 1, -1)
    forecast = other + side * sold / 100 * (worse + np.where(series == 0, bad, 0) + rng.normal(0, 5, len(sold)))
    on = rng.choice(np.arange(28, COLUMNS), days, replace=False)
    moved = np.isin(yardstick.windows.column, on) & np.isin(series, list(stores))
    larger = np.where(moved, forecast + np.where(forecast >= sold, further, -further), forecast)
    before, after = (verdicts(yardstick, each, other, TIGHT)[1] for each in (forecast, larger))
    never_helped(before, after)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.sampled_from([-12.0, -8.0, 0.0, 8.0, 12.0]), share=st.floats(0, 1))
def test_a_larger_bias_never_helps(seed: int, level: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    evidence = made(bias=level)
    noise = np.repeat(rng.normal(0, 100, (8, 8)), 7, axis=1)
    errors = replace(evidence.errors["own"], signed=evidence.errors["own"].signed + noise)
    on = np.where(rng.random(noise.shape) < share, abs(rng.normal(0, 30)), 0) * np.sign(errors.signed.sum())
    before, after = (
        own(replace(evidence, errors=evidence.errors | {"own": each}))
        for each in (errors, replace(errors, signed=errors.signed + on))
    )
    never_helped(before, after)


def test_a_bias_is_held_against_the_side_that_it_is_on() -> None:
    """A week that balanced a bias, and made it unsure, is gone: that is no improvement."""
    weeks = np.repeat([[9.0, 9.0, 9.0, -59.0, 9.0, 9.0, 9.0, 9.0]], 7, axis=1)
    evidence = made()
    before, after = (
        own(replace(evidence, errors=evidence.errors | {"own": replace(evidence.errors["own"], signed=each)}))
        for each in (np.repeat(weeks, 8, axis=0), np.repeat(np.maximum(weeks, -9), 8, axis=0))
    )
    never_helped(before, after)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(5, 50), min_size=2, max_size=5), st.floats(1, 4))
def test_a_larger_spread_never_helps(mapes: list[float], factor: float) -> None:
    middle = float(np.mean(mapes))
    further = tuple(middle + factor * (mape - middle) for mape in mapes)
    never_helped(own(made(file={"run_mapes": tuple(mapes)})), own(made(file={"run_mapes": further})))
