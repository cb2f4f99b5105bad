"""Forecast against actual sales, drawn from samples made by hand."""

from dataclasses import replace

import pytest

from tasks.report.charts.series import Sample, merged, series_chart
from tasks.report.charts.style import NARROW, WIDE, svg
from tests.support.manifests import samples


def close(apart: float) -> list[Sample]:
    """Two forecasts that differ by a share of each other."""
    return [
        replace(each, forecast={"a": each.forecast["lstm-64"], "b": [x * apart for x in each.forecast["lstm-64"]]})
        for each in samples()
    ]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_line_is_named_once_and_every_series_has_a_panel(width: int) -> None:
    image = svg(series_chart(samples(), width))
    for name in ("actual", "lstm-64", "lstm-16-int8", "store 1, item 3", "store 5, item 10"):
        assert image.count(f">{name}</text>") == 1


def test_forecasts_that_would_cover_each_other_are_one_line_that_says_so() -> None:
    (label,) = merged(close(1.0001))[0].forecast
    assert label == "a and b (the same to 1 %)" and f">{label}</text>" in svg(series_chart(close(1.0001)))
    assert list(merged(close(1.1))[0].forecast) == ["a", "b"]


def test_forecasts_that_are_apart_in_one_series_are_two_lines_in_all() -> None:
    mixed = [close(1.0)[0], close(1.1)[1]]
    assert [list(each.forecast) for each in merged(mixed)] == [["a", "b"], ["a", "b"]]


def test_a_series_that_sold_nothing_is_drawn() -> None:
    none = [replace(each, actual=[None] * len(each.day)) for each in samples()]
    assert "<svg" in svg(series_chart(none))
