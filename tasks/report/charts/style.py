"""How charts look, and what becomes of them: SVG in the colours of the page, or PNG. Nothing is fetched."""

import re
from html import escape
from io import BytesIO, StringIO
from typing import Any

Drawn = dict[str, object]
"""A row of the data that Altair draws."""

VERDICTS = {"pass": ("#009E73", "circle"), "fail": ("#D55E00", "cross"), "abstain": ("#8C7AA9", "diamond")}
"""Colour and shape of each verdict; the first two colours are of Okabe & Ito (2008), "Color Universal Design"."""

LINES = (("#0083C9", [1, 0]), ("#D55E00", [6, 3]), ("#009E73", [2, 2]), ("#A05EB5", [8, 3, 2, 3]))
"""Colour and dash of each line, readable on white and on black."""

WIDE, NARROW = 880, 320
"""Plot widths for a desk and for a phone, in pixels."""

INK = "currentColor"
"""The colour of the page's text."""

_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')


def svg(chart: Any) -> str:
    """The chart as one image with an accessible name; its text takes the colour of the page around it."""
    text = StringIO()
    chart.save(text, format="svg")
    named = f'<svg role="img" aria-label="{escape(chart.description)}" '
    return _ROLES.sub("", text.getvalue()).replace("<svg ", named, 1)


def png(chart: Any) -> bytes:
    """The chart as PNG on white, with twice its width and height in pixels."""
    image = BytesIO()
    chart.properties(background="white").save(image, format="png", scale_factor=2)
    return image.getvalue()


def styled(chart: Any, description: str) -> Any:
    """The chart with an accessible name, in the colours of the page around it."""
    ink = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    axis = ink | {"tickColor": INK, "domainColor": INK, "gridColor": INK, "gridOpacity": 0.12}
    return chart.properties(description=description).configure(
        background="transparent",
        font="Helvetica, Arial, sans-serif",
        aria=False,
        axis=axis,
        legend=ink | {"orient": "top", "labelLimit": 0, "symbolOpacity": 1},
        view={"stroke": None},
    )
