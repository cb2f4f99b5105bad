"""The gate's step: a verdict on each variant, against those that stores run."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.forecasting.gate.evidence import Evidence
from tasks.forecasting.gate.verdict import Verdict
from tasks.report.sentences.checks import reasons
from tasks.retrain.candidate import Candidate
from tasks.retrain.comparators import Comparator
from tasks.retrain.evaluate import evaluate_comparators
from tasks.retrain.judge import judge
from tasks.state.arrays import npy
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tests.conftest import LIMITS, TODAY, Work

NAMES = ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-int8"]


def outcomes(verdicts: list[Verdict]) -> dict[str, str]:
    return {verdict.variant: verdict.outcome for verdict in verdicts}


def checks(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.outcome for check in verdict.checks}


def candidate_in(home: Home, built: Work) -> Candidate:
    return replace(built.candidate, folder=home.candidates / built.candidate.folder.name)


def test_every_variant_is_judged_and_a_missing_champion_is_not_applicable(built: Work) -> None:
    verdicts = judge.fn(built.candidate, built.limits[0], {}, TODAY)
    assert outcomes(verdicts) == dict.fromkeys(NAMES, "pass"), [reasons(verdict.checks) for verdict in verdicts]
    assert {checks(verdict)["champion"] for verdict in verdicts} == {"not applicable"}


@pytest.mark.parametrize(
    ("times", "outcome"), [(float("nan"), "abstain"), (1.0, "fail"), (9.0, "pass")], ids=["nan", "better", "worse"]
)
def test_a_champion(work: Work, times: float, outcome: str) -> None:
    champion = Comparator("champion", "what runs", {"1": Champion("none", "lstm-64")})
    evaluate_comparators.fn(work.home, work.candidate, [champion])
    units = work.candidate.holdout.actual * np.float32(times)
    write_file(work.candidate.comparator("champion"), npy(units))
    verdicts = judge.fn(work.candidate, work.limits[0], {}, TODAY)
    assert {checks(verdict)["champion"] for verdict in verdicts} == {outcome}
    assert set(outcomes(verdicts).values()) == {outcome}


def test_champions_are_measured_in_the_stores_that_run_them_on_the_same_days(
    shop: tuple[Home, str, str], built: Work
) -> None:
    home, older, newer = shop
    candidate = candidate_in(home, built)
    runs = {"1": Champion(older, "lstm-64"), "2": Champion(newer, "lstm-16-p50")}
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", runs)])
    judge.fn(candidate, LIMITS[0], {}, TODAY)
    evidence = Evidence.from_bytes((candidate.folder / "evidence.npz").read_bytes())
    for store, model in runs.items():
        cells = evidence.stores == store
        champion, own = (evidence.errors[name].percentage[cells] for name in ("champion", model.variant))
        assert champion == pytest.approx(own, rel=1e-4)
    assert evidence.errors["incumbent"].percentage == pytest.approx(evidence.errors["champion"].percentage)


def test_a_store_without_a_champion_keeps_the_reference_forecast(shop: tuple[Home, str, str], built: Work) -> None:
    home, older, _ = shop
    candidate = candidate_in(home, built)
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", {"1": Champion(older, "lstm-64")})])
    judge.fn(candidate, LIMITS[0], {}, TODAY)
    evidence = Evidence.from_bytes((candidate.folder / "evidence.npz").read_bytes())
    other = evidence.stores == "2"
    assert evidence.errors["champion"].covers.tolist() == (~other).tolist()
    kept, reference = (evidence.errors[name].percentage[other] for name in ("incumbent", "reference"))
    assert kept == pytest.approx(reference)


@pytest.mark.parametrize("model", ["damaged", "gone"])
def test_a_champion_that_cannot_be_measured_makes_the_gate_abstain(
    shop: tuple[Home, str, str], built: Work, model: str
) -> None:
    home, older, newer = shop
    candidate = candidate_in(home, built)
    if model == "damaged":
        (home.releases / newer / "lstm-64.tflite").write_bytes(b"")
    runs = {"1": Champion(older, "lstm-16"), "2": Champion("gone" if model == "gone" else newer, "lstm-64")}
    evaluate_comparators.fn(home, candidate, [Comparator("champion", "what runs", runs)])
    verdicts = judge.fn(candidate, LIMITS[0], {}, TODAY)
    assert {checks(verdict)["champion"] for verdict in verdicts} == {"abstain"}
    assert set(outcomes(verdicts).values()) == {"abstain"}


def test_the_first_run_is_judged_not_the_best(work: Work) -> None:
    path = work.candidate.path("lstm-64", 0, "forecast.npy")
    write_file(path, npy(5 * np.load(path)))
    assert judge.fn(work.candidate, work.limits[0], {}, TODAY)[0].outcome == "fail"
