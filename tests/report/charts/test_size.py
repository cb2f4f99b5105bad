"""File size against MAPE, drawn from manifests made by hand."""

import re

import pytest

from tasks.report.charts.size import front, names, size_chart
from tasks.report.charts.style import NARROW, WIDE, svg
from tests.support.manifests import FILES, changed, manifest, variant


def points(image: str) -> list[tuple[float, float]]:
    """Where marks are, those of the legend left out."""
    drawn = re.search(r"mark-symbol role-mark[^>]*>(.*?)</g>", image, re.S)
    assert drawn
    return [(float(x), float(y)) for x, y in re.findall(r"translate\(([-\d.]+),([-\d.]+)\)", drawn[1])]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_legend_names_those_that_matter_and_nothing_is_written_over_the_points(width: int) -> None:
    image = svg(size_chart(manifest(), width))
    assert ">lstm-16-p50-int8, for shelf-label, till</text>" in image and ">lstm-64, the baseline</text>" in image
    assert len(re.findall("no network: ", image)) == 2 and image.count(">other variants, passed<") == 1
    assert "other variants, refused" not in image, "there is none"
    assert "mark-text role-mark" not in image
    assert len(points(image)) == len(FILES)


def test_where_nothing_passed_the_nearest_is_named() -> None:
    made = manifest(variants=[variant("lstm-64", 14.0, "fail"), variant("lstm-16", verdict="fail")], choices=())
    assert names(made) == {"lstm-16": "lstm-16, the nearest to passing", "lstm-64": "lstm-64, the baseline"}


def test_a_baseline_that_a_device_gets_is_both() -> None:
    assert names(manifest(variants=[variant("lstm-64")])) == {"lstm-64": "lstm-64, for till; the baseline"}


def test_a_ruined_variant_does_not_flatten_the_others() -> None:
    image = svg(size_chart(manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=331.0, verdict="fail")])))
    assert not re.search(r">\d{3}<", image), "the axis ends before it"
    (_, upper), (_, lower) = sorted(points(image), key=lambda point: point[1])
    assert upper == 0 < lower


def test_the_front_steps_down_over_what_tables_show() -> None:
    mapes = {"lstm-64": 13.30, "lstm-32": 13.3496, "lstm-32-p30": 13.40, "lstm-16": 13.3504, "lstm-16-int8": 13.50}
    found = [each.name for each in front([variant(name, mape) for name, mape in mapes.items()])]
    assert found == ["lstm-16-int8", "lstm-16", "lstm-64"], "lstm-32 is larger than lstm-16 and shown as no better"


def test_an_image_says_what_it_shows() -> None:
    described = size_chart(manifest(variants=[variant("lstm-64"), variant("lstm-16", 14.0)])).description
    assert "2 variants at 13.36 to 14.00 %" in described and "without a network at 13.31 to 14.15 %" in described


def test_nothing_measured_is_still_a_chart() -> None:
    unmeasured = changed(variant("lstm-64", mape=None), file_bytes=None)
    assert "<svg" in svg(size_chart(manifest(variants=[unmeasured], references=[])))
