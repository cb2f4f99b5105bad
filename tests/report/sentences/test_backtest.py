"""The sentence on which cadence pays."""

import pytest

from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY
from tasks.forecasting.backtest.cost_benefit import Summary
from tasks.forecasting.gate.comparison import UNDEFINED, Estimate
from tasks.report.sentences.backtest import allowed, headline, met_by, summary


def said(best: str | None, saved: dict[str, float], rival: str, difference: Estimate) -> str:
    return summary(Summary(best, saved, rival, difference, 0.95), "EUR")


def test_a_cadence_that_pays() -> None:
    assert said(MONTHLY, {QUARTERLY: 1.5, NONE: 19.5}, NONE, Estimate(-0.25, -0.31, -0.19)) == (
        "Retraining monthly pays: it costs 1.50 EUR per store and year less than retraining quarterly and 19.50 EUR "
        "per store and year less than no retraining. Its MAPE is 0.250 pp below that of no retraining "
        "(-0.310 to -0.190 pp, 90 % confidence), which is more than noise."
    )


def test_a_saving_within_noise_is_said_to_be() -> None:
    found = said(MONTHLY, {NONE: 20}, NONE, Estimate(-0.2, -0.5, 0.1))
    assert found.endswith("(-0.500 to +0.100 pp, 90 % confidence), which is no more than noise.")
    assert found.count("less than no retraining") == 1


def test_no_retraining_can_be_best() -> None:
    assert said(NONE, {MONTHLY: 11}, MONTHLY, Estimate(0.001, -0.01, 0.02)) == (
        "Retraining does not pay: one model for all days costs 11.00 EUR per store and year less than retraining "
        "monthly. Its MAPE is that of retraining monthly, to 0.01 pp."
    )


@pytest.mark.parametrize(
    ("best", "found"),
    [
        (None, "No cadence can be compared: MAPE is undefined."),
        (MONTHLY, "Retraining monthly pays: it costs least. Its MAPE is not comparable with that of no retraining."),
    ],
)
def test_what_cannot_be_measured_is_said_to_be(best: str | None, found: str) -> None:
    assert said(best, {}, NONE, UNDEFINED) == found


@pytest.mark.parametrize(
    ("best", "comparable", "example", "line"),
    [
        (MONTHLY, True, False, "Retraining monthly pays."),
        (NONE, True, True, "Retraining does not pay, at example prices."),
        (MONTHLY, False, True, "No cadence can be compared."),
    ],
)
def test_whether_it_pays_in_a_line(best: str, comparable: bool, example: bool, line: str) -> None:
    assert headline(best, comparable, example) == line


def test_how_much_mape_may_lose() -> None:
    changes = {"max_worse_than_baseline_pp": 2.0, "max_worse_in_a_store_pp": 0.5}
    assert allowed(changes) == "MAPE may be worse by at most 2 pp than baseline, 0.5 pp in a store"
    assert allowed({}) == ""


def test_who_met_it_and_under_which_limits() -> None:
    assert met_by({"a": ["monthly", "none"], "b": ["monthly", "none"]}, of=2) == ["monthly, none"]
    assert met_by({"a": ["monthly"], "b": ["none"], "c": ["monthly"]}, of=3) == ["monthly under a, c", "none under b"]
    assert met_by({"a": ["monthly"]}, of=2) == ["monthly under a"]
