"""Steps of an ingest: read and check what arrived, then merge it into the tables or refuse it."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prefect import task

from tasks.ingest import quarantine
from tasks.ingest.batch import Batch, EarlierFiles, FileCount, Merged, counts, entries
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Findings
from tasks.ingest.merge import merge
from tasks.ingest.reading import sources
from tasks.ingest.reading.chunk import UnreadableFile
from tasks.ingest.reading.feed import Feed
from tasks.ingest.reading.source_file import SourceFile
from tasks.ingest.result import IngestResult
from tasks.ingest.stage import Intake
from tasks.ingest.staged_batch import StagedBatch
from tasks.state import ledger, sales_table
from tasks.state.atomic import copy_file
from tasks.state.home import Home
from tasks.state.row_keys import TooManyCodes

log = logging.getLogger("shelfcast.ingest")

LONGEST_NAME = 50
"""Characters of a landed file's name, counted from its end: object stores allow longer names than file systems."""


@task
def read_batch(given: list[str], home: Home, contract: Contract, staging: Path, feed: Feed, size: Intake) -> Batch:
    """Read all sources and tell good rows from bad ones; only `staging` is written to.

    Args:
        given: Files, folders, patterns, and URLs of these.
        home: The home whose ledger and sales table the batch is compared with.
        contract: Limits for a row.
        staging: A folder for the time of the run.
        feed: How the files are written.
        size: How much memory the rows may take.

    Raises:
        sources.SourceError: If there is nothing to read.
    """
    earlier = EarlierFiles.read(home)
    found = sources.find(given, StagedBatch.fetched(staging), earlier.versions)
    batch = Batch.of(found, earlier, feed)
    for note in batch.notes:
        log.warning("%s", note)
    fresh = [file for file in found if file.sha256 not in earlier.files]
    return _staged(batch, fresh, home, contract, staging, feed, size) if fresh else batch


def _staged(
    batch: Batch, files: list[SourceFile], home: Home, contract: Contract, staging: Path, feed: Feed, size: Intake
) -> Batch:
    """The batch with the rows of new files, or with the fault that makes one of them unreadable."""
    paths = [file.path for file in files if file.path]
    rules = contract.rules(datetime.now(UTC).date())
    try:
        staged = StagedBatch.of_files(paths, feed, rules, home, staging, size)
    except UnreadableFile as error:
        return replace(batch, fault=str(error))
    except TooManyCodes as error:
        return replace(batch, fault=f"{', '.join(path.name for path in paths)} {error}")
    log.info("read %s new rows; files: %d, known: %d", f"{sum(staged.rows):,}", len(files), len(batch.known))
    return replace(batch, files=_counted(files, staged, feed, home), staged=staged)


def _counted(files: list[SourceFile], staged: StagedBatch, feed: Feed, home: Home) -> tuple[FileCount, ...]:
    """How each new file was read."""
    return tuple(
        FileCount(
            name=file.name,
            sha256=file.sha256,
            rows=rows,
            reasons=reasons,
            reading=feed,
            origin=file.origin,
            landed=_landed(path, file, home),
            versions=file.versions,
        )
        for file, path, rows, reasons in zip(files, staged.paths, staged.rows, staged.reasons, strict=True)
    )


def _landed(path: Path, file: SourceFile, home: Home) -> str:
    """Where a file is below `landing/`, or will be."""
    landing = home.landing.resolve()
    if path.resolve().is_relative_to(landing):
        return str(path.resolve().relative_to(landing))
    return f"{file.sha256[:12]}-{file.name[-LONGEST_NAME:]}"


@task
def merge_batch(batch: Batch, findings: Findings, home: Home, size: Intake) -> IngestResult:
    """Land the files, quarantine the bad rows, merge the good ones and record it, in this order.

    Each step is one atomic write that may be repeated, so that the next run completes an interrupted one.

    Args:
        batch: What was read.
        findings: What the contract says of it; all rows of stores that it refuses go to quarantine.
        home: The home of the tables.
        size: How much memory the rows may take.
    """
    staged, stores = batch.staged, findings.refused_stores
    if staged is None:
        nothing = Merged(0, 0, batch.rows - batch.quarantined, sales_table.snapshot(home))
        return IngestResult.of(batch, findings, nothing)
    with home.writing():
        _land(batch, staged, home)
        earlier = batch.earlier.now()
        batch = _quarantine(batch, staged, earlier, stores, home)
        merged = _merge(batch, staged, earlier, stores, home, size)
    return IngestResult.of(batch, findings, merged)


def _land(batch: Batch, staged: StagedBatch, home: Home) -> None:
    for path, file in zip(staged.paths, batch.files, strict=True):
        if not path.resolve().is_relative_to(home.landing.resolve()):
            copy_file(path, home.landing / file.landed)


def _quarantine(
    batch: Batch, staged: StagedBatch, earlier: EarlierFiles, refused_stores: tuple[str, ...], home: Home
) -> Batch:
    """Put all refused rows into quarantine; the batch with their reasons, file by file.

    The rows of a file that another run ingested while this one waited are there already, or were replayed.
    """
    fresh = {number: file for number, file in enumerate(batch.files) if file.sha256 not in earlier.files}
    rows = ((file, staged.refused(number, refused_stores)) for number, file in fresh.items())
    counted = quarantine.add(home, quarantine.BatchStamp(batch.id, datetime.now(UTC)), rows)
    reasons = {file.sha256: file.reasons for file in earlier.files.values()}
    reasons |= {file.sha256: dict(count) for file, count in zip(fresh.values(), counted, strict=True)}
    return batch.recounted(reasons)


def _merge(
    batch: Batch, staged: StagedBatch, earlier: EarlierFiles, refused_stores: tuple[str, ...], home: Home, size: Intake
) -> Merged:
    """Put the good rows into the sales table, and the new files into the ledger."""
    change = merge(home, batch.id, staged.accepted(), size.rows, refused_stores)
    inserted, changed, good = change.inserted, change.changed, batch.rows - batch.quarantined
    fresh = [file for file in batch.files if file.sha256 not in earlier.files]
    if fresh and not inserted + changed:
        inserted, changed = sales_table.merged_before(home, batch.id, good)
    merged = Merged(inserted + changed, changed, good - inserted - changed, sales_table.snapshot(home))
    ledger.record(home, entries(batch, fresh, counts(batch, merged), refused_stores))
    log.info("merged: %s new rows, %s changed", f"{inserted:,}", f"{changed:,}")
    return merged


@task
def refuse_batch(batch: Batch, findings: Findings, home: Home) -> IngestResult:
    """Record that a batch was refused as a whole; no row of it goes into a table.

    If a file cannot be read at all, nothing is recorded: the home stays as it was.
    """
    if not batch.fault:
        _record_refusal(batch, str(findings.refusal), home)
    return IngestResult.of(batch, findings, Merged(0, 0, 0, sales_table.snapshot(home)))


def _record_refusal(batch: Batch, why: str, home: Home) -> None:
    """Put a refusal into the ledger, unless it is there already for the same reason."""
    subject = f"batch.{batch.id}"
    before = [entry.why for entry in ledger.read(home, ["refusal"]) if entry.subject == subject]
    if before[-1:] != [why]:
        details = {"counts": {"rows_read": batch.rows, "rows_refused": batch.rows}, "reasons": batch.reasons}
        with home.writing():
            ledger.record(home, [ledger.Entry("refusal", subject, why, details=details)])
