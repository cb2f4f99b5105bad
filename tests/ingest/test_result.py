"""The result of an ingest: one record for a batch that was merged, and for one that was refused."""

from pathlib import Path

from tasks.ingest.batch import Batch, EarlierFiles, Merged
from tasks.ingest.contract.findings import BadRow, Breach, Findings
from tasks.ingest.result import SHOWN, IngestResult
from tasks.state.home import Home
from tests.ingest.steps import OURS

ROWS = tuple(BadRow.of("a.csv", line, "missing date", ",1,1,7") for line in range(2, 52))
BREACHES = (Breach("warning", "w"), Breach("info", "i"), Breach("critical", "c", "x", ("2",), alone=True))


def result(tmp_path: Path, findings: Findings) -> IngestResult:
    batch = Batch.of([], EarlierFiles.read(Home(tmp_path / "home")), OURS)
    return IngestResult.of(batch, findings, Merged(0, 0, 0, 3))


def test_a_batch_that_was_ingested(tmp_path: Path) -> None:
    found = result(tmp_path, Findings(BREACHES, ROWS, tmp_path / "page.html"))
    assert (found.refused, found.why, found.refused_stores) == (False, None, ("2",))
    assert (found.warnings, found.records) == (("w", "c"), ("i",))
    assert (found.snapshot, found.docs, found.bad_rows) == (3, str(tmp_path / "page.html"), ())


def test_a_batch_that_was_refused_lists_its_first_bad_rows(tmp_path: Path) -> None:
    found = result(tmp_path, Findings((*BREACHES, Breach("critical", "no")), ROWS))
    assert (found.refused, found.why, found.refused_stores) == (True, "no", ())
    assert (found.warnings, found.records, found.docs) == ((), (), None)
    assert found.bad_rows == ROWS[:SHOWN] and SHOWN == 20
