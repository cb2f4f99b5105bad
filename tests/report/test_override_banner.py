"""The notice on reports: right after `<main>`, once, escaped, and gone when no override is in force."""

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tasks.promote.override import grant
from tasks.report import override_banner
from tasks.state.overrides import Override
from tasks.state.release import Release
from tests.conftest import Refusals, Work, publish_candidate
from tests.support.manifests import HOSTILE

TODAY, UNTIL = date(2026, 11, 24), date(2026, 12, 1)
PAGE = "<html><body>\n<main>\n<p>shelfcast</p>\n</main>\n</body></html>\n"
WORD = Override("20260101-aa", "verdict", "lstm-8", "Ana Ruiz", "the new tills cannot wait", UNTIL)
FROZEN = Override("20260101-bb", "freeze", None, "Bo Chen", "recall", UNTIL)


class Tags(HTMLParser):
    """Every tag that a page opens and closes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as the parser
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def test_it_stands_right_after_main_and_tells_what_who_why_and_until(tmp_path: Path) -> None:
    page = override_banner.posted(PAGE, [WORD, FROZEN], TODAY)
    assert page.index("<main>\n<!-- overrides -->") < page.index("<p>shelfcast</p>")
    said = text(page)
    assert "In force on 2026-11-24: " in said
    assert (
        "lstm-8 of release 20260101-aa, which the gate did not pass: "
        "released by Ana Ruiz until 2026-12-01: the new tills cannot wait" in said
    )
    assert "release 20260101-bb, also during freezes: released by Bo Chen until 2026-12-01: recall" in said
    tags = Tags(page)
    assert sorted(tags.opened) == sorted(tags.closed)


def test_nothing_in_force_changes_nothing() -> None:
    assert override_banner.posted(PAGE, [], TODAY) == PAGE


def test_a_newer_one_takes_the_place_of_an_older() -> None:
    once = override_banner.posted(PAGE, [WORD, FROZEN], TODAY)
    assert override_banner.posted(once, [FROZEN], TODAY) == override_banner.posted(PAGE, [FROZEN], TODAY)


def test_what_people_wrote_is_text() -> None:
    hostile = HOSTILE + "<!-- /overrides --></main>"
    page = override_banner.posted(PAGE, [Override(hostile, "verdict", hostile, hostile, hostile, UNTIL)], TODAY)
    clean = Tags(override_banner.posted(PAGE, [WORD], TODAY))
    assert Tags(page).opened == clean.opened and "<script" not in page
    assert override_banner.posted(page, [WORD], TODAY) == override_banner.posted(PAGE, [WORD], TODAY)


def test_a_page_without_a_main_is_an_error() -> None:
    with pytest.raises(ValueError, match="must have a <main>"):
        override_banner.posted("<p>shelfcast</p>", [WORD], TODAY)


def test_a_release_s_own_report_is_shown_while_nothing_is_overridden(refusals: Refusals) -> None:
    home, release = refusals.home, Release(refusals.home.releases / refusals.release)
    assert override_banner.report(home, release, TODAY) == release.report
    grant.fn(home, word(refusals.release), TODAY)
    assert override_banner.report(home, release, UNTIL + timedelta(1)) == release.report
    assert not home.reports.exists()


def word(release: str) -> Override:
    return Override(release, "verdict", "lstm-16-int8", "Ana Ruiz", "the new tills cannot wait", UNTIL)


def test_a_copy_tells_it_while_it_is_in_force_and_the_release_stays_as_it_is(refusals: Refusals) -> None:
    home, release = refusals.home, Release(refusals.home.releases / refusals.release)
    before = release.report.read_bytes()
    grant.fn(home, word(refusals.candidate), TODAY)
    path = override_banner.report(home, release, UNTIL)
    assert path == home.reports / f"{release.id}.html"
    page = path.read_text()
    assert f"lstm-16-int8 of release {refusals.candidate}" in text(page), "also on the report of another release"
    assert override_banner.posted(before.decode(), [word(refusals.candidate)], UNTIL) == page
    assert release.report.read_bytes() == before
    assert override_banner.report(home, release, UNTIL).read_text() == page


def test_its_looks_are_those_of_the_report() -> None:
    templates = Path(override_banner.__file__).parent / "templates"
    assert re.search(r"^\.caution \{", (templates / "style.css").read_text(), re.M)
    assert re.search(r"^<main\b", (templates / "frame.html.j2").read_text(), re.M)


def test_a_report_that_is_made_meanwhile_carries_it(refusals: Refusals, built: Work) -> None:
    home, until = refusals.home, date.today() + timedelta(30)
    grant.fn(home, replace(word(refusals.release), until=until), date.today())
    candidate = replace(built.candidate, folder=home.candidates / built.candidate.folder.name)
    page = publish_candidate(home, candidate, built.limits[1]).report.read_text()
    assert f"lstm-16-int8 of release {refusals.release}, which the gate did not pass: released by Ana Ruiz" in text(
        page
    )
    assert page.index("<!-- overrides -->") - page.index("<main>") == len("<main>\n")
