"""The Data Docs: a page says what was found, against which limit, and shows bad rows; the index lists the batches."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.ingest import data_docs
from tasks.ingest.batch import Batch
from tasks.ingest.contract import wording
from tasks.ingest.contract.expectations import NAMES, expectations
from tasks.ingest.contract.findings import Findings
from tasks.ingest.contract.suite import Outcome
from tasks.state.home import Home
from tests.ingest.steps import CONTRACT, read
from tests.support.browser import faults, needs_browser

AT = datetime(2026, 1, 9, 12, tzinfo=UTC)


def batch(home: Home, tmp_path: Path, bad: int) -> Batch:
    rows = [f"2026-01-{day:02},<S>,1,7" for day in range(1, 5)] + [f"2026-01-05,<S>,{row},<x>" for row in range(bad)]
    (tmp_path / "night.csv").write_text("date,store,item,sales\n" + "\n".join(rows) + "\n")
    return read(home, tmp_path / f"staging-{bad}", tmp_path / "night.csv")


def outcomes(unmet: dict[str, float]) -> list[Outcome]:
    return [
        Outcome(each, each.severity, each.name not in unmet, unmet.get(each.name, 0), ())
        for each in expectations(CONTRACT)
    ]


def write(home: Home, batch: Batch, unmet: dict[str, float]) -> str:
    assert batch.staged
    found, profile = outcomes(unmet), batch.staged.profile
    findings = Findings(wording.breaches(found, profile), batch.bad_rows(data_docs.SHOWN_ROWS))
    return data_docs.write(home, batch, profile, found, findings, AT).read_text()


def text(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub("<[^>]*>", " ", html.rsplit("</style>", maxsplit=1)[-1]).split())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_refused_batch_shows_why_and_its_bad_rows(home: Home, tmp_path: Path) -> None:
    page = write(home, batch(home, tmp_path, 60), {"sales": 60 / 64})
    assert re.findall("<h1>(.*)</h1>", page) == ["night.csv, 2026-01-09"]
    words = text(page)
    assert "Refused: too many rows have no valid sales (60 of 64 rows). No row of the 64 was ingested" in words
    assert "Rows without valid sales sales not met 93.8 % (60 of 64 rows) at most 50 % critical" in words
    assert page.count("unparsable sales") == 50
    assert "night.csv 6 unparsable sales 2026-01-05,&lt;S&gt;,0,&lt;x&gt;" in words
    assert "The page has the first 50 of 60." in words and "quarantine list" not in words


def test_a_batch_that_was_ingested_says_where_its_bad_rows_are(home: Home, tmp_path: Path) -> None:
    words = text(write(home, batch(home, tmp_path, 51), {"bad_rows_more_than_usual": 51 / 55}))
    assert "Ingested with 1 warning. 4 of 55 rows passed; 51 went to quarantine." in words
    assert "The page has the first 50 of 51; shelfcast quarantine list has them all." in words
    assert "24 of 25 expectations met" in words


def test_every_expectation_is_there_by_its_name_and_unmet_ones_come_first(home: Home, tmp_path: Path) -> None:
    page = write(home, batch(home, tmp_path, 0), {"new_items": 1})
    names = re.findall(r'<th scope="row" class="words">[^<]+ <code class="dim">(\w+)</code>', page)
    assert names == ["new_items", *(name for name in NAMES if name != "new_items")]


def test_a_page_needs_no_network_and_takes_no_markup_from_files(home: Home, tmp_path: Path) -> None:
    page = write(home, batch(home, tmp_path, 1), {})
    assert "<S>" not in page and "<x>" not in page
    for html in (page, (home.docs / "index.html").read_text()):
        assert not re.search(r"<script|https?:|src=|@import|url\(", html)


def test_the_index_has_a_line_for_each_batch_the_newest_first(home: Home, tmp_path: Path) -> None:
    first = batch(home, tmp_path, 1)
    write(home, first, {"rows": 0})
    write(home, batch(home, tmp_path, 2), {})
    write(home, first, {})
    words = text((home.docs / "index.html").read_text())
    assert words.endswith("2026-01-09 night.csv ingested 4 1 2026-01-09 night.csv ingested 4 2"), (
        "a batch that is checked again has one line"
    )


@needs_browser
def test_the_pages_have_no_serious_finding(home: Home, tmp_path: Path) -> None:
    warned = write(home, batch(home, tmp_path, 51), {"bad_rows_more_than_usual": 51 / 55})
    refused = write(home, batch(home, tmp_path, 60), {"sales": 60 / 64})
    assert faults(tmp_path, {"warned": warned, "refused": refused, "all": (home.docs / "index.html").read_text()}) == []


def test_a_damaged_line_of_the_list_is_named_left_out_and_healed(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(home, batch(home, tmp_path, 1), {})
    listed = home.docs / "batches.jsonl"
    listed.write_bytes(b'{"batch": "x\n' + listed.read_bytes() + b"\xff\n")
    write(home, batch(home, tmp_path, 2), {})
    said = [record.message for record in caplog.records if record.name == "shelfcast.docs"]
    assert [f"{listed}, line {number} is damaged" in line for number, line in zip((1, 3), said, strict=True)]
    caplog.clear()
    write(home, batch(home, tmp_path, 3), {})
    assert (
        "shelfcast.docs" not in {record.name for record in caplog.records}
        and len(listed.read_bytes().splitlines()) == 3
    )


def test_old_pages_go_with_their_lines(home: Home, tmp_path: Path) -> None:
    assert data_docs.forget_pages(home, AT) == 0 and not home.root.exists()
    write(home, batch(home, tmp_path, 1), {})
    (page,) = (path for path in home.docs.glob("*.html") if path.stem != "index")
    (home.docs / "unlisted.html").write_text("whose line was damaged")
    for path in (page, home.docs / "unlisted.html"):
        os.utime(path, (AT.timestamp(), AT.timestamp()))
    assert data_docs.forget_pages(home, AT) == 0 and page.exists()
    assert data_docs.forget_pages(home, AT + timedelta(seconds=1)) == 2
    assert {path.name for path in home.docs.iterdir()} == {"batches.jsonl", "index.html"}
    assert (home.docs / "batches.jsonl").read_text() == "" and page.stem not in (home.docs / "index.html").read_text()
