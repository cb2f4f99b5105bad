"""Charts as images: one name for who cannot see them, the colours of the page for who can."""

import altair as alt

from tasks.report.charts.style import png, styled, svg

CHART = styled(alt.Chart(alt.Data(values=[{"a": 1, "b": 2}])).mark_point().encode(x="a:Q", y="b:Q"), 'A "b" & c')


def test_an_image_has_one_name_and_no_other_role() -> None:
    image = svg(CHART)
    assert image.startswith('<svg role="img" aria-label="A &quot;b&quot; &amp; c" ')
    assert image.count("role=") == image.count("aria-") == 1
    assert 'fill="currentColor"' in image


def test_a_png_is_one() -> None:
    assert png(CHART).startswith(b"\x89PNG")
