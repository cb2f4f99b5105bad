"""Step: rows in quarantine are held against today's rules again; those that are right now go into the sales table."""

import logging
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from prefect import task

from tasks import quarantine, sales_table
from tasks.candidate import to_json
from tasks.contract import Contract
from tasks.feed import FILE_ROWS, Rows
from tasks.home import Home
from tasks.sift import ACCEPTED, Sifted, sift

log = logging.getLogger("shelfcast.replay")


KNOWN_OTHERWISE = "sales table has another value"
"""Why a row stays that would be right by itself: what the table has came later, or was right at once."""


@task
def replay(home: Home, contract: Contract, reason: str | None, staging: Path) -> dict[str, Any]:
    """Merge what is right now and leave the rest in quarantine; the JSON of `shelfcast quarantine replay`.

    No value in the sales table is overwritten. The table is written first: a run that was cut off repeats the merge,
    which then changes nothing.

    Args:
        home: Whose quarantine.
        contract: Today's rules.
        reason: Only rows refused for it. Defaults to `None`, all.
        staging: A folder for the time of the run.
    """
    with home.writing() if quarantine.reasons(home) else nullcontext():
        return _replay(home, contract, reason, staging)


def _replay(home: Home, contract: Contract, reason: str | None, staging: Path) -> dict[str, Any]:
    everything = quarantine.rows(home)
    chosen = [row for row in everything if reason in (None, row["reason"]) and row["date"] is not None]
    sifted = _sift(chosen, contract)
    held = {tuple(row.values())[:3] for row in sales_table.contradicted(home, sifted.accepted).to_pylist()}
    faults = [
        row["reason"] or (KNOWN_OTHERWISE if (row["date"], row["store"], row["item"]) in held else None)
        for row in sifted.checked.to_pylist()
    ]
    fresh = [row for row in sifted.accepted.to_pylist() if tuple(row.values())[:3] not in held]
    pyarrow.parquet.write_table(pa.Table.from_pylist(fresh, schema=ACCEPTED), staging / "accepted.parquet")
    batch = sha256(to_json([[row["sha256"], row["line"]] for row in chosen])).hexdigest()[:16]
    inserted, _ = sales_table.merge(home, batch, staging / "accepted.parquet")
    released = [row for row, fault in zip(chosen, faults, strict=True) if fault is None]
    if released:
        gone = {(row["sha256"], row["line"]) for row in released}
        quarantine.keep(home, [row for row in everything if (row["sha256"], row["line"]) not in gone])
    log.info("replayed %d rows: %d right now", len(chosen), len(released))
    reasons = Counter(fault for fault in faults if fault)
    return {
        "batch": batch,
        "rows_read": len(chosen),
        "rows_accepted": inserted,
        "rows_changed": 0,
        "rows_unchanged": len(released) - inserted,
        "rows_quarantined": reasons.total(),
        "reasons": dict(reasons.most_common()),
        "refused": False,
        "snapshot": sales_table.snapshot(home),
    }


def _sift(rows: list[dict[str, Any]], contract: Contract) -> Sifted:
    texts = pa.Table.from_pylist([{**row, "file": 0, "line": line} for line, row in enumerate(rows)], schema=FILE_ROWS)
    return sift([Rows(texts, {})], datetime.now(UTC).date(), contract.first_day, contract.max_sales)
