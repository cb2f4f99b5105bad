"""The gate's truth table: every check on either side of its limit, at it, and where it is undefined."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.forecasting.gate import Evidence, Limits, judge

GOOD = Evidence(
    variant="lstm-32",
    mape=14.0,
    days=363,
    baseline_mape=14.0,
    reference_mape=14.5,
    champion_mape=14.0,
    fault=None,
    file_bytes=18_000,
    transfer_bytes=16_000,
    parent=("lstm-64", 68_000, 63_000),
)
LIMITS = Limits(max_mape=16.0, max_worse_than_baseline_pp=1.0, max_worse_than_champion_pp=0.5, min_days=28)
NAN, INF = math.nan, math.inf


def _case(check: str, case: str, change: dict[str, Any], outcome: str) -> Any:
    return pytest.param(check, change, outcome, id=f"{check}: {case}")


TABLE = [
    _case("absolute", "better", {"mape": 13.0}, "pass"),
    _case("absolute", "equal", {"mape": 16.0}, "pass"),
    _case("absolute", "slightly worse", {"mape": 16.00001}, "fail"),
    _case("absolute", "worse", {"mape": 90.0}, "fail"),
    _case("absolute", "nan", {"mape": NAN}, "abstain"),
    _case("absolute", "inf", {"mape": INF}, "abstain"),
    _case("baseline", "better", {"baseline_mape": 14.2}, "pass"),
    _case("baseline", "equal", {"baseline_mape": 13.0}, "pass"),
    _case("baseline", "slightly worse", {"baseline_mape": 12.99999}, "fail"),
    _case("baseline", "worse", {"baseline_mape": 7.0}, "fail"),
    _case("baseline", "nan", {"baseline_mape": NAN}, "abstain"),
    _case("baseline", "inf", {"baseline_mape": INF}, "abstain"),
    _case("baseline", "nan of its own", {"mape": NAN}, "abstain"),
    _case("champion", "better", {"champion_mape": 14.2}, "pass"),
    _case("champion", "equal", {"champion_mape": 13.5}, "pass"),
    _case("champion", "slightly worse", {"champion_mape": 13.49999}, "fail"),
    _case("champion", "worse", {"champion_mape": 7.0}, "fail"),
    _case("champion", "nan", {"champion_mape": NAN}, "abstain"),
    _case("champion", "inf", {"champion_mape": INF}, "abstain"),
    _case("champion", "missing", {"champion_mape": None}, "not applicable"),
    _case("reference", "better", {"reference_mape": 14.001}, "pass"),
    _case("reference", "equal", {"reference_mape": 14.0}, "fail"),
    _case("reference", "slightly worse", {"reference_mape": 13.999}, "fail"),
    _case("reference", "worse", {"reference_mape": 7.0}, "fail"),
    _case("reference", "nan", {"reference_mape": NAN}, "abstain"),
    _case("reference", "inf", {"reference_mape": INF}, "abstain"),
    _case("reference", "inf of its own", {"mape": INF}, "abstain"),
    _case("days", "more", {"days": 29}, "pass"),
    _case("days", "equal", {"days": 28}, "pass"),
    _case("days", "one too few", {"days": 27}, "abstain"),
    _case("days", "none", {"days": 0}, "abstain"),
    _case("file", "usable", {"fault": None}, "pass"),
    _case("file", "broken", {"fault": "it does not load"}, "fail"),
    _case("size", "smaller", {"file_bytes": 67_999, "transfer_bytes": 62_999}, "pass"),
    _case("size", "equal", {"file_bytes": 68_000, "transfer_bytes": 63_000}, "fail"),
    _case("size", "smaller in transfer only", {"file_bytes": 68_000, "transfer_bytes": 62_999}, "pass"),
    _case("size", "smaller on disk only", {"file_bytes": 67_999, "transfer_bytes": 63_000}, "pass"),
    _case("size", "larger on disk", {"file_bytes": 68_001, "transfer_bytes": 1}, "fail"),
    _case("size", "larger in transfer", {"file_bytes": 1, "transfer_bytes": 63_001}, "fail"),
    _case("size", "no parent", {"parent": None}, "not applicable"),
]


@pytest.mark.parametrize(("check", "change", "outcome"), TABLE)
def test_truth_table(check: str, change: dict[str, Any], outcome: str) -> None:
    verdict = judge(replace(GOOD, **change), LIMITS)
    (asked,) = [asked for asked in verdict.checks if asked.name == check]
    assert asked.outcome == outcome
    assert (asked.sentence in verdict.reasons) == (outcome in ("fail", "abstain"))
    assert (verdict.outcome == "pass") == (not verdict.reasons), "one check that does not pass stops the variant"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param({}, "pass", id="all pass"),
        pytest.param({"champion_mape": None, "parent": None}, "pass", id="not applicable does not count"),
        pytest.param({"champion_mape": NAN}, "abstain", id="abstain beats pass"),
        pytest.param({"champion_mape": NAN, "fault": "it does not load"}, "fail", id="fail beats abstain"),
        pytest.param({"days": 3, "mape": 90.0}, "fail", id="fail beats too few days"),
        pytest.param({"mape": NAN}, "abstain", id="nothing known"),
    ],
)
def test_verdict(change: dict[str, Any], outcome: str) -> None:
    assert judge(replace(GOOD, **change), LIMITS).outcome == outcome


def test_every_check_is_asked_once() -> None:
    names = [check.name for check in judge(GOOD, LIMITS).checks]
    assert sorted(names) == ["absolute", "baseline", "champion", "days", "file", "reference", "size"]


@pytest.mark.parametrize(
    ("limit", "check"),
    [
        ({"max_mape": None}, "absolute"),
        ({"max_worse_than_baseline_pp": None}, "baseline"),
        ({"max_worse_than_champion_pp": None}, "champion"),
        ({"beat_reference": False}, "reference"),
    ],
)
def test_a_limit_that_is_not_set_is_not_asked(limit: dict[str, Any], check: str) -> None:
    asked = {check.name for check in judge(GOOD, LIMITS).checks}
    assert {check.name for check in judge(GOOD, LIMITS.model_copy(update=limit)).checks} == asked - {check}


def test_a_sentence_says_both_sides() -> None:
    (reason,) = judge(replace(GOOD, champion_mape=13.0), LIMITS).reasons
    assert "1.00 pp" in reason and "0.5 pp" in reason and "champion" in reason


FINITE = st.floats(0, 1000)
UNDEFINED = st.sampled_from([NAN, INF])


@given(
    mape=FINITE,
    worse=st.one_of(FINITE, UNDEFINED),
    baseline=st.one_of(FINITE, UNDEFINED),
    reference=st.one_of(FINITE, UNDEFINED),
    champion=st.one_of(st.none(), FINITE, UNDEFINED),
)
@example(mape=17.0, worse=INF, baseline=INF, reference=INF, champion=INF)
def test_a_larger_error_never_helps(
    mape: float, worse: float, baseline: float, reference: float, champion: float | None
) -> None:
    """Nor does an undefined one: whatever passes would have passed with the smaller error."""
    evidence = replace(GOOD, mape=mape, baseline_mape=baseline, reference_mape=reference, champion_mape=champion)
    worse = worse if math.isnan(worse) else max(mape, worse)
    if judge(replace(evidence, mape=worse), LIMITS).outcome == "pass":
        assert judge(evidence, LIMITS).outcome == "pass"


@given(st.sampled_from(["mape", "baseline_mape", "reference_mape", "champion_mape"]), UNDEFINED)
def test_undefined_never_passes(field: str, value: float) -> None:
    assert judge(replace(GOOD, **{field: value}), LIMITS).outcome != "pass"


NO_LIMIT = {"max_mape": None, "max_worse_than_baseline_pp": None, "max_worse_than_champion_pp": None}


def test_no_limits_at_all_is_an_error() -> None:
    with pytest.raises(ValidationError, match="no limits at all"):
        Limits(**NO_LIMIT, beat_reference=False)


@pytest.mark.parametrize("one", [{"beat_reference": True}, *({name: 1.0} for name in NO_LIMIT)], ids=str)
def test_one_limit_is_enough(one: dict[str, Any]) -> None:
    Limits(**{**NO_LIMIT, "beat_reference": False, **one})


@pytest.mark.parametrize("name", NO_LIMIT)
@pytest.mark.parametrize("value", [NAN, INF, -1.0])
def test_a_limit_that_limits_nothing_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Limits(**{name: value})


def test_a_misspelt_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Limits(**{"max_mappe": 20.0})
