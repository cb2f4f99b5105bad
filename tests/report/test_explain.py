"""Verdicts in words."""

from types import SimpleNamespace

import pytest

from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.groups import Group
from tasks.forecasting.gate.verdict import Verdict
from tasks.report.explain import given, reasons, smallest, subject, verdict_record, why, worst_stores
from tasks.state.variant_record import CheckRecord, VariantRecord
from tests.support import manifests
from tests.support.manifests import WOULD, changed


def variant(
    name: str, *checks: CheckRecord, mape: float | None = 13.0, verdict: str = "fail", **changes: object
) -> VariantRecord:
    one = manifests.variant("lstm-64", mape)
    return changed(one, name=name, verdict=verdict, checks=checks, worst_off=(), **changes)


def of(*variants: VariantRecord) -> SimpleNamespace:
    """A release of some variants."""
    return SimpleNamespace(variants=variants)


def refused(name: str, value: float | None, needed: float | None = None, said: str | None = None) -> CheckRecord:
    would = needed and changed(WOULD, needed=needed, sentence=f"it would have passed {needed} pp lower")
    sentence = said or f"{name} of {value}"
    return manifests.check(name, value, 30.0, "fail", sentence=sentence, counterfactual=would or None)


PASSED = manifests.check("size", 1, None, sentence="small")


def test_a_reason_says_what_would_have_passed_and_how_many_more_there_are() -> None:
    one, other = refused("absolute", 31.0, 1.2), refused("champion", 0.6)
    assert why(variant("a", PASSED)) is None
    assert why(variant("a", PASSED, one)) == "absolute of 31.0; it would have passed 1.2 pp lower"
    assert why(variant("a", other, one)) == "champion of 0.6; and 1 more reason"
    assert str(why(variant("a", changed(other, outcome="abstain"), one))).startswith("absolute of 31.0"), "what failed"


def test_the_same_reason_is_said_once_with_those_that_it_refused() -> None:
    variants = [variant(f"lstm-{number}", refused("size", 5, said="it saves nothing")) for number in range(5)]
    assert reasons(variants) == ["lstm-0, lstm-1, lstm-2 and 2 more: it saves nothing"]


def test_a_few_reasons_with_other_figures_are_all_said_and_of_many_the_nearest() -> None:
    variants = [variant(f"lstm-{off}", refused("absolute", 30.0 + off, off), PASSED) for off in (2, 1, 3)]
    assert len(reasons(variants)) == 3
    many = [*variants, variant("lstm-lost", refused("absolute", None))]
    nearest = "absolute of 31.0; it would have passed 1 pp lower"
    assert reasons(many) == [f"4 variants refused by the check absolute, the nearest lstm-1: {nearest}"]


def test_the_subject_is_the_smallest_that_passed_else_the_one_with_the_fewest_refusals() -> None:
    twice = variant("twice", refused("absolute", 31.0), refused("bias", 11.0), mape=12.0)
    once, worse = variant("once", refused("absolute", 31.0)), variant("worse", refused("absolute", 31.0), mape=14.0)
    lost = variant("lost", mape=None)
    assert subject(of(lost, twice, worse, once)).name == "once"
    assert subject(of(lost)).name == "lost"
    passed = variant("passed", verdict="pass", mape=20.0)
    assert subject(of(once, passed)) is smallest(of(once, passed)) is passed


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([0.12, 0.01], "MAPE rises most in store 3 (+0.12 pp), store 1 (+0.01 pp), against the reference forecast"),
        ([0.12, -0.3], "MAPE rises most in store 3 (+0.12 pp), against the reference forecast"),
        ([-0.001, -0.3], "MAPE rises in no store against the reference forecast"),
        ([-0.34], "MAPE rises in no store against the reference forecast, and falls least in store 3 (-0.34 pp)"),
    ],
)
def test_where_mape_rises_most_and_an_improvement_is_not_called_bad(differences: list[float], said: str) -> None:
    first = manifests.check("champion", None, 0.5, "not applicable")
    stores = [{"name": name, "difference": each} for name, each in zip("312", differences, strict=False)]
    one = changed(variant("a", first), worst_off=stores)
    assert worst_stores(one) == said
    runs = changed(one, checks=(changed(first, outcome="pass"),))
    assert worst_stores(runs) == said.replace("the reference forecast", "what runs there")
    assert worst_stores(variant("a", first)) is None


def test_a_verdict_is_recorded_with_its_sentences() -> None:
    fine, late = Check("freshness", 1, 7, "days", "pass"), Check("freshness", 9, 7, "days", "fail")
    record = verdict_record(Verdict("lstm-16", "fail", (fine, late), (Group("3", 0.12),)))
    assert (record.verdict, record.reasons) == ("fail", ("the last sales are 9 days old, over the limit of 7 days",))
    assert [each.outcome for each in record.checks] == ["pass", "fail"]
    assert [(each.name, each.difference) for each in record.worst_off] == [("3", 0.12)]


def test_the_smallest_is_the_smallest_that_passed_and_of_one_size_the_smallest_to_send() -> None:
    made = [manifests.variant(name) for name in ("lstm-64", "lstm-16", "lstm-16-p50")]
    best = smallest(of(*made, manifests.variant("lstm-16-int8", verdict="fail")))
    assert best and best.name == "lstm-16-p50"


def test_stores_get_what_was_chosen_for_their_devices_else_the_smallest() -> None:
    chosen = manifests.manifest(variants=[manifests.variant("lstm-64"), manifests.variant("lstm-16")])
    refused = manifests.manifest(variants=[manifests.variant("lstm-64", verdict="fail")])
    assert [each.name for each in given(chosen)] == ["lstm-16"]
    best = smallest(chosen)
    assert best and [each.name for each in given(changed(chosen, choices=()))] == [best.name]
    assert given(refused) == []
