"""Rules for single rows: which rows can be right, and why the others cannot. Nothing here reads or writes a file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.forecasting.data.codes import normal
from tasks.ingest.reading.chunk import Chunk
from tasks.state.row_keys import Codes, Ints, Keys, day_number, order_of, pack

Reasons = NDArray[np.int8]
"""A `Reason` for each row."""

LONGEST_CODE, LONGEST_CODE_BYTES = 128, 256
"""Characters of a store's or an item's code, and bytes of it in UTF-8."""

_TOO_LONG = f"longer than {LONGEST_CODE} characters or {LONGEST_CODE_BYTES} bytes"

REASONS = (
    "",
    "missing date",
    "unparsable date",
    "date in the future",
    "date too early",
    "missing store",
    "unreadable store",
    f"store {_TOO_LONG}",
    "missing item",
    "unreadable item",
    f"item {_TOO_LONG}",
    "missing sales",
    "unparsable sales",
    "negative sales",
    "fractional sales",
    "sales too large",
    "wrong number of columns",
    "duplicate key with another value",
    "store refused",
)
"""Why a row is refused, in words; 0 is a good row. If several reasons hold, the first in this order is reported."""


class Reason(IntEnum):
    """Places in `REASONS` that code refers to; the other reasons come from the rules for a column below."""

    GOOD = 0
    MISSHAPEN = REASONS.index("wrong number of columns")
    LONG_STORE = REASONS.index(f"store {_TOO_LONG}")
    LONG_ITEM = REASONS.index(f"item {_TOO_LONG}")
    CONFLICT = REASONS.index("duplicate key with another value")
    STORE_REFUSED = REASONS.index("store refused")


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")


@dataclass(frozen=True)
class Rules:
    """The contract's limits for a single row.

    Attributes:
        first_day: Earliest day that is allowed.
        today: Latest day that is allowed.
        max_sales: Largest number of units that one series can sell in a day.
    """

    first_day: date
    today: date
    max_sales: int


@dataclass(frozen=True)
class RowChecks:
    """Which rows of a chunk are good, and why the others are not.

    Attributes:
        reasons: Place in `REASONS` for each row.
        stores: Number of the store for each row, -1 where the row names none.
        keys: Keys of the good rows.
        sales: Units of the good rows.
        recomposed: Codes that were not written in Unicode's composed form, as they are kept.
    """

    reasons: Reasons
    stores: Ints
    keys: Ints
    sales: Ints
    recomposed: frozenset[str]

    @property
    def good(self) -> NDArray[np.bool_]:
        return self.reasons == Reason.GOOD


def check_rows(chunk: Chunk, keys: Keys, rules: Rules) -> RowChecks:
    """Tell the rows that can be right from those that cannot. Misshapen lines have no texts and are not checked.

    For example, with a limit of 1,000,000 units:

        2026-01-05,1,1,7      good
        2026-01-05,,1,7       missing store
        05.01.2026,,1,-7      unparsable date (the first of three reasons)

    Args:
        chunk: Rows as text.
        keys: Codes of the stores and items seen so far; new names are added.
        rules: Limits for a row.

    Raises:
        row_keys.TooManyCodes: If there are more stores or items than any chain has.
    """
    recomposed: set[str] = set()

    def read_code(text: str | None, name: str) -> str | _Fault:
        found = code(text, name)
        if isinstance(found, str) and text and found not in text:  # only spaces around it were taken away otherwise
            recomposed.add(found)
        return found

    days, bad_days = _read(chunk.texts["date"], lambda text: _day(text, rules))
    stores, bad_stores = _read(chunk.texts["store"], lambda text: read_code(text, "store"), keys.stores)
    items, bad_items = _read(chunk.texts["item"], lambda text: read_code(text, "item"), keys.items)
    sales, bad_sales = _read(chunk.texts["sales"], lambda text: _units(text, rules.max_sales))
    reasons = bad_days
    for faults in (bad_stores, bad_items, bad_sales):
        reasons = np.where(reasons == Reason.GOOD, faults, reasons)
    if (good := reasons == Reason.GOOD).all():
        return RowChecks(reasons, stores, pack(stores, items, days), sales, frozenset(recomposed))
    keys_of_good = pack(stores[good], items[good], days[good])
    return RowChecks(reasons, stores, keys_of_good, sales[good], frozenset(recomposed))


def conflicts(keys: Ints, sales: Ints) -> tuple[Ints, Ints]:
    """Which rows to keep, one for each key, and which rows conflict: their key comes with different sales.

    If a key comes with two values, nobody knows which one is right, so that none is kept. For example:

        keys   5 3 5 4 3        key 3 always comes with 7, and key 4 once: rows 1 and 3 are kept, row 4 repeats row 1
        sales  8 7 9 6 7        key 5 comes with 8 and 9: rows 0 and 2 conflict
        result ([1, 3], [0, 2])

    Args:
        keys: Key of each row, in any order.
        sales: Units of each row.

    Returns:
        Places of the rows that are kept, in the order of their keys, and places of all rows that conflict.
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
    differ = np.minimum.reduceat(units, starts) != np.maximum.reduceat(units, starts)
    repeats = np.diff(np.append(starts, len(keys)))
    return order[starts[~differ]], order[np.repeat(differ, repeats)]


def _read(
    column: pa.DictionaryArray, parse: Callable[[str | None], Any], codes: Codes | None = None
) -> tuple[Ints, Reasons]:
    """The value and the fault of each row in a column. Each distinct text, and the missing one, is parsed once.

    Args:
        column: Text of each row.
        parse: Gives the value of a text, or its fault.
        codes: Turns values into numbers. Defaults to `None` for values that are numbers.
    """
    parsed = [parse(text) for text in (*column.dictionary.to_pylist(), None)]
    faults = np.array([value.reason if isinstance(value, _Fault) else Reason.GOOD for value in parsed], np.int8)
    valid = [None if isinstance(value, _Fault) else value for value in parsed]
    values = codes.of(valid) if codes else np.array([0 if value is None else value for value in valid], np.int64)
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
    """The code of the store or item that a text names, in the form in which codes are kept.

    A code with control characters, or with marks that change the direction of writing, is unreadable.
    """
    if not (text := normal(text or "")):
        return _Fault(f"missing {name}")
    if "\ufffd" in text or not text.isprintable():
        return _Fault(f"unreadable {name}")
    short = len(text) <= LONGEST_CODE and (text.isascii() or len(text.encode()) <= LONGEST_CODE_BYTES)
    return text if short else _Fault(f"{name} {_TOO_LONG}")
