"""What `ingest`, `quarantine`, `sample` and `tidy` print for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.cli.screen import Column, echo, table
from tasks.report.text import number, plural

if TYPE_CHECKING:
    from tasks.ingest.contract.findings import BadRow
    from tasks.ingest.quarantine import QuarantinedRow, QuarantineList
    from tasks.ingest.replay import ReplayResult, Texts
    from tasks.ingest.result import IngestResult
    from tasks.ingest.sample import SampleResult
    from tasks.tidy import TidyResult

SHOWN = 5
"""Bad rows of a refused batch that are printed."""

ROWS = (Column("file", text=True), Column("line"), Column("reason", text=True), Column("raw", text=True))


def ingest(result: IngestResult) -> None:
    if result.refused:
        echo(f"refused: {result.why}")
        echo("no row was ingested, and none went to quarantine; the files are where they were")
    else:
        echo(
            f"{result.rows_read:,} rows read: {result.rows_accepted:,} added ({result.rows_changed:,} corrections), "
            f"{result.rows_unchanged:,} already known, {result.rows_quarantined:,} in quarantine"
        )
        echo(f"sales table: version {result.snapshot}")
    _reasons(result.reasons)
    _bad_rows(result.bad_rows[:SHOWN], sum(result.reasons.values()))
    for word, messages in (("warning", result.warnings), ("note", result.records)):
        for message in messages:
            echo(f"{word}: {message}")
    if result.docs:
        echo(f"Data Docs: {result.docs}")
    if not result.refused:
        echo("next: `shelfcast retrain --profile quick`, or `shelfcast monitor` where stores run a model")


def _reasons(reasons: dict[str, int]) -> None:
    if reasons:
        table([Column("reason", text=True), "rows"], [[reason, f"{rows:,}"] for reason, rows in reasons.items()])


def _bad_rows(rows: Sequence[BadRow], total: int) -> None:
    """The first bad rows of a refused batch."""
    if rows:
        table(ROWS, map(_row, rows))
    if rows and total > len(rows):
        echo(f"and {total - len(rows):,} more bad rows; the Data Docs page lists the first of them")


def _row(row: BadRow | QuarantinedRow) -> list[str | int]:
    return [row.file, row.line, row.reason, row.raw[:80]]


def replay(result: ReplayResult) -> None:
    echo(
        f"{plural(result.rows_read, 'row')} checked against today's rules: {result.rows_accepted:,} added, "
        f"{result.rows_unchanged:,} already known, {result.rows_quarantined:,} left in quarantine"
    )
    _reasons(result.reasons)
    if result.fixed:
        rows = [[row.file, row.line, _texts(row.before), _texts(row.after)] for row in result.fixed]
        texts = (Column(title, text=True) for title in ("before", "after"))
        table([Column("corrected", text=True), "line", *texts], rows)


def _texts(row: Texts) -> str:
    return ",".join(text or "" for text in (row.date, row.store, row.item, row.sales))


def quarantine(result: QuarantineList) -> None:
    table(ROWS, map(_row, result.rows))
    echo(f"{plural(result.total, 'row')} in quarantine")
    if result.csv:
        echo(f"all of them are in {result.csv}; correct it, then `shelfcast quarantine replay --fix-with {result.csv}`")


def sample(result: SampleResult) -> None:
    echo(f"{result.rows:,} rows in {result.path}")
    if result.noise_floor is not None:
        floor, holdout = number(result.noise_floor), number(result.noise_floor_holdout)
        echo(f"lowest MAPE possible: {floor} % on all days, {holdout} % on the holdout")


def tidy(result: TidyResult) -> None:
    table(
        [Column("table", text=True), "version", "files before", "after", "removed", "MB freed"],
        [
            [each.table, each.version, each.files_before, each.files, each.removed, f"{each.bytes_freed / 2**20:.1f}"]
            for each in result.tables
        ],
    )
    kept = ", ".join(map(str, result.kept_versions))
    echo(f"sales stay readable as in versions {kept}" if kept else "no release names a version of the sales")
