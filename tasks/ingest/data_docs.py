"""Data Docs: a page for each batch and an index of all, a folder of HTML that needs no network.

The pages are rendered from our own templates: Great Expectations' stock pages fetch styles and scripts from half a
dozen hosts, do not show the bad rows, and its site builder renders all earlier pages again each night.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.ingest.batch import Batch
from tasks.ingest.contract import wording
from tasks.ingest.contract.expectations import Severity
from tasks.ingest.contract.findings import Findings
from tasks.ingest.contract.profile import BatchProfile
from tasks.ingest.contract.suite import Outcome
from tasks.report.text import listed
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.record import Document

log = logging.getLogger("shelfcast.docs")

TEMPLATES = Path(__file__).parent / "docs_templates"
AT = "%Y-%m-%d %H:%M:%S"
SHOWN_ROWS, SHOWN_GAPS = 50, 1000
"""Bad rows, and series that lack days, that a page lists."""
_GAP = ["store", "item", "days", "first", "last"]


class BatchSummary(Document):
    """A batch in `batches.jsonl`, from which the index is made.

    Attributes:
        batch: Id of the batch.
        files: Names of its new files, in words.
        at: Time when it was checked, UTC.
        rows: Number of rows in its new files.
        quarantined: Rows that went to quarantine; none of a refused batch.
        met: Number of expectations that it meets.
        of: Number of expectations.
        refused: Whether it was refused as a whole.
        verdict: What became of it, in words.
    """

    batch: str
    files: str
    at: str
    rows: int
    quarantined: int
    met: int
    of: int
    refused: bool
    verdict: str

    @property
    def day(self) -> str:
        return self.at[:10]

    @property
    def ingested(self) -> int:
        return 0 if self.refused else self.rows - self.quarantined


@dataclass(frozen=True)
class Line:
    """An expectation as the page shows it: its name, what it looks at, its limit, and what was found."""

    name: str
    meaning: str
    limit: str
    found: str
    severity: Severity
    met: bool
    stores: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """A series that lacks days on which its store has sales of other items: how many, the first and the last."""

    store: str
    item: str
    days: int
    first: str
    last: str


def write(
    home: Home, batch: Batch, profile: BatchProfile, outcomes: Sequence[Outcome], findings: Findings, at: datetime
) -> Path:
    """Write the page of a batch, and the index again; the path of the page.

    Args:
        home: Whose `docs/`.
        batch: The batch, with at least one new file.
        profile: Statistics of the batch.
        outcomes: What the suite found.
        findings: What follows from it.
        at: When the batch was checked, UTC.
    """
    summary = _summary(batch, profile, outcomes, findings, at)
    page = home.docs / f"{batch.id}.html"
    write_file(page, _page(summary, batch, profile, outcomes, findings).encode())
    with home.writing():
        _write_index(home, [*(earlier for earlier in _summaries(home) if earlier.batch != batch.id), summary])
    return page


def forget_pages(home: Home, before: datetime) -> int:
    """Remove the pages of batches that were checked before a time, and list them no more; the number of pages."""
    if not _list(home).exists():
        return 0
    with home.writing():
        known = _summaries(home)
        kept = [each for each in known if each.at >= f"{before:{AT}}"]
        if len(kept) < len(known):
            _write_index(home, kept)
    names = {"index", *(each.batch for each in kept)}
    old = [page for page in home.docs.glob("*.html") if page.stem not in names and _written(page) < before]
    for page in old:
        page.unlink()
    return len(old)


def _written(page: Path) -> datetime:
    return datetime.fromtimestamp(page.stat().st_mtime, UTC)


def _write_index(home: Home, summaries: Sequence[BatchSummary]) -> None:
    write_file(_list(home), "".join(f"{each.model_dump_json()}\n" for each in summaries).encode())
    write_file(home.docs / "index.html", _rendered("index.html.j2", batches=summaries[::-1]).encode())


def _summary(
    batch: Batch, profile: BatchProfile, outcomes: Sequence[Outcome], findings: Findings, at: datetime
) -> BatchSummary:
    return BatchSummary(
        batch=batch.id,
        files=listed([file.name for file in batch.files]),
        at=f"{at:{AT}}",
        rows=sum(file.rows for file in batch.files),
        quarantined=0 if findings.refusal else _quarantined(batch, profile, findings.refused_stores),
        met=sum(outcome.met for outcome in outcomes),
        of=len(outcomes),
        refused=findings.refusal is not None,
        verdict=wording.verdict(findings),
    )


def _quarantined(batch: Batch, profile: BatchProfile, refused_stores: tuple[str, ...]) -> int:
    """The number of bad rows, and of good rows of refused stores."""
    refused = profile.stores[profile.stores["store"].isin(refused_stores)]
    return sum(file.quarantined for file in batch.files) + int((refused["rows"] - refused["bad_rows"]).sum())


def _page(
    summary: BatchSummary, batch: Batch, profile: BatchProfile, outcomes: Sequence[Outcome], findings: Findings
) -> str:
    lines = [_line(outcome, profile) for outcome in outcomes]
    return _rendered(
        "page.html.j2",
        summary=summary,
        files=batch.files,
        bad=sum(file.quarantined for file in batch.files),
        breaches=findings.breaches,
        met=[line for line in lines if line.met],
        unmet=[line for line in lines if not line.met],
        rows=findings.bad_rows,
        gaps=[Gap(*row) for row in profile.gaps[_GAP].head(SHOWN_GAPS).itertuples(index=False)],
        gap_series=len(profile.gaps),
    )


def _line(outcome: Outcome, profile: BatchProfile) -> Line:
    name = outcome.expectation.name
    limit, found = wording.limit(outcome.expectation), wording.found(outcome, profile)
    return Line(name, wording.MEANINGS[name], limit, found, outcome.severity, outcome.met, outcome.stores)


def _list(home: Home) -> Path:
    return home.docs / "batches.jsonl"


def _summaries(home: Home) -> list[BatchSummary]:
    """What the index lists; a damaged line is left out, and is gone when the list is written again."""
    found = []
    for number, line in enumerate(_lines(home), 1):
        try:
            found.append(BatchSummary.model_validate_json(line))
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            log.warning("%s, line %d is damaged, so the index leaves a batch out: %s", _list(home), number, why)
    return found


def _lines(home: Home) -> list[bytes]:
    return _list(home).read_bytes().splitlines() if _list(home).exists() else []


def _rendered(template: str, **values: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    return environment.get_template(template).render(values)
