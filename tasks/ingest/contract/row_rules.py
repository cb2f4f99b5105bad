"""Rows told apart: what can be right from what cannot, with the reason. Nothing here reads or writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ingest.reading.chunk import Piece
from tasks.state.row_keys import Codes, Ints, Keys, day_number, order_of, pack

Reasons = NDArray[np.int8]

REASONS = (
    "",
    "missing date",
    "unparsable date",
    "date in the future",
    "date too early",
    "missing store",
    "unreadable store",
    "missing item",
    "unreadable item",
    "missing sales",
    "unparsable sales",
    "negative sales",
    "fractional sales",
    "sales too large",
    "wrong number of columns",
    "duplicate key with another value",
    "store refused",
)
"""Why a row is refused, by number; 0 is a good row. Where several hold, the first one is said."""

GOOD, MISSHAPEN, CONFLICT, STORE_REFUSED = 0, *(REASONS.index(reason) for reason in REASONS[-3:])

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")


@dataclass(frozen=True)
class Rules:
    """What a row must keep to.

    Attributes:
        first_day: The first day that sales can be of.
        today: The last one.
        max_sales: The most units that one series can sell in a day.
    """

    first_day: date
    today: date
    max_sales: int


@dataclass(frozen=True)
class Sifted:
    """The rows of a piece, told apart.

    Attributes:
        reasons: Of each row, by its number in `REASONS`.
        stores: Of each row, -1 where it names none.
        keys: Of the good rows.
        sales: Of the good rows, units.
    """

    reasons: Reasons
    stores: Ints
    keys: Ints
    sales: Ints

    @property
    def good(self) -> NDArray[np.bool_]:
        return self.reasons == GOOD


def sift(piece: Piece, keys: Keys, rules: Rules) -> Sifted:
    """Tell the rows that can be right from those that cannot; misshapen lines are not among them.

    Raises:
        keys.TooManyCodes: If there are more stores or items than any chain has.
    """
    days, bad_days = _read(piece.texts["date"], lambda text: _day(text, rules))
    stores, bad_stores = _read(piece.texts["store"], lambda text: code(text, "store"), keys.stores)
    items, bad_items = _read(piece.texts["item"], lambda text: code(text, "item"), keys.items)
    sales, bad_sales = _read(piece.texts["sales"], lambda text: _units(text, rules.max_sales))
    reasons = bad_days
    for fault in (bad_stores, bad_items, bad_sales):
        reasons = np.where(reasons == GOOD, fault, reasons)
    if (good := reasons == GOOD).all():
        return Sifted(reasons, stores, pack(stores, items, days), sales)
    return Sifted(reasons, stores, pack(stores[good], items[good], days[good]), sales[good])


def conflicts(keys: Ints, sales: Ints) -> tuple[Ints, Ints]:
    """One row of each key that always comes with the same sales, in order; and all rows of keys that do not.

    Of a key that comes with two values nobody knows which is right.
    """
    if not len(keys):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = order_of(keys)
    if order is None:
        order = np.arange(len(keys))
    ordered, units = keys[order], sales[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    if len(starts) == len(keys):
        return order, np.empty(0, np.int64)
    differing = np.minimum.reduceat(units, starts) != np.maximum.reduceat(units, starts)
    counts = np.diff(np.append(starts, len(keys)))
    return order[starts[~differing]], order[np.repeat(differing, counts)]


def _read(
    column: pa.DictionaryArray, parse: Callable[[str | None], Any], codes: Codes | None = None
) -> tuple[Ints, Reasons]:
    """Values and faults of a column; each distinct text is looked at once, and the missing one."""
    parsed = [parse(text) for text in (*column.dictionary.to_pylist(), None)]
    faults = np.array([each.reason if isinstance(each, _Fault) else GOOD for each in parsed], np.int8)
    fine = [None if isinstance(each, _Fault) else each for each in parsed]
    values = codes.of(fine) if codes else np.array([0 if value is None else value for value in fine], np.int64)
    indices = column.indices
    where = (indices.fill_null(len(parsed) - 1) if indices.null_count else indices).to_numpy()
    return values[where], faults[where]


class _Fault:
    def __init__(self, reason: str) -> None:
        self.reason = REASONS.index(reason)


def _day(text: str | None, rules: Rules) -> int | _Fault:
    if not (text := (text or "").strip()):
        return _Fault("missing date")
    match = _DAY.fullmatch(text)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None:
        return _Fault("unparsable date")
    if day > rules.today:
        return _Fault("date in the future")
    return day_number(day) if day >= rules.first_day else _Fault("date too early")


def _units(text: str | None, max_sales: int) -> int | _Fault:
    if not (text := (text or "").strip()):
        return _Fault("missing sales")
    if not _NUMBER.fullmatch(text):
        return _Fault("unparsable sales")
    units = Decimal(text)
    if units < 0:
        return _Fault("negative sales")
    if units != units.to_integral_value():
        return _Fault("fractional sales")
    return int(units) if units <= max_sales else _Fault("sales too large")


def code(text: str | None, name: str) -> str | _Fault:
    """The code of a store or an item that a text names."""
    if not (text := (text or "").strip()):
        return _Fault(f"missing {name}")
    return text if "\ufffd" not in text and text.isprintable() else _Fault(f"unreadable {name}")
