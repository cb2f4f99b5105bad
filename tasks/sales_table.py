"""The sales table: accepted rows, one a key, in Delta; its versions are the snapshots that releases name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from deltalake import CommitProperties, DeltaTable, write_deltalake

from tasks.home import Home


class NoSales(ValueError):
    """There is no sales table yet."""


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
    filters: list[Any] = [("date", ">", after)] if after else []
    filters += [("date", "<=", until)] if until else []
    filters += [("store", "in", list(stores))] if stores else []
    return _table(home, version).to_pyarrow_table(filters=filters or None).to_pandas()


def stores(home: Home) -> list[str]:
    """The stores that have sales, "2" before "10".

    Raises:
        NoSales: If nothing was ingested yet.
    """
    names = {partition["store"] for partition in _table(home, None).partitions()}
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
    properties = CommitProperties(custom_metadata={"batch": batch})
    if not DeltaTable.is_deltatable(str(home.sales)):
        home.sales.mkdir(parents=True, exist_ok=True)
        write_deltalake(home.sales, rows, partition_by=["store"], commit_properties=properties)
        return len(rows), 0
    inserted, changed = _difference(rows, DeltaTable(home.sales))
    if inserted or changed:
        (
            DeltaTable(home.sales)
            .merge(
                rows,
                "old.store = new.store AND old.item = new.item AND old.date = new.date",
                source_alias="new",
                target_alias="old",
                commit_properties=properties,
            )
            .when_matched_update({"sales": "new.sales"}, predicate="old.sales != new.sales")
            .when_not_matched_insert_all()
            .execute()
        )
    return inserted, changed


def contradicted(home: Home, rows: pa.Table) -> pa.Table:
    """Those of `rows` whose key has other sales in the table."""
    if not DeltaTable.is_deltatable(str(home.sales)) or not len(rows):
        return rows.slice(0, 0)
    joined = _beside(rows, DeltaTable(home.sales))
    return joined.filter(pc.not_equal(joined["sales"], joined["known"])).select(rows.column_names)


def _difference(rows: pa.Table, table: DeltaTable) -> tuple[int, int]:
    """Keys of `rows` that `table` lacks, and those it has with other sales."""
    joined = _beside(rows, table)
    known = pc.sum(pc.is_valid(joined["known"])).as_py() or 0
    return len(rows) - known, pc.sum(pc.not_equal(joined["sales"], joined["known"])).as_py() or 0


def _beside(rows: pa.Table, table: DeltaTable) -> pa.Table:
    """`rows` with the sales that the table has for their keys as `known`, null where it has none."""
    days = pc.min_max(rows["date"]).as_py()
    span = [("date", ">=", days["min"]), ("date", "<=", days["max"])]
    old = table.to_pyarrow_table(filters=[("store", "in", rows["store"].unique().to_pylist()), *span])
    return rows.join(old.rename_columns({"sales": "known"}), ["date", "store", "item"], join_type="left outer")


def _table(home: Home, version: int | None) -> DeltaTable:
    if not DeltaTable.is_deltatable(str(home.sales)):
        raise NoSales(f"there are no sales in {home.root} yet; run `shelfcast ingest` first")
    return DeltaTable(home.sales, version=version)
