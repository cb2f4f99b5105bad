"""One check that does not pass stops a variant, and a larger error never helps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.synthetic_gate import SyntheticGate
from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import windows
from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE, Evidence, Forecast
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge
from tests.forecasting.gate.made_up import (
    BUDGET,
    DAYS,
    INF,
    LIMITS,
    MAPES,
    NAN,
    NOISY,
    OWN,
    PARENT,
    leave_out,
    made,
    own,
    without,
)


@pytest.mark.parametrize("other", [*MAPES])
@pytest.mark.parametrize("value", [NAN, INF])
def test_an_undefined_error_of_anybody_never_passes(other: str, value: float) -> None:
    assert own(made(MAPES | {other: value})).outcome != "pass"
    one_day = np.full((8, DAYS), MAPES[other])
    one_day[3, 5] = value
    assert own(made(MAPES | {other: one_day})).outcome != "pass"


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


def test_what_cannot_be_answered_may_mean_a_refusal() -> None:
    strict = LIMITS.model_copy(update={"abstain": "refuse"})
    assert own(made(MAPES | {CHAMPION: NAN}), strict).outcome == "fail"
    assert own(made(days=27), strict).outcome == "fail"
    assert own(made(MAPES | {"own": 5.0}), strict).outcome == "abstain", "too good: a person must look all the same"
    assert own(made(), strict).outcome == "pass"


def test_verdicts_are_the_same_once_evidence_was_stored() -> None:
    evidence = SyntheticGate(days=91).evidence({"equal": 0.0, "worse": 2.0})
    stored = Evidence.from_bytes(evidence.to_bytes())
    assert repr(judge(stored, LIMITS)) == repr(judge(evidence, LIMITS))
    assert stored.to_bytes() == evidence.to_bytes()


def test_the_worst_stores_are_the_worst() -> None:
    (verdict,) = [each for each in judge(NOISY, LIMITS) if each.variant == "bad stores"]
    differences = {}
    for store in set(NOISY.stores.tolist()):
        alone = leave_out(NOISY, cells=NOISY.stores != store)
        differences[store] = alone.mape("bad stores") - alone.mape(INCUMBENT)
    worst = sorted(differences, key=lambda store: -differences[store])[:3]
    assert [each.name for each in verdict.worst_stores] == worst and worst[:2] == ["3", "7"]
    for each in verdict.worst_stores:
        assert each.difference == pytest.approx(differences[each.name])


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


def verdicts(holdout: EvaluationSet, forecast: Any, other: Any, limits: Limits) -> tuple[Verdict, ...]:
    names = ("lstm-64", CHAMPION, INCUMBENT, LAST_YEAR, BUDGET)
    forecasts = {name: Forecast(name, other) for name in names} | {REFERENCE: Forecast("naive", 1.15 * other)}
    return tuple(judge(Evidence.of(holdout, (PARENT, OWN), forecasts | {"own": Forecast("own", forecast)}), limits))


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
    holdout = EvaluationSet(windows(panel(rng), 28, COLUMNS), 28, MapePolicy())
    sold, series = holdout.windows.actual.astype(float), holdout.windows.series
    other = sold + rng.integers(-3, 4, len(sold))
    side = np.where(other >= sold, 1, -1)
    forecast = other + side * sold / 100 * (worse + np.where(series == 0, bad, 0) + rng.normal(0, 5, len(sold)))
    on = rng.choice(np.arange(28, COLUMNS), days, replace=False)
    moved = np.isin(holdout.windows.column, on) & np.isin(series, list(stores))
    larger = np.where(moved, forecast + np.where(forecast >= sold, further, -further), forecast)
    before, after = (verdicts(holdout, each, other, TIGHT)[1] for each in (forecast, larger))
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
