"""The gate against the truth: 200 made-up gates each, by seed. `make bench PARTS=gate` prints more of the same."""

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.synthetic_gate import BASELINE, SyntheticGate
from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, INCUMBENT, REFERENCE, Evidence
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

GATES = 200
YEAR = 364
UNASKED = dict.fromkeys((name for name in Limits.model_fields if name.startswith("max_")), None)
ALLOWANCE = Limits(**UNASKED | {"max_worse_than_champion_pp": 0.3})
STORES = Limits(**UNASKED | {"max_worse_in_a_store_pp": Limits().max_worse_in_a_store_pp})


def check(verdict: Verdict, name: str) -> Check:
    (found,) = [each for each in verdict.checks if each.name == name]
    return found


@cache
def gates() -> list[Evidence]:
    """A year of 5 stores with 10 items."""
    truth = {"equal": 0.0, "at the allowance": 0.3, "+1 pp": 1.0}
    return [SyntheticGate(days=YEAR, seed=seed).evidence(truth) for seed in range(GATES)]


@cache
def answers() -> dict[str, Counter[str]]:
    """How often each variant is passed on the champion's account."""
    verdicts = [verdict for evidence in gates() for verdict in judge(evidence, ALLOWANCE)]
    return {
        variant: Counter(check(each, "champion").outcome for each in verdicts if each.variant == variant)
        for variant in gates()[0].errors
    }


def test_a_variant_that_is_equal_in_truth_is_passed() -> None:
    """All checks that apply, with a champion, a parent, what runs in stores and a reference."""
    verdicts = [judge(evidence, Limits())[1] for evidence in gates()]
    asked = Counter((each.name, each.outcome) for verdict in verdicts for each in verdict.checks)
    assert {name for name, outcome in asked if outcome == "not applicable"} == {"last year", "budget", "spread"}
    assert sum(verdict.outcome == "pass" for verdict in verdicts) >= 0.95 * GATES, asked


def test_a_variant_that_is_equal_in_truth_keeps_to_a_narrow_allowance() -> None:
    assert answers()["equal"]["pass"] >= 0.95 * GATES


def test_a_variant_that_is_a_point_worse_is_refused() -> None:
    assert answers()["+1 pp"]["fail"] >= 0.99 * GATES


def test_a_variant_at_the_allowance_passes_by_chance_only() -> None:
    """5 % of the time; four standard deviations of 200 tries above that."""
    assert answers()["at the allowance"]["pass"] <= (0.05 + 4 * np.sqrt(0.05 * 0.95 / GATES)) * GATES
    assert answers()["at the allowance"]["abstain"] == 0


def test_the_gates_are_no_easy_ones() -> None:
    """The measured difference of equal forecasters strays as far as that of two unlike recipes on real sales."""
    differences = [evidence.mape("equal") - evidence.mape(CHAMPION) for evidence in gates()]
    assert 0.06 < np.std(differences) < 0.09
    assert abs(np.mean(differences)) < 4 * np.std(differences) / np.sqrt(GATES), "equal in truth"


def test_one_bad_store_of_fifty_is_found_and_named_and_no_other() -> None:
    found, alarms = 0, 0
    for seed in range(GATES):
        bad = seed % 50
        truth = {"healthy": 0.0, "bad": np.where(np.arange(50) == bad, 5.0, 0.0)}
        healthy, worse = judge(SyntheticGate(stores=50, items=2, days=YEAR, seed=seed).evidence(truth), STORES)[1:]
        alarms += check(healthy, "store").outcome != "pass"
        answer = check(worse, "store")
        found += answer.counterfactual is not None and answer.counterfactual.stores == (str(bad + 1),)
    assert found >= 0.95 * GATES
    assert alarms <= 0.05 * GATES


@pytest.mark.parametrize("days", [91, YEAR])
def test_false_alarms_stay_rare_if_all_fifty_stores_are_at_the_limit(days: int) -> None:
    """At most 5 %; four standard deviations of so many tries above that."""
    tries, truth = GATES // 4, {"at the limit": 2.0}
    synthetic = [SyntheticGate(stores=50, items=2, days=days, seed=seed) for seed in range(tries)]
    verdicts = [judge(gate.evidence(truth), STORES)[1] for gate in synthetic]
    alarms = sum(check(verdict, "store").outcome == "fail" for verdict in verdicts)
    assert alarms <= (0.05 + 4 * np.sqrt(0.05 * 0.95 / tries)) * tries


# what is made up


def test_a_trial_is_what_it_says() -> None:
    evidence = SyntheticGate(days=56).evidence({"equal": 0.0, "worse": 1.5})
    assert set(evidence.errors) == {REFERENCE, CHAMPION, INCUMBENT, BASELINE, "equal", "worse"}
    assert evidence.mape(REFERENCE) > evidence.mape(CHAMPION) + 1
    alike = SyntheticGate(days=56).evidence({"equal": 0.0, "worse": 0.0})
    np.testing.assert_array_equal(alike.errors["equal"].percentage, evidence.errors["equal"].percentage)
    assert evidence.mape("worse") - alike.mape("worse") == pytest.approx(1.5, abs=1e-5), "exactly so much worse"


def test_a_store_can_be_made_worse_alone() -> None:
    before = SyntheticGate(stores=3, days=56).evidence({"own": 0.0}).errors["own"].percentage
    evidence = SyntheticGate(stores=3, days=56).evidence({"own": np.array([0.0, 2.0, 0.0])})
    more = evidence.errors["own"].percentage - before
    np.testing.assert_allclose(more, np.where(evidence.stores == "2", 2, 0)[:, None] * evidence.counted, atol=1e-3)


def test_the_seed_decides() -> None:
    one, again, other = (SyntheticGate(days=56, seed=seed).evidence({}).mape(CHAMPION) for seed in (1, 1, 2))
    assert one == again != other


# many small steps


def test_ten_steps_that_are_each_allowed_do_not_add_up() -> None:
    """Releases that are each 0.3 pp worse than what stores run: the yearly budget of 1 pp stops them after three."""
    evidence, runs = SyntheticGate().evidence({"own": 0.0}), 0
    errors = [
        replace(evidence.errors["own"], percentage=evidence.errors["own"].percentage + 0.3 * step * evidence.counted)
        for step in range(11)
    ]
    for step in range(1, 11):
        rivals = {CHAMPION: errors[runs], INCUMBENT: errors[runs], f"{BUDGET} 91": errors[0]}
        compared = {**evidence.errors, **rivals, BASELINE: errors[step], "own": errors[step]}
        verdict = judge(replace(evidence, errors=compared), Limits())[1]
        alone = check(verdict, "champion")
        assert (alone.outcome == "pass") == (0.3 * (step - runs) <= 0.5)
        assert (verdict.outcome == "pass") == (step <= 3), verdict.checks
        runs = step if verdict.outcome == "pass" else runs
    assert runs == 3
