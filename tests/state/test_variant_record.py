"""A variant in a manifest: what is undefined is null, and devices see what was measured only."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.state.variant_record import ChoiceRecord, CostRecord, RankingRow, VariantRecord, candidates
from tests.support.manifests import changed, manifest, variant


def test_a_variant_comes_back_as_it_was_written() -> None:
    for each in (variant("lstm-16"), variant("lstm-16-p50", mape=None)):
        assert VariantRecord.model_validate_json(each.to_bytes()) == each


def test_errors_that_are_undefined_are_null_wherever_they_are() -> None:
    nan = float("nan")
    made = changed(variant("lstm-16"), mape=nan, wape=float("inf"), by_store={"1": nan, "2": 9.5})
    written = json.loads(made.to_bytes())
    assert (written["mape"], written["wape"], written["by_store"]) == (None, None, {"1": None, "2": 9.5})


@pytest.mark.parametrize(("verdict", "passed"), [("pass", True), ("fail", False), ("abstain", False)])
def test_only_pass_is_passed(verdict: str, passed: bool) -> None:
    assert variant("lstm-16", verdict=verdict).passed is passed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "maybe"}, "'pass', 'fail' or 'abstain'"),
        ({"checks": [{"name": "size"}]}, "checks.0.outcome"),
        ({"speed": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_variant_of_another_layout_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        VariantRecord.model_validate(variant("lstm-16").model_dump() | change)


def test_devices_choose_among_the_variants_that_were_measured() -> None:
    lost = changed(variant("lstm-32"), ram_bytes=None)
    (kept,) = candidates([lost, changed(variant("lstm-16"), latency_us=None, validation_mape=None)])
    assert (kept.name, kept.passed, kept.latency_us, kept.mape) == ("lstm-16", True, None, None)
    assert (kept.file_bytes, kept.transfer_bytes, kept.ram_bytes) == (6004, 4890, 11004)


def test_a_choice_comes_back_with_its_ranking() -> None:
    for each in manifest().choices:
        assert each.ranking and ChoiceRecord.model_validate_json(each.to_bytes()) == each


def test_what_has_no_cost_says_so() -> None:
    row = manifest().choices[0].ranking[0]
    assert changed(row, cost=None, validation_mape=float("nan")).model_dump()["validation_mape"] is None
    with pytest.raises(ValidationError, match=r"cost\.sending"):
        RankingRow.model_validate(row.model_dump() | {"cost": {"total": 1.0}})
    with pytest.raises(ValidationError, match="valid number"):
        CostRecord(sending=None, errors=0, retraining=0, total=0)  # type: ignore[arg-type]
