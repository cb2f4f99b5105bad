"""What people are told of a retrain, a backtest and releases."""

from pathlib import Path

import pytest

from flows.cli.render import training
from tasks.forecasting.rollout.costs import CostModel
from tasks.report.backtest_result import BacktestResult
from tasks.retrain.outcome import Outcome, RetrainResult
from tests.support.manifests import WOULD, changed, check, manifest, variant

WHY = "lstm-16-int8: 0.10 EUR a year and store, cheapest of 11 variants that passed and fit"


def test_a_retrain_says_what_each_device_class_gets(capsys: pytest.CaptureFixture[str]) -> None:
    would = changed(WOULD, sentence="1 % less does")
    bias = check("bias", 11.0, 10.0, "fail", sentence="bias is 11 %", counterfactual=would)
    best = changed(variant("lstm-64"), checks=(), worst_off=({"name": "3", "difference": 0.12},))
    refused = changed(variant("lstm-16", verdict="fail"), checks=(bias,))
    variants = [best, *(changed(refused, name=name) for name in ("lstm-8", "lstm-4"))]
    made = manifest(variants=variants)
    reasons = {"till": WHY, "shelf-label": "no variant fits"}
    made = changed(
        made,
        variants=(changed(best, dominated_by="lstm-4"), *made.variants[1:]),
        choices=[changed(choice, reason=reasons[choice.device]) for choice in made.choices],
    )
    training.retrain(RetrainResult.of(Outcome(made, Path("report.html"), published=False), 1.0))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-2:] == ["dominated", "by"] and lines[1].split()[-2:] == ["pass", "lstm-4"]
    assert "lstm-8, lstm-4: bias is 11 %; 1 % less does" in lines
    assert "lstm-64: MAPE rises most in store 3 (+0.12 pp), against the reference forecast" in lines
    assert {f"for a till: {WHY}", "for a shelf-label: no variant fits"} <= set(lines)


def test_prices_that_nobody_has_set_are_called_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for per_mb, told in ((CostModel().per_mb_sent, True), (7.0, False)):
        made = changed(manifest(), costs=CostModel(per_mb_sent=per_mb))
        training.retrain(RetrainResult.of(Outcome(made, Path("report.html"), published=True), 1.0))
        assert ("example prices" in capsys.readouterr().out) is told


def test_variants_that_say_the_same_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    result = RetrainResult.of(Outcome(manifest(), Path("report.html"), published=True), 1.0)
    training.retrain(result)
    folded = capsys.readouterr().out.splitlines()
    training.retrain(result, every_row=True)
    every = capsys.readouterr().out.splitlines()
    rows = {line.split()[0] for line in every} & {each.name for each in result.variants}
    shown = {line.split()[0] for line in folded} & rows
    assert len(rows) == 11 and {"lstm-64", *(choice.variant for choice in result.choices)} <= shown < rows
    (more,) = [line for line in folded if line.endswith("--all")]
    assert more.startswith(f"{11 - len(shown)} more variants, pass, at ")
    assert not [line for line in every if line.endswith("--all")]


def test_the_last_lines_say_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    made = manifest()
    for published, words in ((True, "`shelfcast promote`"), (False, f"`shelfcast override {made.release} ")):
        training.retrain(RetrainResult.of(Outcome(made, Path("report.html"), published=published), 1.0))
        report, last = capsys.readouterr().out.splitlines()[-2:]
        assert report == "report report.html" and words in last


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_figure_of_the_comparison_can_be_read(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    training.retrain(RetrainResult.of(Outcome(manifest(), Path("report.html"), published=True), 1.0))
    table = capsys.readouterr().out.splitlines()[:4]
    assert all(len(line.rstrip()) <= width and "…" not in line for line in table)
    assert {"variant", "MAPE", "verdict"} <= set(table[0].split())


def test_a_backtest_says_each_refusal_once_with_its_cadences(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"retrains": 0, "promotions": 0, "refusals": 1, "cost": None, "costs": None, "days_without_a_model": 0}
    errors = dict.fromkeys(("mape", "wape", "bias_pct", "coverage", "mase", "rmsse"), 9.0) | {"days": 9}
    row |= errors
    over_time = {"mape_by_month": {}, "mape_by_4_weeks": {}}
    decisions = [
        {"day": "2024-01-03", "promoted": False, "outcome": "fail", "reasons": ["too bad", "too large"]},
        {"day": "2024-02-01", "promoted": False, "outcome": "abstain", "reasons": ["too good"]},
        {"day": "2024-03-01", "promoted": True, "outcome": "pass", "reasons": []},
    ]
    decisions = [each | {"counterfactuals": []} for each in decisions]
    cadences = [
        row | {"name": "none", "decisions": decisions[:1]},
        row | {"name": "monthly", "decisions": decisions},
    ]
    known = {"variant": "lstm-16", "profile": "quick", "recipe": "production", "days": 364, "stores": 1}
    known |= {"first_day": "2024-01-03", "last_day": "2024-12-31", "trained": 0, "seconds": 1.0, "policy": "a"}
    known |= {
        "currency": "EUR",
        "prices": {},
        "best": "none",
        "differences": [],
        "sentence": "It pays.",
        "report": "x.html",
    }
    limits = [{"name": "the settings' gate", "changes": {}, "cadences": cadences}]
    without = {"name": "14-day mean", **errors, **over_time, "mape": None}
    own = [each | over_time for each in cadences]
    training.backtest(BacktestResult(**known, limits=limits, cadences=own, without_network=without))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["none", "the", "settings'", "gate", "0", "0", "1", "9.00", "9.00", "9.00", "-"]
    assert lines[4:6] == [
        "2024-01-03 refused: too bad; too large (none, monthly)",
        "2024-02-01 abstained: too good (monthly)",
    ]
    assert lines[-2:] == ["It pays.", "report x.html"]
