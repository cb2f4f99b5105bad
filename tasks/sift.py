"""Rows told apart: what can be right from what cannot, with the reason. Nothing here reads or writes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.feed import FILE_ROWS, Rows

REFUSED = pa.schema([*FILE_ROWS, ("raw", pa.string()), ("reason", pa.string())])
"""Refused rows: as they arrived, their line as it stood in the file, and why."""

ACCEPTED = pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.string()), ("sales", pa.int64())])

MISSHAPEN = "wrong number of columns"

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")


@dataclass(frozen=True)
class Sifted:
    """A batch's rows, told apart.

    Attributes:
        accepted: One row a key, schema `ACCEPTED`.
        repeated: Rows left out because they say again what an accepted row says.
        checked: Every row with the values read off it and `reason`, why it was refused (null where it was not).
        refused: Refused rows, schema `REFUSED`, in the order of their files and lines.
    """

    accepted: pa.Table
    repeated: int
    checked: pa.Table
    refused: pa.Table


def sift(files: Sequence[Rows], today: date, first_day: date, max_sales: int) -> Sifted:
    """Tell the rows that can be right from those that cannot.

    A key that comes with two values is refused with both: nobody knows which is right.

    Args:
        files: What the files hold.
        today: The last day that sales can be of.
        first_day: The first such day.
        max_sales: The most units that one series can sell in a day.
    """
    rows = pa.concat_tables([file.table for file in files]).combine_chunks()
    days, day_faults = _read(rows["date"], lambda text: _day(text, first_day, today), pa.date32())
    units, unit_faults = _read(rows["sales"], lambda text: _units(text, max_sales), pa.int64())
    stores, store_faults = _read(rows["store"], lambda text: _code(text, "store"), pa.string())
    items, item_faults = _read(rows["item"], lambda text: _code(text, "item"), pa.string())
    reason = pc.coalesce(day_faults, store_faults, item_faults, unit_faults)
    table = pa.table([days, stores, items, units], schema=ACCEPTED)
    good = np.flatnonzero(pc.is_null(reason).to_numpy(zero_copy_only=False))
    first, conflicting = _duplicates(table.take(good))
    reasons = reason.to_numpy(zero_copy_only=False)
    reasons[good[conflicting]] = "duplicate key with another value"
    reason = pa.array(reasons, pa.string(), from_pandas=True)
    checked = table.append_column("reason", reason)
    misshapen = sum(len(file.misshapen) for file in files)
    return Sifted(
        table.take(good[first]),
        int(len(good) - len(conflicting) - len(first)),
        pa.concat_tables([checked, _unread(checked.schema, misshapen)]),
        _refused(files, rows, reason),
    )


def _unread(schema: pa.Schema, rows: int) -> pa.Table:
    nothing = [pa.nulls(rows, field.type) for field in schema][:-1]
    return pa.table([*nothing, pa.array([MISSHAPEN] * rows, pa.string())], schema=schema)


def _refused(files: Sequence[Rows], rows: pa.Table, reason: pa.Array) -> pa.Table:
    bad = pc.is_valid(reason).to_numpy(zero_copy_only=False)
    numbers = rows["file"].to_numpy()
    raw = [text for number, file in enumerate(files) for text in file.raw(bad[numbers == number])]
    shaped = rows.filter(bad).append_column("raw", pa.array(raw, pa.string()))
    unshaped = [
        {"file": number, "line": line, "raw": raw, "reason": MISSHAPEN}
        for number, file in enumerate(files)
        for line, raw in file.misshapen.items()
    ]
    tables = [shaped.append_column("reason", reason.filter(bad)), pa.Table.from_pylist(unshaped, schema=REFUSED)]
    return pa.concat_tables(tables).sort_by([("file", "ascending"), ("line", "ascending")])


def _read(column: pa.ChunkedArray, parse: Callable[[str | None], Any], kind: pa.DataType) -> tuple[Any, Any]:
    """Values and faults of a column; each distinct text is looked at once."""
    encoded = column.combine_chunks().dictionary_encode()
    parsed = [parse(text) for text in encoded.dictionary.to_pylist()] + [parse(None)]
    where = pc.fill_null(encoded.indices, len(parsed) - 1)
    values = pa.array([None if isinstance(value, _Fault) else value for value in parsed], kind)
    faults = pa.array([value.reason if isinstance(value, _Fault) else None for value in parsed], pa.string())
    return values.take(where), faults.take(where)


@dataclass(frozen=True)
class _Fault:
    reason: str


def _day(text: str | None, first_day: date, today: date) -> date | _Fault:
    if not (text := (text or "").strip()):
        return _Fault("missing date")
    match = _DAY.fullmatch(text)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None:
        return _Fault("unparsable date")
    if day > today:
        return _Fault("date in the future")
    return day if day >= first_day else _Fault("date too early")


def _units(text: str | None, max_sales: int) -> int | _Fault:
    if not (text := (text or "").strip()):
        return _Fault("missing sales")
    if not _NUMBER.fullmatch(text):
        return _Fault("unparsable sales")
    units = float(text)
    if units < 0:
        return _Fault("negative sales")
    if not units.is_integer():
        return _Fault("fractional sales")
    return int(units) if units <= max_sales else _Fault("sales too large")


def _code(text: str | None, name: str) -> str | _Fault:
    if not (text := (text or "").strip()):
        return _Fault(f"missing {name}")
    return text if "\ufffd" not in text and text.isprintable() else _Fault(f"unreadable {name}")


def _duplicates(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to keep, one a key, and rows of keys that come with several values."""
    if not len(table):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    stores, items = (table[name].combine_chunks().dictionary_encode().indices.to_numpy() for name in ("store", "item"))
    days = table["date"].combine_chunks().cast(pa.int32()).to_numpy()
    sales = table["sales"].combine_chunks().to_numpy()
    order = np.lexsort((sales, days, items, stores))
    key_changes = np.zeros(len(table), dtype=bool)
    key_changes[0] = True
    for column in (stores, items, days):
        key_changes[1:] |= np.diff(column[order]) != 0
    key = np.cumsum(key_changes) - 1
    lowest, highest = sales[order][key_changes], np.maximum.reduceat(sales[order], np.flatnonzero(key_changes))
    conflict = (lowest != highest)[key]
    return np.sort(order[key_changes & ~conflict]), np.sort(order[conflict])
