"""The sales table: accepted rows, each key once, in Delta. Its versions are the snapshots that releases name.

The table is partitioned by month. An ingest adds a file to a month, or rewrites the month if a known value changes, and
makes everything visible in one commit. So a night costs the same at any age of the table, and one of two simultaneous
writers fails.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from tasks.forecasting.data.days import natural
from tasks.forecasting.data.panel import Panel, Rows, to_panel
from tasks.state import delta, parquet
from tasks.state.home import Home
from tasks.state.row_keys import Ints, Keys, Month, day_number, day_of, item_of, order_of, series_of, store_of

COLUMNS = pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.string()), ("sales", pa.int64())])
SCHEMA = pa.schema([*COLUMNS, ("month", pa.string())])
_RECENT = 100
"""Number of last commits in which an interrupted batch is looked for."""


class NoSales(ValueError):
    """There is no sales table yet."""


@dataclass(frozen=True)
class Snapshot:
    """A version of the sales table: number of rows, first and last day."""

    version: int
    rows: int
    first_day: str
    last_day: str


def snapshot(home: Home) -> int | None:
    """The current version, or `None` before the first ingest."""
    return _version(delta.open_table(home.sales)) if delta.exists(home.sales) else None


def _version(table: DeltaTable) -> int:
    """The last commit that brought sales; `tidy` makes commits that do not change any."""
    for commit in table.history(_RECENT):
        if delta.TIDIED not in commit and commit["operation"].split()[0] not in ("VACUUM", "OPTIMIZE"):
            return int(commit["version"])
    return table.version()


def latest(home: Home) -> tuple[int, date]:
    """The current version and its last day, from the table's statistics.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    table = _table(home, None)
    return _version(table), pc.max(pa.table(table.get_add_actions(flatten=True))["max.date"]).as_py()


def panel(
    home: Home,
    version: int | None = None,
    after: date | None = None,
    until: date | None = None,
    stores: Sequence[str] | None = None,
) -> Panel:
    """Rows of the sales table as a panel. They are read twice, and never in memory all at once.

    Args:
        home: The home of the sales table.
        version: Version of the table. Defaults to `None`, the current one.
        after: Only days after this one. Defaults to `None`, all days.
        until: Only days up to and including this one. Defaults to `None`, all days.
        stores: Only these stores. Defaults to `None`, all stores.

    Raises:
        NoSales: If nothing was ingested yet.
        TooLittleHistory: If no series has 15 days.
    """
    keys, asked = Keys(), (home, version, after, until, stores)
    counts: dict[int, int] = {}
    first, last = np.iinfo(np.int32).max, 0
    for batch in _batches(*asked):
        found = keys.of_rows(pa.table(batch))
        for series, rows in zip(*np.unique(series_of(found), return_counts=True), strict=True):
            counts[int(series)] = counts.get(int(series), 0) + int(rows)
        first, last = min(first, int(day_of(found).min())), max(last, int(day_of(found).max()))
    known = np.array(sorted(counts), np.int64)
    names = list(zip(keys.stores.named(store_of(known)), keys.items.named(item_of(known)), strict=True))

    def chunks() -> Iterator[Rows]:
        for batch in _batches(*asked):
            found = keys.of_rows(pa.table(batch))
            yield Rows(np.searchsorted(known, series_of(found)), day_of(found), batch["sales"].to_numpy())

    return to_panel(names, np.array([counts[series] for series in known.tolist()], np.int64), (first, last), chunks())


def _batches(
    home: Home,
    version: int | None,
    after: date | None,
    until: date | None,
    stores: Sequence[str] | None,
) -> Iterator[pa.RecordBatch]:
    wanted: Any = pc.scalar(True)
    if after:
        wanted &= pc.field("date") > pa.scalar(after)
    if until:
        wanted &= pc.field("date") <= pa.scalar(until)
    if stores:
        wanted &= pc.field("store").isin(list(stores))
    _table(home, version)
    yield from filter(len, delta.batches(home.sales, COLUMNS.names, wanted, version, coded=("store", "item")))


def stores(home: Home) -> list[str]:
    """The stores that have sales, in natural order: "2" before "10".

    Raises:
        NoSales: If nothing was ingested yet.
    """
    _table(home, None)
    names: set[str] = set()
    for batch in delta.batches(home.sales, ["store"], coded=["store"]):
        names |= set(batch["store"].unique().to_pylist())
    return natural(names)


def describe(home: Home, version: int) -> Snapshot:
    """A version's number of rows and days, from the table's statistics.

    Raises:
        NoSales: If nothing was ingested yet.
    """
    files = pa.table(_table(home, version).get_add_actions(flatten=True))
    first, last = pc.min(files["min.date"]).as_py(), pc.max(files["max.date"]).as_py()
    return Snapshot(version, pc.sum(files["num_records"]).as_py(), str(first), str(last))


class Months:
    """The table's rows month by month, as keys, in the version that was current when the object was made."""

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

    def read_month(
        self, month: Month, part: int = 0, parts: int = 1, days: tuple[int, int] | None = None
    ) -> tuple[Ints, Ints]:
        """Keys, ascending, and sales of a month.

        Args:
            month: Months since 1970-01.
            part: Only stores whose number, divided by `parts`, leaves this remainder. Defaults to 0.
            parts: The divisor. Defaults to 1, all stores.
            days: First and last day that are wanted, since 1970-01-01. Defaults to `None`, the whole month.
        """
        first, last = days or (0, np.iinfo(np.int32).max)
        keys, sales = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for action in self._files.get(month, []):
            if day_number(action["max.date"]) < first or day_number(action["min.date"]) > last:
                continue
            for batch in parquet.batches(self._root / action["path"], COLUMNS.names, coded=("store", "item")):
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
    """The numbers of rows that an interrupted run of a batch inserted and changed; zeros if there was none.

    They are zeros too if they exceed the `good` rows of today, as the rules or the refused stores were different then.

    Args:
        home: The home of the sales table.
        batch: Id of the batch.
        good: Number of the batch's good rows today.
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
    return delta.open_table(home.sales, version)
