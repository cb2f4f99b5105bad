"""Row keys: store, item and day as one integer, so that millions of rows are sorted and compared as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Month = int
"""Months since 1970-01."""

STORE_BITS, ITEM_BITS, DAY_BITS = 20, 22, 16
"""Bits of a key, from the highest: room for a million stores, four million items, and days until the year 2149."""

_MONTHS = np.arange(1 << 16).astype("datetime64[D]").astype("datetime64[M]").astype(np.int16)
"""Month of each day since 1970-01-01; 16 bits, as NumPy sorts these by radix."""
_SERIES_MASK = ~((1 << DAY_BITS) - 1)
_DAY = (1 << DAY_BITS) - 1
_ITEM = (1 << ITEM_BITS) - 1


class TooManyCodes(ValueError):
    """More stores or items than any chain has, as when another column is mapped to them."""


class Codes:
    """Names as numbers, in the order of their first appearance."""

    def __init__(self, what: str, bits: int) -> None:
        self.names: list[str] = []
        self._what, self._limit = what, 1 << bits
        self._numbers: dict[str, int] = {}
        self._lock = Lock()

    def of(self, names: Iterable[str | None]) -> Ints:
        """The number of each name; -1 for `None`.

        Raises:
            TooManyCodes: If there are more names than fit into a key.
        """
        with self._lock:
            return np.array([-1 if name is None else self._number(name) for name in names], np.int64)

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            if number == self._limit:
                raise TooManyCodes(
                    f"holds over {self._limit:,} different {self._what}s; is another column mapped to {self._what}?"
                )
            self.names.append(name)
        return number

    def named(self, numbers: Ints) -> tuple[str, ...]:
        """The names that numbers stand for."""
        return tuple(self.names[number] for number in numbers.tolist())

    def known(self, name: str) -> int | None:
        """The number of a name, or `None` if it has not appeared."""
        return self._numbers.get(name)


@dataclass(frozen=True)
class Keys:
    """The codes of one run's keys."""

    stores: Codes = field(default_factory=lambda: Codes("store", STORE_BITS))
    items: Codes = field(default_factory=lambda: Codes("item", ITEM_BITS))

    @property
    def schema(self) -> pa.Schema:
        """Schema of the table that `rows` returns."""
        named = pa.dictionary(pa.int32(), pa.string())
        return pa.schema([("date", pa.date32()), ("store", named), ("item", named), ("sales", pa.int64())])

    def of_rows(self, rows: pa.Table) -> Ints:
        """Keys of the rows of a table with `date`, `store` and `item`."""
        return pack(_codes(rows["store"], self.stores), _codes(rows["item"], self.items), _days(rows["date"]))

    def rows(self, keys: Ints, sales: Ints) -> pa.Table:
        """The rows that keys stand for: date, store and item (both dictionary-coded), and sales."""
        columns = {
            "date": pa.array(day_of(keys).astype(np.int32), pa.int32()).cast(pa.date32()),
            "store": _named(store_of(keys), self.stores),
            "item": _named(item_of(keys), self.items),
            "sales": pa.array(sales, pa.int64()),
        }
        return pa.table(columns)


def pack(stores: Ints, items: Ints, days: Ints) -> Ints:
    """Keys, which sort by store, then item, then day.

    Args:
        stores: Number of each row's store.
        items: Number of each row's item.
        days: Days since 1970-01-01.
    """
    return (stores << (ITEM_BITS + DAY_BITS)) | (items << DAY_BITS) | days


def day_of(keys: Ints) -> Ints:
    """Days since 1970-01-01."""
    return keys & _DAY


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_of(number: int) -> date:
    """The day with a number of days since 1970-01-01."""
    return date.fromordinal(_EPOCH + int(number))


_EPOCH = date(1970, 1, 1).toordinal()


def item_of(keys: Ints) -> Ints:
    """The number of each key's item."""
    return (keys >> DAY_BITS) & _ITEM


def store_of(keys: Ints) -> Ints:
    """The number of each key's store."""
    return keys >> (ITEM_BITS + DAY_BITS)


def series_of(keys: Ints) -> Ints:
    """Each key without its day."""
    return keys & _SERIES_MASK


def order_of(keys: Ints) -> Ints | None:
    """The places that sort the keys, or `None` if they are in ascending order, as in most exports."""
    return None if (keys[1:] >= keys[:-1]).all() else np.argsort(keys)


def places(among: Ints, keys: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where keys belong in an ascending array, and whether they are in it already.

    Args:
        among: Ascending keys.
        keys: Keys to look up.
    """
    where = np.searchsorted(among, keys)
    if not len(among):
        return where, np.zeros(len(keys), bool)
    return where, among[np.minimum(where, len(among) - 1)] == keys


def _codes(column: Any, codes: Codes) -> Ints:
    parts = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found = []
    for part in parts:
        coded = part if isinstance(part, pa.DictionaryArray) else part.dictionary_encode()
        found.append(codes.of(coded.dictionary.to_pylist())[coded.indices.to_numpy()])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _days(column: Any) -> Ints:
    return column.cast(pa.int32()).to_numpy().astype(np.int64)


def _named(numbers: Ints, codes: Codes) -> pa.DictionaryArray:
    """The names that numbers stand for, as a dictionary array without unused names."""
    used = np.bincount(numbers, minlength=len(codes.names)) > 0
    places_of = (np.cumsum(used) - 1).astype(np.int32)
    names = [codes.names[number] for number in np.flatnonzero(used).tolist()]
    return pa.DictionaryArray.from_arrays(places_of[numbers], pa.array(names, pa.string()))


@dataclass(frozen=True)
class Upsert:
    """The result of putting new rows into old ones.

    Attributes:
        keys: Keys of all rows afterwards, ascending.
        sales: Sales of all rows afterwards.
        fresh: Mask of the new rows whose key did not exist.
        changed: Mask of the new rows whose key existed with other sales.
    """

    keys: Ints
    sales: Ints
    fresh: NDArray[np.bool_]
    changed: NDArray[np.bool_]


def upsert(old: tuple[Ints, Ints], new: tuple[Ints, Ints]) -> Upsert:
    """Put new rows into old ones; a new row replaces the old row of the same key.

    Args:
        old: Ascending keys and sales of the existing rows.
        new: Ascending keys and sales of the new rows, each key once.
    """
    (old_keys, old_sales), (keys, sales) = old, new
    if not len(old_keys):
        return Upsert(keys, sales, np.ones(len(keys), bool), np.zeros(len(keys), bool))
    where, known = places(old_keys, keys)
    there = where[known]
    changed = np.zeros(len(keys), bool)
    changed[known] = old_sales[there] != sales[known]
    units = old_sales.copy()
    units[there] = sales[known]
    if known.all():
        return Upsert(old_keys, units, ~known, changed)
    at = where[~known]
    return Upsert(np.insert(old_keys, at, keys[~known]), np.insert(units, at, sales[~known]), ~known, changed)


def month_of(days: Ints) -> NDArray[np.int16]:
    """Months since 1970-01, for days since 1970-01-01."""
    return _MONTHS[days]
