"""How close, drawn from manifests made by hand."""

import re

import pytest

from tasks.report.charts.gate import gate_chart
from tasks.report.charts.style import NARROW, WIDE, svg
from tasks.state.manifest import Manifest
from tests.support.manifests import changed, check, manifest, variant, with_check


def image(made: Manifest, width: int = WIDE) -> str:
    chart = gate_chart(made, width)
    assert chart is not None
    return svg(chart)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_comparison_of_the_best_and_every_variant_has_a_row(width: int) -> None:
    apart = with_check(variant("lstm-16"), 3, value=0.2), with_check(variant("lstm-32", verdict="fail"), 3, value=0.3)
    drawn = image(manifest(variants=[variant("lstm-64"), *apart]), width)
    for label in ("no network", "what stores run", "the baseline", "lstm-64", "lstm-16", "lstm-32"):
        assert len(re.findall(f">{label}</text>", drawn)) == 1
    assert ">lstm-16 against …</text>" in drawn
    assert ">Every variant against what stores run</text>" in drawn
    ticks = re.findall(r'"mark-rect role-mark[^>]*>(.*?)</g>', drawn)
    assert [len(re.findall("<path", each)) for each in ticks] == [3, 3], "a limit in each row"


def test_variants_with_the_same_figures_are_one_row() -> None:
    apart = with_check(variant("lstm-32-int8"), 3, value=0.13)
    close = with_check(variant("lstm-32-p30"), 3, value=0.1201)
    drawn = image(manifest(variants=[variant("lstm-64"), variant("lstm-32"), apart, close]))
    assert ">lstm-64 and 2 more</text>" in drawn and ">lstm-32-int8</text>" in drawn
    assert ">lstm-32</text>" not in drawn


def test_the_same_figures_with_another_outcome_are_another_row() -> None:
    refused = with_check(variant("lstm-32"), 3, outcome="abstain")
    drawn = image(manifest(variants=[variant("lstm-64"), refused]))
    assert ">lstm-64</text>" in drawn and ">lstm-32</text>" in drawn


def test_an_image_says_what_it_shows() -> None:
    chart = gate_chart(manifest(variants=[variant("lstm-64")]))
    assert (
        chart and "lstm-64 against … no network −0.79 pp (pass), what stores run +0.12 pp (pass)" in chart.description
    )


def test_figures_are_differences_in_percentage_points() -> None:
    drawn = image(manifest(variants=[variant("lstm-64")]))
    assert ">−0.79 (−0.99 to −0.59)</text>" in drawn, "13.36 % against 14.15 %"
    assert drawn.count(">+0.12 (−0.08 to +0.32)</text>") == 2


def test_without_a_champion_it_is_against_the_baseline_which_has_nothing_from_itself() -> None:
    checks = (check("baseline", 0.1, 1.0), check("champion", None, 0.5, "not applicable"))
    variants = [changed(variant(name), checks=checks) for name in ("lstm-64", "lstm-16")]
    drawn = image(manifest(variants=variants))
    assert ">Every variant against the baseline</text>" in drawn
    assert ">lstm-64</text>" not in drawn


def test_what_is_out_of_reach_is_drawn_at_the_edge_with_its_figure() -> None:
    ruined = changed(variant("lstm-16"), checks=(check("champion", 318.0, 0.5, "fail"),), verdict="fail")
    drawn = image(manifest(variants=[variant("lstm-64"), ruined]))
    assert ">+318.00 (+317.80 to +318.20)</text>" in drawn
    assert not re.search(r">\+[1-9]\d+</text>", drawn), "the axis ends within reach"
    points = re.findall(r"mark-symbol role-mark[^>]*>(.*?)</g>", drawn)
    across = [float(x) for each in points for x in re.findall(r"translate\(([-\d.]+),", each)]
    assert len(across) == 4 and 0 <= min(across) < max(across) <= WIDE


def test_next_to_nothing_does_not_look_like_much() -> None:
    one = changed(variant("lstm-64"), checks=(check("champion", 0.001, 0.0, low=0.0, high=0.002),))
    assert {">−0.04</text>", ">+0.04</text>"} <= set(re.findall(r">[−+][\d.]+</text>", image(manifest(variants=[one]))))


def test_a_check_without_bounds_is_a_point_and_none_at_all_no_chart() -> None:
    bare = {"low": None, "high": None}
    one = changed(variant("lstm-64"), checks=(check("champion", 0.3, 0.5, **bare),))
    assert ">+0.30 (+0.30 to +0.30)</text>" in image(manifest(variants=[one]))
    assert gate_chart(manifest(variants=[changed(variant("lstm-64"), checks=(check("champion", None, 0.5),))])) is None
