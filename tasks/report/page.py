"""A page: its template, and the charts in it, as one HTML file that needs no network and runs no script."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from tasks.report.charts.style import NARROW, WIDE, svg
from tasks.report.text import ON_PAGES

TEMPLATES = Path(__file__).parent / "templates"


def template(
    name: str, filters: Mapping[str, Callable[..., Any]], finalize: Callable[[Any], Any] | None = None
) -> Template:
    """A template of ours; a name that it does not get is an error.

    Args:
        name: Name of its file; text in `.html.j2` is escaped.
        filters: By name, beside those for numbers.
        finalize: What becomes of each value before it is written. Defaults to nothing.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {**ON_PAGES, **filters}
    return environment.get_template(name)


def drawn(draw: Callable[[int], Any]) -> list[Markup]:
    """A chart for a desk and one for a phone; none if there is nothing to draw."""
    return [inline(svg(chart)) for chart in map(draw, (WIDE, NARROW)) if chart is not None]


def inline(image: str) -> Markup:
    """SVG for within HTML, where it needs no namespace."""
    return Markup(re.sub(r' xmlns(:xlink)?="[^"]*"', "", image, count=2))
