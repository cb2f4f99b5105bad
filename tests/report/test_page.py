"""Templates as they are set up, and charts within them."""

import pytest
from jinja2 import UndefinedError

from tasks.report.charts.size import size_chart
from tasks.report.page import drawn, template
from tests.support.manifests import manifest


def test_what_a_template_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="result"):
        template("backtest.html.j2", {"allowed": str, "prices": str}).render()


def test_a_chart_is_drawn_for_a_desk_and_for_a_phone_without_a_namespace() -> None:
    wide, narrow = drawn(lambda width: size_chart(manifest(), width))
    assert wide.startswith("<svg role=") and wide != narrow
    assert "xmlns" not in wide + narrow


def test_where_there_is_nothing_to_draw_there_is_no_chart() -> None:
    assert drawn({}.get) == []
