"""Steps of an ingest: read and sift what arrived, then put it in the tables."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from prefect import task

from tasks.ingest import quarantine, stage
from tasks.ingest.batch import Batch, FileCount, Merged, counts, entries, ingested
from tasks.ingest.contract.suite import Contract, Findings
from tasks.ingest.merge import merge
from tasks.ingest.reading import reader, sources
from tasks.ingest.reading.chunk import UnreadableFile
from tasks.ingest.reading.feed import Feed
from tasks.ingest.reading.sources import SourceFile
from tasks.ingest.stage import Intake
from tasks.ingest.staged_rows import Accepted
from tasks.state import ledger, sales_table
from tasks.state.atomic import copy_file
from tasks.state.home import Home
from tasks.state.row_keys import Keys, TooManyCodes

log = logging.getLogger("shelfcast.ingest")

LONGEST_NAME = 50
"""Characters of a landed file's name, its end: stores have longer names than file systems take."""


@task
def read_batch(
    given: list[str],
    home: Home,
    contract: Contract,
    staging: Path,
    written: Feed = Feed(),  # noqa: B008  # frozen
    size: Intake = Intake(),  # noqa: B008  # frozen
) -> Batch:
    """Read all sources and tell good rows from bad ones; nothing is written but in `staging`.

    Args:
        given: Files, folders, patterns, and URLs of these.
        home: What was taken in before.
        contract: The rules for a row.
        staging: A folder for the time of the run.
        written: How the files are written. Defaults to our own columns.
        size: How much memory it may take.

    Raises:
        sources.SourceError: If there is nothing to read.
    """
    before = ingested(home)
    seen = {version: file.sha256 for file in before.values() for version in file.versions}
    found = sources.find(given, staging / "fetched", seen)
    known = tuple(before[file.sha256] for file in found if file.sha256 in before)
    reading = written.model_dump(exclude_defaults=True)
    notes = _read_otherwise(known, reading)
    for note in notes:
        log.warning("%s", note)
    name = sha256("".join(sorted(file.sha256 for file in found)).encode()).hexdigest()[:16]
    batch = Batch(name, (), (), known, staging, notes=notes)
    fresh = [file for file in found if file.sha256 not in before]
    return _read(fresh, batch, home, contract, written, size) if fresh else batch


def _read(files: list[SourceFile], batch: Batch, home: Home, contract: Contract, written: Feed, size: Intake) -> Batch:
    paths = tuple(file.path for file in files if file.path)
    readers = [partial(reader.pieces, path, written) for path in paths]
    spool = batch.staging / "spool"
    spool.mkdir()
    try:
        table = sales_table.Months(home, Keys())
        taken = stage.take(readers, contract.rules(datetime.now(UTC).date()), table, spool, size.rows)
    except UnreadableFile as error:
        return replace(batch, fault=str(error))
    except TooManyCodes as error:
        return replace(batch, fault=f"{', '.join(path.name for path in paths)} {error}")
    for number, (lines, reasons) in enumerate(taken.bad):
        np.savez(batch.staging / f"bad-{number}.npz", lines=lines, reasons=reasons)
    reading = written.model_dump(exclude_defaults=True)
    counted = tuple(
        FileCount(
            file.name,
            file.sha256,
            rows,
            taken.reasons(number),
            reading,
            file.origin,
            _landed(path, file, home),
            tuple(sources.versions([file])),
        )
        for number, (file, path, rows) in enumerate(zip(files, paths, taken.rows, strict=True))
    )
    log.info("read %s new rows; files: %d, known: %d", f"{sum(taken.rows):,}", len(files), len(batch.known))
    return replace(batch, files=counted, paths=paths, accepted=spool, profile=taken.profile)


def _read_otherwise(known: tuple[FileCount, ...], reading: dict[str, Any]) -> tuple[str, ...]:
    """A sentence for each known file that a feed other than today's read; our own columns are no feed to insist on."""
    return tuple(
        f"{file.name} was taken in before with {file.reading or 'our own columns'}; read otherwise it changes nothing"
        for file in known
        if reading and file.reading != reading
    )


@task
def merge_batch(
    batch: Batch,
    home: Home,
    refused_stores: tuple[str, ...] = (),
    size: Intake = Intake(),  # noqa: B008  # frozen
) -> tuple[Batch, Merged]:
    """Land the files, quarantine the bad rows, merge the good ones, record it, in this order.

    Each step is one atomic write and is the same when repeated, so a run that was cut off is mended by the next.

    Args:
        batch: What was read.
        home: Where it goes.
        refused_stores: Stores whose rows all go to quarantine. Defaults to none.
        size: How much memory it may take.

    Returns:
        The batch with the rows of refused stores counted as refused, and what it did.
    """
    if not batch.files:
        return batch, Merged(0, 0, batch.rows - batch.quarantined, sales_table.snapshot(home))
    with home.writing():
        for path, file in zip(batch.paths, batch.files, strict=True):
            if not path.resolve().is_relative_to(home.landing.resolve()):
                copy_file(path, home.landing / file.landed)
        batch = _set_aside(batch, home, refused_stores)
        return batch, _merge(batch, home, refused_stores, size)


