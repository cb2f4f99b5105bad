"""The notice on a report: every override that is in force, while it is."""

import re
from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from tasks.state import overrides
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override
from tasks.state.release import Release

_POSTED = re.compile(r"<!-- overrides -->.*?<!-- /overrides -->\n", re.DOTALL)
_MAIN = re.compile(r"<main\b[^>]*>\n?")


def posted(page: str, active: Sequence[Override], today: date | None = None) -> str:
    """A report with a banner that tells each override, right after `<main>`, in place of an earlier such banner.

    Without any override the page stays as it is.

    Args:
        page: The report's HTML.
        active: What to tell.
        today: The day that they are in force on. Defaults to the clock's.

    Raises:
        ValueError: If the page has no `<main>`.
    """
    if not active:
        return page
    clean = _POSTED.sub("", page)
    place = _MAIN.search(clean)
    if place is None:
        raise ValueError("a report's page must have a <main> for the notice to stand in")
    return clean[: place.end()] + _banner(active, today or date.today()) + clean[place.end() :]


def _banner(active: Sequence[Override], today: date) -> str:
    """In the classes and colours of `templates/report.html.j2`, dark and light; what people wrote is escaped."""
    told = "\n".join(f"<li>{_line(each)}</li>" for each in active)
    return (
        "<!-- overrides -->\n"
        '<div class="caution" role="note" aria-label="Overrides in force">\n'
        f"<strong>Overridden by hand.</strong> In force on {today}:\n"
        f'<ul style="margin: 4px 0 0; padding-left: 1.3em; overflow-wrap: anywhere">\n{told}\n</ul>\n'
        "</div>\n"
        "<!-- /overrides -->\n"
    )


def _line(override: Override) -> str:
    subject = (
        f"<b>{escape(override.variant)}</b> of release <b>{escape(override.release)}</b>, which the gate did not pass"
        if override.variant
        else f"release <b>{escape(override.release)}</b>, also during freezes"
    )
    return f"{subject}: {escape(override.released)}"


def report(home: Home, release: Release, today: date | None = None) -> Path:
    """The report of a release; while overrides are in force, a copy under `reports/` that tells them.

    Raises:
        DamagedRelease: If the report is missing or is not the one that was published.
    """
    page = release.checked(release.report.name).decode()
    active = overrides.active(Ledger.of(home), today or date.today())
    if not active:
        return release.report
    copy = home.reports / f"{release.id}.html"
    write_file(copy, posted(page, active, today).encode())
    return copy
