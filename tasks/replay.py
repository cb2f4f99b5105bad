"""Step: rows in quarantine are held against today's rules again; those that are right now go into the sales table."""

import logging
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from prefect import task

from tasks import feed, quarantine, sales_table
from tasks.candidate import to_json
from tasks.contract import Contract
from tasks.home import Home

log = logging.getLogger("shelfcast.replay")


@task
def replay(home: Home, contract: Contract, reason: str | None, staging: Path) -> dict[str, Any]:
    """Merge what is right now and leave the rest in quarantine; the JSON of `shelfcast quarantine replay`.

    The sales table is written first: a run that was cut off repeats the merge, which then changes nothing.

    Args:
        home: Whose quarantine.
        contract: Today's rules.
        reason: Only rows refused for it. Defaults to `None`, all.
        staging: A folder for the time of the run.
    """
    everything = quarantine.rows(home)
    chosen = [row for row in everything if reason in (None, row["reason"]) and row["date"] is not None]
    texts = [{**row, "file": 0, "line": number} for number, row in enumerate(chosen)]
    rows = feed.Rows(pa.Table.from_pylist(texts, schema=feed.FILE_ROWS), {})
    sifted = feed.sift([rows], datetime.now(UTC).date(), contract.first_day, contract.max_sales)
    pyarrow.parquet.write_table(sifted.accepted, staging / "accepted.parquet")
    batch = sha256(to_json([[row["batch"], row["file"], row["line"]] for row in chosen])).hexdigest()[:16]
    inserted, changed = sales_table.merge(home, batch, staging / "accepted.parquet")
    still = set(sifted.refused["line"].to_pylist())
    released = [id(row) for number, row in enumerate(chosen) if number not in still]
    if released:
        gone = set(released)
        quarantine.keep(home, [row for row in everything if id(row) not in gone])
    log.info("replayed %d rows: %d right now", len(chosen), len(released))
    return {
        "batch": batch,
        "rows_read": len(chosen),
        "rows_accepted": inserted + changed,
        "rows_changed": changed,
        "rows_unchanged": len(released) - inserted - changed,
        "rows_quarantined": len(still),
        "reasons": dict(Counter(sifted.refused["reason"].to_pylist()).most_common()),
        "refused": False,
        "snapshot": sales_table.snapshot(home),
    }
