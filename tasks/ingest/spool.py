"""A spool: takes a batch's good rows in the order of files and returns them by month, in bounded memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.state.row_keys import Ints, Month, day_of, month_of, store_of


class Rows(NamedTuple):
    """Good rows and where they come from: key, units, number of the file, line."""

    key: Ints
    sales: Ints
    file: Ints
    line: Ints

    def where(self, chosen: NDArray) -> "Rows":
        """Some of the rows, by a mask or by their places."""
        return Rows(*(column[chosen] for column in self))

    @staticmethod
    def joined(parts: Sequence["Rows"]) -> "Rows":
        """The rows of several parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return Rows(*(np.concatenate([np.empty(0, np.int64), *columns]) for columns in zip(*parts, strict=True)))


NONE = Rows(*[np.empty(0, np.int64)] * 4)


class Spool:
    """Takes rows in any order and returns them month by month; beyond a limit they wait on disk.

    Attributes:
        limit: Number of rows in memory at a time.
        days: First and last day of the rows, since 1970-01-01; the last is -1 if there are no rows.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        """Start without rows.

        Args:
            folder: Where rows wait.
            limit: Number of rows in memory at a time.
        """
        self.limit = limit
        self.days = 0, -1
        self._folder, self._held = folder, 0
        self._chunks: dict[Month, list[Rows]] = defaultdict(list)
        self._waiting: dict[Month, int] = defaultdict(int)

    def add(self, file: int, lines: Ints, keys: Ints, sales: Ints) -> None:
        """Take the good rows of a chunk."""
        if not len(keys):
            return
        days = day_of(keys)
        low, high = int(days.min()), int(days.max())
        self.days = (low, high) if self.days[1] < 0 else (min(low, self.days[0]), max(high, self.days[1]))
        for month, part in _by_month(Rows(keys, sales, np.full(len(keys), file), lines), days):
            self._chunks[month].append(part)
        self._held += len(keys)
        if self._held > self.limit:
            self._flush()

    def months(self) -> dict[Month, int]:
        """Number of rows in each month, in the order of months."""
        held = {month: sum(len(part.key) for part in parts) for month, parts in self._chunks.items()}
        return {month: held.get(month, 0) + self._waiting.get(month, 0) for month in sorted({*held, *self._waiting})}

    def read_month(self, month: Month, part: int = 0, parts: int = 1) -> Rows:
        """The rows of a month; with several parts, those of stores whose number, divided by `parts`, leaves `part`."""
        found = [_of(rows, part, parts) for rows in self._chunks.get(month, [])]
        if month in self._waiting:
            found += [_of(rows, part, parts) for rows in self._read(month)]
        return Rows.joined(found or [NONE])

    def _flush(self) -> None:
        for month, parts in self._chunks.items():
            rows = Rows.joined(parts)
            with self._path(month).open("ab") as file:
                file.write(np.stack(rows, axis=1).data)  # `tofile` does not say when a disk is full
            self._waiting[month] += len(rows.key)
        self._chunks.clear()
        self._held = 0

    def _read(self, month: Month) -> Iterator[Rows]:
        with self._path(month).open("rb") as file:
            while len(values := np.fromfile(file, np.int64, self.limit * len(NONE))):
                yield Rows(*values.reshape(-1, len(NONE)).T)

    def _path(self, month: Month) -> Path:
        return self._folder / f"{month}.rows"


def _by_month(rows: Rows, days: Ints) -> Iterator[tuple[Month, Rows]]:
    """Rows by their month; those of a month stay in their order."""
    months = month_of(days)
    counts = np.bincount(months)
    found = np.flatnonzero(counts)
    if len(found) == 1:
        yield int(found[0]), rows
        return
    ordered = rows.where(np.argsort(months, kind="stable"))
    ends = np.append(0, np.cumsum(counts[found]))
    for month, (start, end) in zip(found.tolist(), pairwise(ends.tolist()), strict=True):
        yield month, ordered.where(slice(start, end))  # type: ignore[arg-type]


def _of(rows: Rows, part: int, parts: int) -> Rows:
    return rows if parts == 1 else rows.where(store_of(rows.key) % parts == part)
