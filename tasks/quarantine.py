"""The quarantine: refused rows with their raw text, file, line, reason and batch, in Delta."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from deltalake import DeltaTable, write_deltalake

from tasks.home import Home

SCHEMA = pa.schema(
    [
        ("batch", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("file", pa.string()),
        ("sha256", pa.string()),
        ("line", pa.int64()),
        ("raw", pa.string()),
        ("reason", pa.string()),
        ("date", pa.string()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("sales", pa.string()),
    ]
)


def put(home: Home, batch: str, files: Sequence[tuple[str, str]], refused: Path) -> None:
    """Set the refused rows of a batch aside, in one commit; a file's rows replace what was there of the same content.

    Args:
        home: Where the table is.
        batch: Id of the batch.
        files: Name and sha256 of each file, by its number.
        refused: Parquet of schema `sift.REFUSED`.
    """
    rows = pyarrow.parquet.read_table(refused).to_pylist()
    if not rows:
        return
    now = datetime.now(UTC)
    table = pa.Table.from_pylist(
        [
            {**row, "file": files[row["file"]][0], "sha256": files[row["file"]][1], "batch": batch, "at": now}
            for row in rows
        ],
        schema=SCHEMA,
    )
    home.quarantine.mkdir(parents=True, exist_ok=True)
    if DeltaTable.is_deltatable(str(home.quarantine)):
        same = ", ".join(f"'{sha256}'" for sha256 in sorted(set(table["sha256"].to_pylist())))
        write_deltalake(home.quarantine, table, mode="overwrite", predicate=f"sha256 IN ({same})")
    else:
        write_deltalake(home.quarantine, table)


def rows(home: Home, reason: str | None = None) -> list[dict[str, Any]]:
    """Rows in quarantine, newest batch first.

    Args:
        home: Where the table is.
        reason: Only rows refused for it. Defaults to `None`, all.
    """
    if not DeltaTable.is_deltatable(str(home.quarantine)):
        return []
    table = DeltaTable(home.quarantine).to_pyarrow_table(filters=[("reason", "=", reason)] if reason else None)
    return table.sort_by([("at", "descending"), ("file", "ascending"), ("line", "ascending")]).to_pylist()


def keep(home: Home, remaining: list[dict[str, Any]]) -> None:
    """Leave only these rows in quarantine, in one commit."""
    write_deltalake(home.quarantine, pa.Table.from_pylist(remaining, schema=SCHEMA), mode="overwrite")


def reasons(home: Home) -> dict[str, int]:
    """Rows in quarantine by reason, the most frequent first."""
    if not DeltaTable.is_deltatable(str(home.quarantine)):
        return {}
    counts = Counter(DeltaTable(home.quarantine).to_pyarrow_table(columns=["reason"])["reason"].to_pylist())
    return dict(counts.most_common())
