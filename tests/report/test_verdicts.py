"""Variants with the same verdict for the same reasons are one group."""

from tasks.report.verdicts import groups
from tests.support.manifests import WOULD, changed, check, variant, with_check


def test_what_failed_comes_first_and_those_with_the_same_verdict_are_together() -> None:
    made = [
        variant("lstm-64"),
        variant("lstm-32"),
        variant("lstm-16", mape=None),
        variant("lstm-16-int8", verdict="fail"),
    ]
    found = groups(made)
    assert [(each.verdict, each.variants) for each in found] == [
        ("fail", ["lstm-16-int8"]),
        ("abstain", ["lstm-16"]),
        ("pass", ["lstm-64", "lstm-32"]),
    ]
    assert found[0].reasons == [f"fail: MAPE against 30 %; {WOULD.sentence}"] and found[2].reasons == []


def test_variants_refused_by_other_checks_are_apart_and_told_why() -> None:
    one, other = variant("lstm-64", verdict="fail"), variant("lstm-32", verdict="fail")
    biased = changed(variant("lstm-16", verdict="fail"), checks=(check("bias", 11.0, 10.0, "fail"),))
    found = groups([one, biased, other])
    assert [each.variants for each in found] == [["lstm-64", "lstm-32"], ["lstm-16"]]
    assert found[0].reasons == [f"lstm-64, lstm-32: fail: MAPE against 30 %; {WOULD.sentence}"]
    assert found[0].asked[0].name == "absolute", "what refused comes first"


def test_an_answer_names_all_that_it_holds_for_and_loses_no_figure() -> None:
    apart = with_check(variant("lstm-32"), 1, value=14.0, low=13.8, high=14.2, sentence="MAPE is 14 %")
    (group,) = groups([variant("lstm-64"), apart, variant("lstm-16")])
    asked = {each.name: each for each in group.asked}
    assert [(each.sentence, each.variants) for each in asked["absolute"].answers] == [
        ("pass: MAPE against 30 %", ["lstm-64", "lstm-16"]),
        ("MAPE is 14 %", ["lstm-32"]),
    ]
    assert asked["absolute"].values == [13.36, 14.0, 13.36]
    assert [each.variants for each in asked["champion"].answers] == [["lstm-64", "lstm-32", "lstm-16"]]
    assert [each.name for each in group.unasked] == ["size"]


def test_one_check_with_two_outcomes_is_two_questions() -> None:
    asked = with_check(variant("lstm-32"), 0, outcome="pass", sentence="smaller")
    (group,) = groups([variant("lstm-64"), asked])
    assert [each.answers[0].variants for each in (*group.asked[:1], *group.unasked)] == [["lstm-32"], ["lstm-64"]]
