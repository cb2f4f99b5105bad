"""The sales table: accepted rows, one a key, in Delta; its versions are the snapshots that releases name.

It is partitioned by month. An ingest writes the months that it changes anew, in one commit: what a night costs grows
with the month, not with the table's age, and two writers of one month never both succeed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet
from deltalake import CommitProperties, DeltaTable, write_deltalake

from tasks.home import Home

COLUMNS = pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.string()), ("sales", pa.int64())])
SCHEMA = pa.schema([*COLUMNS, ("month", pa.string())])
_RECENT = 100
"""Commits among which a batch that was cut off is looked for."""

_KEY = ["date", "store", "item"]
_KEPT = {"delta.enableExpiredLogCleanup": "false"}
"""Snapshots that releases name stay readable."""


class NoSales(ValueError):
    """There is no sales table yet."""


class OtherLayout(ValueError):
    """A sales table that an earlier version of shelfcast made."""


@dataclass(frozen=True)
class Snapshot:
    """A version of the sales table."""

    version: int
    rows: int
    first_day: str
    last_day: str


def snapshot(home: Home) -> int | None:
    """The current version, or nothing before the first ingest."""
    return DeltaTable(home.sales).version() if DeltaTable.is_deltatable(str(home.sales)) else None


def latest(home: Home) -> tuple[int, date]:
    """The current version and its last day, from the table's statistics.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    table = _table(home, None)
    return table.version(), pc.max(pa.table(table.get_add_actions(flatten=True))["max.date"]).as_py()


def read(
    home: Home,
    version: int | None = None,
    after: date | None = None,
    until: date | None = None,
    stores: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Rows of a version: date, store, item, sales.

    Args:
        home: Where the table is.
        version: Defaults to `None`, the current one.
        after: Only days after this one. Defaults to `None`.
        until: Only days up to this one. Defaults to `None`.
        stores: Only these. Defaults to `None`, all.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    tables = list(scan(home, version, after, until, stores))
    _table(home, version)
    return pa.concat_tables([COLUMNS.empty_table(), *tables]).to_pandas()


def scan(
    home: Home,
    version: int | None = None,
    after: date | None = None,
    until: date | None = None,
    stores: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """The rows that `read` gives, piece by piece in schema `COLUMNS`; none if nothing was ingested yet."""
    if snapshot(home) is None:
        return
    column = pc.field
    wanted = [column("date") > pa.scalar(after)] if after else []
    wanted += [column("date") <= pa.scalar(until)] if until else []
    wanted += [column("store").isin(list(stores))] if stores else []
    chosen: Any = None
    for condition in wanted:
        chosen = condition if chosen is None else chosen & condition
    dataset = _table(home, version).to_pyarrow_dataset()
    for batch in dataset.to_batches(columns=COLUMNS.names, filter=chosen):
        if batch.num_rows:
            yield pa.table(batch).cast(COLUMNS)


def stores(home: Home) -> list[str]:
    """The stores that have sales, "2" before "10".

    Raises:
        NoSales: If nothing was ingested yet.
    """
    dataset = _table(home, None).to_pyarrow_dataset()
    names: set[str] = set()
    for batch in dataset.to_batches(columns=["store"]):
        names |= set(pc.unique(batch["store"]).to_pylist())
    return sorted(names, key=lambda name: (len(name), name))


def describe(rows: pd.DataFrame, version: int) -> Snapshot:
    """What a release says of the snapshot it was made from."""
    return Snapshot(version, len(rows), str(rows["date"].min()), str(rows["date"].max()))


def merge(home: Home, batch: str, accepted: Path) -> tuple[int, int]:
    """Insert new keys and update those with another value, in one commit; none if nothing would change.

    Returns:
        Rows inserted and rows changed.
    """
    rows = pyarrow.parquet.read_table(accepted)
    if not len(rows):
        return 0, 0
    rows = rows.append_column("month", _month(rows["date"]))
    if not DeltaTable.is_deltatable(str(home.sales)):
        home.sales.mkdir(parents=True, exist_ok=True)
        write_deltalake(
            home.sales,
            rows,
            partition_by=["month"],
            configuration=_KEPT,
            commit_properties=_says(batch, len(rows), 0),
        )
        return len(rows), 0
    table = _table(home, None)
    joined = _beside(rows, table)
    fresh = pc.is_null(joined["known"])
    changed = pc.fill_null(pc.not_equal(joined["sales"], joined["known"]), False)
    counts = pc.sum(fresh).as_py() or 0, pc.sum(changed).as_py() or 0
    touching = joined.filter(pc.or_(fresh, changed))
    if len(touching):
        months = sorted(touching["month"].unique().to_pylist())
        content = pa.concat_tables([_others(table, months, touching), touching.select(SCHEMA.names)])
        named = ", ".join(f"'{month}'" for month in months)
        write_deltalake(
            table,
            content,
            mode="overwrite",
            predicate=f"month IN ({named})",
            commit_properties=_says(batch, *counts),
        )
    return counts


def merged_before(home: Home, batch: str) -> tuple[int, int]:
    """Rows that a batch inserted and changed in a run that was cut off after it; zeros if there was none."""
    if snapshot(home) is not None:
        for commit in _table(home, None).history(_RECENT):
            if commit.get("batch") == batch:
                return int(commit["inserted"]), int(commit["changed"])
    return 0, 0


def _says(batch: str, inserted: int, changed: int) -> CommitProperties:
    return CommitProperties(
        custom_metadata={"batch": batch, "inserted": str(inserted), "changed": str(changed)}, max_commit_retries=0
    )


def _month(days: pa.ChunkedArray) -> pa.Array:
    """The partition of each day, `2026-01`; each distinct day is looked at once."""
    encoded = days.combine_chunks().dictionary_encode()
    return pa.array([f"{day:%Y-%m}" for day in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


def _others(table: DeltaTable, months: list[str], rows: pa.Table) -> pa.Table:
    """All rows of `months` but those whose key is in `rows`."""
    dataset = table.to_pyarrow_dataset()
    old = dataset.to_table(columns=SCHEMA.names, filter=pc.field("month").isin(months)).cast(SCHEMA)
    return old.join(rows.select(_KEY), _KEY, join_type="left anti")


def contradicted(home: Home, rows: pa.Table) -> pa.Table:
    """Those of `rows` whose key has other sales in the table."""
    if not DeltaTable.is_deltatable(str(home.sales)) or not len(rows):
        return rows.slice(0, 0)
    joined = _beside(rows, DeltaTable(home.sales))
    return joined.filter(pc.not_equal(joined["sales"], joined["known"])).select(rows.column_names)


def _beside(rows: pa.Table, table: DeltaTable) -> pa.Table:
    """`rows` with the sales that the table has for their keys as `known`, null where it has none."""
    days = pc.min_max(rows["date"]).as_py()
    span = (pc.field("date") >= pa.scalar(days["min"])) & (pc.field("date") <= pa.scalar(days["max"]))
    old = table.to_pyarrow_dataset().to_table(columns=COLUMNS.names, filter=span).cast(COLUMNS)
    return rows.join(old.rename_columns([*_KEY, "known"]), _KEY, join_type="left outer")


def _table(home: Home, version: int | None) -> DeltaTable:
    if not DeltaTable.is_deltatable(str(home.sales)):
        raise NoSales(f"there are no sales in {home.root} yet; run `shelfcast ingest` first")
    table = DeltaTable(home.sales, version=version)
    if table.metadata().partition_columns != ["month"]:
        raise OtherLayout(
            f"{home.sales} was made by an earlier shelfcast; ingest {home.landing} into a new home, it has every file"
        )
    return table
