"""The lines that people read first."""

import pytest

from tasks.report.sentences.headline import caution, detail, headline, lead
from tasks.state.variant_record import VariantRecord
from tests.support.manifests import changed, check, manifest, variant, with_check


def first_release(mape: float = 13.36) -> list[VariantRecord]:
    """The baseline alone, where no store runs a model."""
    checks = (check("champion", None, 0.5, "not applicable"),)
    better = ({"name": "3", "difference": -0.1},)
    return [changed(variant("lstm-64", mape), checks=checks, worst_off=better)]


def test_a_release_says_for_how_many_stores_and_from_which_day() -> None:
    assert headline(manifest()) == "Release of 31 Dec 2017: ready for 3 stores."


def test_the_lead_says_what_the_error_was_and_where_it_rises() -> None:
    made = manifest(variants=[variant("lstm-64")], choices=())
    assert lead(made) == (
        "The forecast error (MAPE) is 13.4 % (was 13.2 %). "
        "It is worse than now in store 3, by 0.12 percentage points, the most of all stores."
    )


def test_an_error_that_is_as_it_was_is_said_to_stay() -> None:
    same = with_check(variant("lstm-64"), 3, value=0.001)
    assert lead(manifest(variants=[same], choices=())).startswith("The forecast error (MAPE) stays at 13.4 %.")


def test_where_no_store_is_worse_off_that_is_said() -> None:
    improved = changed(variant("lstm-64"), worst_off=({"name": "3", "difference": -0.1},))
    assert lead(manifest(variants=[improved], choices=())).endswith("No store is worse off than now.")


def test_a_first_release_is_compared_with_no_network() -> None:
    assert lead(manifest(variants=first_release(), choices=())) == (
        "The forecast error (MAPE) is 13.4 % (13.3 % without a network). "
        "No store is worse off than with the reference forecast."
    )


def test_the_error_is_that_of_what_devices_get_not_of_the_smallest() -> None:
    given = [variant("lstm-64", 12.0), variant("lstm-16-int8", 14.0)]
    assert "is 12.0 to 14.0 % (" in lead(manifest(variants=given))
    assert "is 14.0 % (" in lead(manifest(variants=given, choices=()))


def test_a_store_that_is_worse_off_by_any_given_variant_is_told_of() -> None:
    worse = changed(variant("lstm-16-int8"), worst_off=({"name": "7", "difference": 0.9},))
    assert "in store 7, by 0.90" in lead(manifest(variants=[variant("lstm-64"), worse]))


def test_a_device_that_gets_nothing_is_told_of() -> None:
    assert lead(manifest(variants=[variant("lstm-64")])).endswith(" Nothing fits a shelf-label.")


def test_a_candidate_that_was_refused() -> None:
    made = manifest(variants=[variant("lstm-64", verdict="fail"), variant("lstm-16", mape=None)])
    assert headline(made) == "Retrain of 31 Dec 2017: nothing to release."
    assert lead(made) == "None of the 2 variants passed the gate. The nearest, lstm-64, missed 1 of 4 checks."
    assert detail(made) == "What lstm-64 missed first: fail: MAPE against 30 %."


def test_the_detail_compares_with_the_baseline_and_with_no_network() -> None:
    made = manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=13.40)])
    assert detail(made) == (
        "lstm-16 is the smallest of 2 variants that passed: 6,004 bytes, MAPE 13.40 %. "
        "It is 0.04 pp worse than the baseline, lstm-64 (69,172 bytes). "
        "It is 0.09 pp worse than the best forecast without a network (14-day mean x weekday and month index)."
    )
    assert "the baseline" not in detail(manifest(variants=[variant("lstm-64")]))


def test_a_difference_that_is_shown_as_nothing_is_none() -> None:
    made = manifest(variants=[variant("lstm-64", 13.364), variant("lstm-16", 13.366)])
    assert "It is as accurate as the baseline" in detail(made)


@pytest.mark.parametrize(
    ("mapes", "says"),
    [
        ((13.36, 13.36), "lower than every network in this release"),
        ((13.20, 13.36), "lower than 1 of the 2 networks (lstm-16)"),
        ((13.36, None), "lower than every network in this release"),
    ],
)
def test_a_reference_that_beats_networks_is_named(mapes: tuple[float, float | None], says: str) -> None:
    said = caution(manifest(variants=[variant("lstm-64", mapes[0]), variant("lstm-16", mapes[1])]))
    assert said and says in said and "14-day mean x weekday and month index has a MAPE of 13.31 %" in said


def test_nothing_is_said_where_the_networks_win() -> None:
    assert caution(manifest(variants=[variant("lstm-64", mape=13.0)])) is None
