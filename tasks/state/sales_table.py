"""The sales table: accepted rows, one a key, in Delta; its versions are the snapshots that releases name.

It is partitioned by month. An ingest adds a file to a month, or writes it anew where a known value changes, and makes
all that visible in one commit: a night costs the same at any age of the table, and of two writers at once one fails.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from deltalake import DeltaTable

from tasks.forecasting.data.days import natural
from tasks.forecasting.data.panel import Panel, Rows, to_panel
from tasks.state import delta
from tasks.state.home import Home
from tasks.state.row_keys import Ints, Keys, Month, day_number, day_of, item_of, order_of, series_of, store_of

COLUMNS = pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.string()), ("sales", pa.int64())])
SCHEMA = pa.schema([*COLUMNS, ("month", pa.string())])
_RECENT = 100
"""Commits among which a batch that was cut off is looked for."""


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
    return _version(DeltaTable(home.sales)) if delta.exists(home.sales) else None


def _version(table: DeltaTable) -> int:
    """The last commit that brought sales; tidying up makes commits too, which change none."""
    for commit in table.history(_RECENT):
        if commit["operation"].split()[0] not in ("VACUUM", "OPTIMIZE"):
            return int(commit["version"])
    return table.version()


def latest(home: Home) -> tuple[int, date]:
    """The current version and its last day, from the table's statistics.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    table = _table(home, None)
    return _version(table), pc.max(pa.table(table.get_add_actions(flatten=True))["max.date"]).as_py()


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
    tables = [pa.table(batch).cast(COLUMNS) for batch in _batches(home, version, after, until, stores)]
    return pa.concat_tables([COLUMNS.empty_table(), *tables]).to_pandas()


def panel(
    home: Home,
    version: int | None = None,
    after: date | None = None,
    until: date | None = None,
    stores: Sequence[str] | None = None,
) -> Panel:
    """The rows that `read` gives as a panel. They are gone through twice, and never in memory all at once.

    Raises:
        NoSales: If nothing was ingested yet.
        TooLittleHistory: If no series has 15 days.
    """
    keys, asked = Keys(), (home, version, after, until, stores)
    counts: dict[int, int] = {}
    first, last = np.iinfo(np.int32).max, 0
    for batch in _batches(*asked, coded=("store", "item")):
        found = keys.of_rows(pa.table(batch))
        for series, rows in zip(*np.unique(series_of(found), return_counts=True), strict=True):
            counts[int(series)] = counts.get(int(series), 0) + int(rows)
        first, last = min(first, int(day_of(found).min())), max(last, int(day_of(found).max()))
    known = np.array(sorted(counts), np.int64)
    names = [
        (keys.stores.names[store], keys.items.names[item])
        for store, item in zip(store_of(known).tolist(), item_of(known).tolist(), strict=True)
    ]

    def pieces() -> Iterator[Rows]:
        for batch in _batches(*asked, coded=("store", "item")):
            found = keys.of_rows(pa.table(batch))
            yield Rows(np.searchsorted(known, series_of(found)), day_of(found), batch["sales"].to_numpy())

    return to_panel(names, np.array([counts[series] for series in known.tolist()], np.int64), (first, last), pieces())


