"""What people are told of sales that came in, or did not."""

import pytest

from flows.cli.render import sales
from tasks.ingest.contract.findings import BadRow
from tasks.ingest.quarantine import QuarantineList
from tasks.ingest.replay import CorrectedRow, ReplayResult, Texts
from tasks.ingest.result import IngestResult
from tasks.ingest.sample import SampleResult

INGESTED = IngestResult(
    batch="ab12", rows_read=21_930, rows_accepted=21_920, rows_changed=2, rows_unchanged=4, snapshot=3,
    rows_quarantined=6, rows_refused=0, reasons={"negative sales": 6}, refused=False, refused_stores=(), why=None,
    warnings=("new store 9",), records=("new item 7",), docs="/home/docs/ab12.html", bad_rows=(),
)  # fmt: skip


def test_an_ingest_says_where_its_rows_went(capsys: pytest.CaptureFixture[str]) -> None:
    sales.ingest(INGESTED)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "21,930 rows read: 21,920 added (2 corrections), 4 already known, 6 in quarantine"
    assert lines[1] == "sales table: version 3"
    assert lines[-4:-1] == ["warning: new store 9", "note: new item 7", "Data Docs: /home/docs/ab12.html"]
    assert lines[-1].startswith("next: `shelfcast retrain")


def test_a_refused_batch_shows_its_first_bad_rows(capsys: pytest.CaptureFixture[str]) -> None:
    rows = tuple(BadRow.of("night.csv", line, "negative sales", f"2026-01-05,1,{line},-1") for line in range(2, 22))
    changes = {"refused": True, "why": "too many rows are bad", "reasons": {"negative sales": 30}, "bad_rows": rows}
    sales.ingest(INGESTED.model_copy(update=changes))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "refused: too many rows are bad",
        "no row was ingested, and none went to quarantine; the files are where they were",
    ]
    assert [line.split() for line in lines if "night.csv" in line] == [
        ["night.csv", str(line), "negative", "sales", f"2026-01-05,1,{line},-1"] for line in range(2, 7)
    ]
    assert "and 25 more bad rows; the Data Docs page lists the first of them" in lines


def test_a_replay_says_what_it_changed(capsys: pytest.CaptureFixture[str]) -> None:
    before, after = (
        Texts(date="2026-01-05", store="1", item="1", sales="-1"),
        Texts(date=None, store=None, item=None, sales=None),
    )
    fixed = CorrectedRow(file="a.csv", sha256="f00", line=4, before=before, after=after)
    counts = {"rows_read": 1, "rows_accepted": 1, "rows_unchanged": 0, "rows_quarantined": 0}
    sales.replay(ReplayResult(batch="b", **counts, reasons={}, snapshot=1, fixed=(fixed,)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 row checked against today's rules: 1 added, 0 already known, 0 left in quarantine"
    assert lines[2].split() == ["a.csv", "4", "2026-01-05,1,1,-1", ",,,"]


def test_quarantine_and_sample(capsys: pytest.CaptureFixture[str]) -> None:
    sales.quarantine(QuarantineList(total=2, rows=(), csv="bad.csv"))
    sales.sample(SampleResult(path="a.csv", rows=1200, noise_floor=8.246, noise_floor_holdout=8.1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:] == [
        "2 rows in quarantine",
        "all of them are in bad.csv; correct it, then `shelfcast quarantine replay --fix-with bad.csv`",
        "1,200 rows in a.csv",
        "lowest MAPE possible: 8.25 % on all days, 8.10 % on the holdout",
    ]
