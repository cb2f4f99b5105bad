"""The charts of a backtest, drawn from a result made by hand."""

import re

import pytest

from tasks.report.backtest_result import BacktestResult
from tasks.report.charts.backtest import cost_chart, history_chart
from tasks.report.charts.style import NARROW, WIDE, svg
from tests.support.backtests import result


def apart() -> BacktestResult:
    """A result whose cadences have lines that are apart."""
    made = result()
    days = made.cadences[0].mape_by_4_weeks
    lines = [{day: mape and mape + 0.1 * place for day, mape in days.items()} for place in range(3)]
    cadences = [
        each.model_copy(update={"mape_by_4_weeks": line}) for each, line in zip(made.cadences, lines, strict=True)
    ]
    return made.model_copy(update={"cadences": tuple(cadences)})


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_lines_that_cover_each_other_are_one_in_the_legend(width: int) -> None:
    image = svg(history_chart(result(), width))
    assert ">none, odd, monthly<" in image
    assert all(f">{word}<" in image for word in ("promoted", "refused", "abstained", "no network"))
    assert image.count(">monthly<") == 1, "on the axis of promotions"


def test_lines_that_are_apart_are_all_named() -> None:
    image = svg(history_chart(apart()))
    assert [image.count(f">{name}<") for name in ("none", "odd", "monthly")] == [2, 2, 2], "one legend and one axis"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_cadence_has_a_bar_with_its_cost_and_an_unknown_cost_none(width: int) -> None:
    image = svg(cost_chart(result(), width))
    assert [image.count(f">{name}</text>") for name in ("monthly", "none", "odd")] == [1, 1, 1]
    assert image.count(">3.00</text>") == 2
    bars = re.search(r"mark-rect role-mark[^>]*>(.*?)</g>", image, re.S)
    assert bars and bars[1].count("<path") == 2 * 3


def test_images_say_what_they_show() -> None:
    assert "monthly 9.04 %, 1 promoted" in history_chart(result()).description
    assert cost_chart(result()).description == "Cost of a year and store in EUR: monthly 3.00; none 3.00; odd -"