def _set_aside(batch: Batch, home: Home, refused_stores: tuple[str, ...]) -> Batch:
    """Put all refused rows in quarantine; the batch with what they are, file by file.

    Files that another run took in while this one waited have theirs there already, or replayed.
    """
    known = ingested(home)
    fresh = [number for number, file in enumerate(batch.files) if file.sha256 not in known]
    said = quarantine.Said(batch.id, datetime.now(UTC))
    counted = quarantine.put(home, said, _refused_rows(batch, fresh, refused_stores))
    reasons = dict(zip(fresh, counted, strict=True))
    files = tuple(
        replace(file, reasons=dict(reasons[number])) if number in reasons else known[file.sha256]
        for number, file in enumerate(batch.files)
    )
    return replace(batch, files=files, refused_stores=refused_stores)


def _refused_rows(
    batch: Batch, files: list[int], refused_stores: tuple[str, ...]
) -> Iterator[tuple[FileCount, Iterator[pa.Table]]]:
    for number in files:
        file, path = batch.files[number], batch.paths[number]
        with np.load(batch.staging / f"bad-{number}.npz") as bad:
            found = bad["lines"], bad["reasons"]
        yield file, stage.refused(partial(reader.pieces, path, Feed(**file.reading)), found, refused_stores)


def _merge(batch: Batch, home: Home, refused_stores: tuple[str, ...], size: Intake) -> Merged:
    assert batch.accepted
    change = merge(home, batch.id, Accepted.at(batch.accepted), size.rows, refused_stores)
    inserted, changed = change.inserted, change.changed
    known = ingested(home)
    fresh = [file for file in batch.files if file.sha256 not in known]
    good = batch.rows - batch.quarantined
    if fresh and not inserted + changed:
        inserted, changed = sales_table.merged_before(home, batch.id, good)
    merged = Merged(inserted + changed, changed, good - inserted - changed, sales_table.snapshot(home))
    ledger.record(home, entries(batch, fresh, counts(batch, merged)))
    log.info("merged: %s new rows, %s changed", f"{inserted:,}", f"{changed:,}")
    return merged


def summary(batch: Batch, merged: Merged, findings: Findings = Findings()) -> dict[str, Any]:  # noqa: B008  # frozen
    """The JSON of an ingest: rows read = accepted + unchanged + quarantined."""
    return {
        "batch": batch.id,
        "rows_read": batch.rows,
        **asdict(merged),
        "rows_quarantined": batch.quarantined,
        "reasons": batch.reasons,
        "refused": False,
        "refused_stores": list(batch.refused_stores),
        "warnings": [*findings.warnings, *batch.notes],
        "records": [each.message for each in findings.of("info")],
        "docs": findings.docs and str(findings.docs),
    }


@task
def refuse_batch(batch: Batch, findings: Findings, home: Home) -> dict[str, Any]:
    """Record that a batch was refused as a whole; nothing of it goes into a table. The JSON of its ingest.

    Of files that cannot be read at all there is nothing to record: they leave the home as it was.
    """
    why = str(findings.refusal)
    if not batch.fault:
        subject, found = f"batch.{batch.id}", {"rows_read": batch.rows, "rows_refused": batch.rows}
        before = [each.why for each in ledger.read(home, ["refusal"]) if each.subject == subject]
        if before[-1:] != [why]:
            details = {"counts": found, "reasons": batch.reasons}
            with home.writing():
                ledger.record(home, [ledger.Entry("refusal", subject, why, details=details)])
    return {
        "batch": batch.id,
        "rows_read": batch.rows,
        **asdict(Merged(0, 0, 0, sales_table.snapshot(home))),
        "rows_quarantined": 0,
        "rows_refused": batch.rows,
        "reasons": batch.reasons,
        "refused": True,
        "refused_stores": [],
        "why": why,
        "warnings": [],
        "records": [],
        "docs": findings.docs and str(findings.docs),
    }


def _landed(path: Path, file: SourceFile, home: Home) -> str:
    """Where a file is below `landing/`, or will be."""
    landing = home.landing.resolve()
    if path.resolve().is_relative_to(landing):
        return str(path.resolve().relative_to(landing))
    return f"{file.sha256[:12]}-{file.name[-LONGEST_NAME:]}"
