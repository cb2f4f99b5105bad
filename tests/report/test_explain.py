"""Verdicts in words."""

from typing import Any

import pytest

from tasks.report.explain import reasons, smallest, subject, why, worst_stores

Record = dict[str, Any]


def variant(name: str, *checks: Record, mape: float | None = 13.0, verdict: str = "fail") -> Record:
    sizes = {"file_bytes": 1, "transfer_bytes": 1}
    return sizes | {"name": name, "mape": mape, "verdict": verdict, "checks": list(checks), "worst_off": []}


def refused(name: str, value: float | None, needed: float | None = None, said: str | None = None) -> Record:
    would = needed and {"needed": needed, "sentence": f"it would have passed {needed} pp lower"}
    sentence = said or f"{name} of {value}"
    return {"name": name, "value": value, "outcome": "fail", "sentence": sentence, "counterfactual": would}


PASSED = {"name": "size", "value": 1, "outcome": "pass", "sentence": "small", "counterfactual": None}


def test_a_reason_says_what_would_have_passed_and_how_many_more_there_are() -> None:
    one, other = refused("absolute", 31.0, 1.2), refused("champion", 0.6)
    assert why(variant("a", PASSED)) is None
    assert why(variant("a", PASSED, one)) == "absolute of 31.0; it would have passed 1.2 pp lower"
    assert why(variant("a", other, one)) == "champion of 0.6; and 1 more reason"
    assert str(why(variant("a", other | {"outcome": "abstain"}, one))).startswith("absolute of 31.0"), "what failed"


def test_the_same_reason_is_said_once_with_those_that_it_refused() -> None:
    variants = [variant(f"lstm-{number}", refused("size", 5, said="it saves nothing")) for number in range(5)]
    assert reasons(variants) == ["lstm-0, lstm-1, lstm-2 and 2 more: it saves nothing"]


def test_a_few_reasons_with_other_figures_are_all_said_and_of_many_the_nearest() -> None:
    variants = [variant(f"lstm-{off}", refused("absolute", 30.0 + off, off), PASSED) for off in (2, 1, 3)]
    assert len(reasons(variants)) == 3
    many = [*variants, variant("lstm-lost", refused("absolute", None))]
    nearest = "absolute of 31.0; it would have passed 1 pp lower"
    assert reasons(many) == [f"4 variants refused by the check absolute, the nearest lstm-1: {nearest}"]


def test_a_manifest_of_before_there_were_counterfactuals_says_its_sentences() -> None:
    check = refused("absolute", 31.0)
    del check["counterfactual"]
    assert why(variant("a", check)) == "absolute of 31.0"
    assert reasons([variant("a", check)]) == ["a: absolute of 31.0"]
    one = variant("a")
    del one["worst_off"]
    assert worst_stores(one) is None


def test_the_subject_is_the_smallest_that_passed_else_the_one_with_the_fewest_refusals() -> None:
    twice = variant("twice", refused("absolute", 31.0), refused("bias", 11.0), mape=12.0)
    once, worse = variant("once", refused("absolute", 31.0)), variant("worse", refused("absolute", 31.0), mape=14.0)
    lost = variant("lost", mape=None)
    assert subject({"variants": [lost, twice, worse, once]})["name"] == "once"
    assert subject({"variants": [lost]})["name"] == "lost"
    passed = variant("passed", verdict="pass", mape=20.0)
    assert subject({"variants": [once, passed]}) is smallest({"variants": [once, passed]}) is passed


CHAMPION = {"name": "champion", "outcome": "not applicable"}


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        (
            [0.12, 0.01, -0.3],
            "MAPE rises most in store 3 (+0.12 pp), store 1 (+0.01 pp), against the reference forecast",
        ),
        ([-0.001, -0.3], "MAPE rises in no store against the reference forecast, and falls least in store 3 (0.00 pp)"),
        ([-0.34], "MAPE rises in no store against the reference forecast, and falls least in store 3 (-0.34 pp)"),
    ],
)
def test_where_mape_rises_most_and_an_improvement_is_not_called_bad(differences: list[float], said: str) -> None:
    stores = [{"name": name, "difference": each} for name, each in zip("312", differences, strict=False)]
    assert worst_stores(variant("a", CHAMPION) | {"worst_off": stores}) == said
    runs = variant("a", CHAMPION | {"outcome": "pass"}) | {"worst_off": stores}
    assert worst_stores(runs) == said.replace("the reference forecast", "what runs there")
    assert worst_stores(variant("a", CHAMPION) | {"worst_off": []}) is None
