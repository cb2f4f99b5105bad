"""The comparison table of a release."""

import pytest

from tasks.report.comparison import PUBLISHED, ComparisonRow, baseline, best_reference, comparison
from tests.support.manifests import changed, manifest, variant


def row(rows: list[ComparisonRow], name: str) -> ComparisonRow:
    return next(one for one in rows if one.name == name)


def test_ratio_and_impact_are_those_of_the_article() -> None:
    published = [variant(name, mape=PUBLISHED[name][1]) for name in ("lstm-64", "lstm-32", "lstm-16", "lstm-32-int8")]
    rows = comparison(manifest(variants=published))
    figures = {one.name: (one.ratio, one.impact_pp) for one in rows[:4]}
    assert figures == {
        "lstm-64": (1.0, 0.0),
        "lstm-32": (3.9, 0.30),
        "lstm-16": (14.5, 0.82),
        "lstm-32-int8": (15.5, 0.29),
    }


def test_every_row_has_the_same_columns_and_references_come_last_without_a_size() -> None:
    rows = comparison(manifest())
    assert len({frozenset(one.model_fields_set) for one in rows}) == 1
    assert [one.verdict for one in rows[-2:]] == ["reference", "reference"]
    assert rows[-1].weights_kb is rows[-1].impact_pp is rows[-1].ratio is rows[-1].mape_std is None


def test_one_run_has_no_spread() -> None:
    assert comparison(manifest(variants=[variant("lstm-64", runs=1)]))[0].mape_std is None


@pytest.mark.parametrize(("recipe", "shown"), [("reference", True), ("production", False)])
def test_published_figures_stand_beside_the_reference_recipe_only(recipe: str, shown: bool) -> None:
    assert ("published_mape" in comparison(manifest(recipe))[0].model_fields_set) is shown


def test_the_published_figures_of_an_unpublished_variant_are_dashes() -> None:
    assert row(comparison(manifest("reference")), "lstm-16-int8").published_kb is None


def test_an_impact_is_rounded_after_the_subtraction_and_never_minus_zero() -> None:
    shown_as_less = variant("lstm-32", mape=8.584303)
    rows = comparison(manifest(variants=[variant("lstm-64", mape=8.588003), shown_as_less]))
    assert [one.mape for one in rows[:2]] == [8.59, 8.58]
    assert [str(one.impact_pp) for one in rows[:2]] == ["0.0", "0.0"]


def test_undefined_is_none_and_never_zero() -> None:
    unknown = changed(variant("lstm-16", mape=None), latency_us=None, file_bytes=None)
    found = row(comparison(manifest(variants=[variant("lstm-64"), unknown])), "lstm-16")
    assert found.mape is found.impact_pp is found.latency_us is found.file_bytes is None
    unmeasured = [variant("lstm-64", mape=None), variant("lstm-16")]
    assert row(comparison(manifest(variants=unmeasured)), "lstm-16").impact_pp is None


def test_a_dominated_variant_says_by_which() -> None:
    padded = changed(variant("lstm-32-p30"), validation_mape=13.9, transfer_bytes=17_000)
    made = manifest(variants=[variant("lstm-64"), variant("lstm-32"), padded])
    assert row(comparison(made), "lstm-32-p30").dominated_by == "lstm-32"


def test_the_baseline_and_the_best_forecast_without_a_network() -> None:
    found, reference = baseline(manifest()), best_reference(manifest())
    assert found and found.name == "lstm-64"
    assert reference and reference.mape == 13.31
    unknown = tuple(changed(each, mape=None) for each in manifest().references)
    assert best_reference(manifest(references=unknown)) is None