def _batches(
    home: Home,
    version: int | None,
    after: date | None,
    until: date | None,
    stores: Sequence[str] | None,
    coded: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    column = pc.field
    wanted = [column("date") > pa.scalar(after)] if after else []
    wanted += [column("date") <= pa.scalar(until)] if until else []
    wanted += [column("store").isin(list(stores))] if stores else []
    chosen: Any = None
    for condition in wanted:
        chosen = condition if chosen is None else chosen & condition
    _table(home, version)
    for batch in delta.dataset(home.sales, version, coded).to_batches(columns=COLUMNS.names, filter=chosen):
        if batch.num_rows:
            yield batch


def stores(home: Home) -> list[str]:
    """The stores that have sales, "2" before "10".

    Raises:
        NoSales: If nothing was ingested yet.
    """
    _table(home, None)
    names: set[str] = set()
    for batch in delta.dataset(home.sales, coded=["store"]).to_batches(columns=["store"]):
        names |= set(batch["store"].unique().to_pylist())
    return natural(names)


def describe(home: Home, version: int) -> Snapshot:
    """What a release says of the snapshot it was made from, from the table's statistics.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    files = pa.table(_table(home, version).get_add_actions(flatten=True))
    first, last = pc.min(files["min.date"]).as_py(), pc.max(files["max.date"]).as_py()
    return Snapshot(version, pc.sum(files["num_records"]).as_py(), str(first), str(last))


class Months:
    """The table's rows month by month, as keys. They are those of the version that it is made at."""

    def __init__(self, home: Home, keys: Keys) -> None:
        self.keys = keys
        self.table = None if snapshot(home) is None else _table(home, None)
        self._root = home.sales
        actions = pa.table(self.table.get_add_actions(flatten=True)).to_pylist() if self.table else []
        self._files: dict[Month, list[dict[str, Any]]] = {}
        self.rows: dict[Month, int] = {}
        for action in actions:
            month = int(np.datetime64(action["partition.month"], "M").astype(int))
            self._files.setdefault(month, []).append(action)
            self.rows[month] = self.rows.get(month, 0) + action["num_records"]

    def take(
        self, month: Month, part: int = 0, parts: int = 1, days: tuple[int, int] | None = None
    ) -> tuple[Ints, Ints]:
        """Keys, ascending, and sales of a month.

        Args:
            month: Since 1970-01.
            part: Only stores whose number in `keys` leaves this remainder. Defaults to 0.
            parts: The divisor. Defaults to 1, so that all stores are taken.
            days: The first and last day wanted, since 1970-01-01. Defaults to all of the month.
        """
        first, last = days or (0, np.iinfo(np.int32).max)
        keys, sales = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for action in self._files.get(month, []):
            if day_number(action["max.date"]) < first or day_number(action["min.date"]) > last:
                continue
            with pa.parquet.ParquetFile(self._root / action["path"], read_dictionary=["store", "item"]) as file:
                for batch in file.iter_batches(batch_size=delta.ROW_GROUP, columns=COLUMNS.names):
                    found, units = self._within(batch, first, last)
                    chosen = slice(None) if parts == 1 else store_of(found) % parts == part
                    keys.append(found[chosen])
                    sales.append(units[chosen])
        found, units = np.concatenate(keys), np.concatenate(sales)
        order = order_of(found)
        return (found, units) if order is None else (found[order], units[order])

    def _within(self, batch: pa.RecordBatch, first: int, last: int) -> tuple[Ints, Ints]:
        numbers = batch["date"].cast(pa.int32()).to_numpy()
        wanted = (numbers >= first) & (numbers <= last)
        rows = batch if wanted.all() else batch.filter(pa.array(wanted))
        return self.keys.of_rows(rows), rows["sales"].to_numpy()


def merged_before(home: Home, batch: str, good: int) -> tuple[int, int]:
    """Rows that a batch inserted and changed in a run that was cut off after it; zeros if there was none.

    Zeros too if they are more than the `good` rows of today, as rules or refused stores were others then.
    """
    if snapshot(home) is not None:
        for commit in _table(home, None).history(_RECENT):
            if commit.get("batch") == batch:
                inserted, changed = int(commit["inserted"]), int(commit["changed"])
                return (inserted, changed) if inserted + changed <= good else (0, 0)
    return 0, 0


def _table(home: Home, version: int | None) -> DeltaTable:
    if not delta.exists(home.sales):
        raise NoSales(f"there are no sales in {home.root} yet; run `shelfcast ingest` first")
    table = DeltaTable(home.sales, version=version)
    if table.metadata().partition_columns != ["month"]:
        raise OtherLayout(
            f"{home.sales} was made by an earlier shelfcast; ingest {home.landing} into a new home, it has every file"
        )
    return table
