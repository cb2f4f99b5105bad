"""The merge of a batch into the sales table: month by month in bounded memory, in one commit."""

import math
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ingest.staged_rows import Accepted
from tasks.state import delta
from tasks.state.home import Home
from tasks.state.row_keys import Ints, Month, Upsert, day_of, store_of, upsert
from tasks.state.sales_table import SCHEMA, Months


@dataclass(frozen=True)
class Change:
    """What a merge did.

    Attributes:
        inserted: Number of rows with a new key.
        changed: Number of rows whose value differs from the one before.
        contradicted: Keys with another value in the sales table, if nothing may be overwritten.
    """

    inserted: int = 0
    changed: int = 0
    contradicted: frozenset[tuple[date, str, str]] = frozenset()


def merge(
    home: Home,
    batch: str,
    accepted: Accepted,
    limit: int,
    without: Collection[str] = (),
    overwrite: bool = True,
) -> Change:
    """Insert new keys and update changed values, in one commit; there is no commit if nothing would change.

    Args:
        home: The home of the sales table.
        batch: Id of the batch, which the commit names.
        accepted: The batch's rows.
        limit: Number of rows in memory at a time.
        without: Stores whose rows are left out. Defaults to none.
        overwrite: Whether new sales replace other sales of the same key. Defaults to `True`.
    """
    keys = accepted.keys
    table, left_out = Months(home, keys), {keys.stores.known(store) for store in without}
    inserted = changed = 0
    contradicted: set[tuple[date, str, str]] = set()
    with delta.adding(home.sales) as adding:
        replaced: list[str] = []
        waiting: deque[tuple[int, Future]] = deque()
        for month, rows in accepted.rows.items():
            parts = max(1, math.ceil(max(table.rows.get(month, 0), rows) / limit))
            done = _Month(table, accepted, month, parts, left_out, overwrite)
            contradicted |= done.contradicted
            if done.inserted + done.changed:
                name = str(np.datetime64(month, "M"))
                waiting.append((done.rows, adding.file(done.tables(), keys.schema, {"month": name})))
                while sum(rows for rows, _ in waiting) > limit:
                    waiting.popleft()[1].result()
                replaced += [name] if done.changed else []
                inserted, changed = inserted + done.inserted, changed + done.changed
        if adding.pending:
            metadata = {"batch": batch, "inserted": str(inserted), "changed": str(changed)}
            adding.commit(table.table, SCHEMA, metadata, "month", replaced, properties=delta.KEPT)
    return Change(inserted, changed, frozenset(contradicted))


class _Month:
    """What a batch does to a month, computed for one part of the stores after the other.

    New rows go into a further file; if a value changes, the month is rewritten.
    """

    def __init__(
        self, table: Months, accepted: Accepted, month: Month, parts: int, left_out: set[int | None], overwrite: bool
    ) -> None:
        self._table, self._accepted, self._month, self._parts = table, accepted, month, parts
        self._left_out, self._overwrite = [number for number in left_out if number is not None], overwrite
        self.rows = self.inserted = self.changed = 0
        self.contradicted: set[tuple[date, str, str]] = set()
        for part in range(parts):
            new, done = self._part(part)
            self.inserted += int(done.fresh.sum())
            self.changed += int(done.changed.sum())
            self._only = new, done
        self.rows = table.rows.get(month, 0) // parts if self.changed else self.inserted // parts

    def tables(self) -> Iterator[pa.Table]:
        """The rows of the month's new file, part by part."""
        for part in range(self._parts):
            new, done = self._only if self._parts == 1 else self._part(part)
            if self.changed:
                whole = upsert(self._table.read_month(self._month, part, self._parts), new)
                yield self._table.keys.rows(whole.keys, whole.sales)
            else:
                yield self._table.keys.rows(*_where(new, done.fresh))

    def _part(self, part: int) -> tuple[tuple[Ints, Ints], Upsert]:
        """New rows, and what they do to the table's rows of the same days."""
        new = self._accepted.read_month(self._month, part, self._parts)
        if self._left_out:
            new = _where(new, ~np.isin(store_of(new[0]), self._left_out))
        days = day_of(new[0])
        span = int(days.min(initial=np.iinfo(np.int32).max)), int(days.max(initial=0))
        old = self._table.read_month(self._month, part, self._parts, span)
        done = upsert(old, new)
        if self._overwrite or not done.changed.any():
            return new, done
        rows = self._table.keys.rows(*_where(new, done.changed)).to_pylist()
        self.contradicted |= {(row["date"], row["store"], row["item"]) for row in rows}
        new = _where(new, ~done.changed)
        return new, upsert(old, new)


def _where(rows: tuple[Ints, Ints], chosen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    return rows[0][chosen], rows[1][chosen]
