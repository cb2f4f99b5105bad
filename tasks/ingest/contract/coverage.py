"""The coverage of a batch: on which days stores and series have rows, in the sales table and the batch together.

It sees rows month by month and keeps counts only, so that its size depends on stores, series and days, not on rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.state.row_keys import Ints, Keys, Month, date_of, day_of, item_of, month_of, places, series_of, store_of

RECENT = 28
"""Days without sales after which a series is no longer active."""

SAME_WEEKDAY_YEAR = 364
"""Days back to the same weekday in the same week of last year."""

LONGEST_COMPARISON = 28
"""Number of last days of a batch that are compared with last year."""

_LONGEST_MONTH = 31
Bools = NDArray[np.bool_]


@dataclass
class _Series:
    """What is known of each series, in the order of `keys`.

    Attributes:
        keys: Ascending keys of the series.
        last_day: Day of the last row.
        open_days: Number of days in the batch's span on which the store had rows, up to the last row.
        missing: Number of days that the series lacks.
        first_gap: First day of the first gap; -1 if there is none.
        last_gap: Last day of the last gap; -1 if there is none.
    """

    keys: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    last_day: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    open_days: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    missing: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    first_gap: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    last_gap: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def slots(self, keys: Ints) -> tuple[Ints, Bools]:
        """The place of each series, and whether it was seen before; new series are inserted."""
        where, known = places(self.keys, keys)
        if known.all():
            return where, known
        fresh = keys[~known]
        at = where[~known]
        self.keys = np.insert(self.keys, at, fresh)
        for name, value in (("last_day", 0), ("open_days", 0), ("missing", 0), ("first_gap", -1), ("last_gap", -1)):
            setattr(self, name, np.insert(getattr(self, name), at, value))
        return np.searchsorted(self.keys, keys), known


class Coverage:
    """On which days stores and series have rows. `see` is called month by month, in order, and `finish` at the end.

    A series lacks a day if its store has rows of other items then, between two rows of its own or after its last row.
    For example, in a batch of one store with the days 5 to 8, where `x` is a row:

        day         5  6  7  8
        item a      x  x  .  x      the store has rows on the days 5, 6 and 8; it is closed on day 7
        item b      x  .  .  x      item b lacks day 6, and not day 7
    """

    def __init__(self, first: int, last: int, stores: Iterable[int]) -> None:
        """Prepare to see months.

        Args:
            first: First day of the batch, since 1970-01-01.
            last: Last day of the batch, since 1970-01-01.
            stores: Numbers of the stores that the batch names.
        """
        self.first, self.last = first, last
        self.stores = np.array(sorted(stores), np.int64)
        self._rows: dict[Month, Ints] = {}
        self._units: dict[Month, Ints] = {}
        self._open = np.zeros(0, np.int64)
        self._series = _Series()
        self._item_seen = np.zeros((0, 3), bool)

    @property
    def months(self) -> dict[Month, tuple[int, int]]:
        """The months that it must see, with the first and last day that it needs of each."""
        found: dict[Month, tuple[int, int]] = {}
        for first, last in (
            (self._compared_from - SAME_WEEKDAY_YEAR, self.last - SAME_WEEKDAY_YEAR),
            (self.first - RECENT - 1, self.last),
        ):
            days = np.arange(max(first, 0), max(last, 0) + 1)
            months = month_of(days)
            for month in np.unique(months).tolist():
                of_month = days[months == month]
                low, high = found.get(month, (int(of_month[0]), int(of_month[-1])))
                found[month] = min(low, int(of_month[0])), max(high, int(of_month[-1]))
        return found

    @property
    def _compared_from(self) -> int:
        return max(self.first, self.last - LONGEST_COMPARISON + 1)

    def see(self, month: Month, keys: Ints, sales: Ints) -> None:
        """Take in the rows of some stores in a month, in one call for each store and month.

        Args:
            month: Months since 1970-01.
            keys: Ascending keys in the sales table or the batch, each once.
            sales: Units for each key.
        """
        known = day_of(keys) <= self.last
        keys, sales = (keys, sales) if known.all() else (keys[known], sales[known])
        if not len(keys):
            return
        stores, days = store_of(keys), day_of(keys)
        count, start = int(stores.max()) + 1, _first_day(month)
        cells, shape = stores * _LONGEST_MONTH + (days - start), (count, _LONGEST_MONTH)
        rows = np.bincount(cells, minlength=count * _LONGEST_MONTH).reshape(shape)
        units = np.bincount(cells, weights=sales, minlength=count * _LONGEST_MONTH).reshape(shape).astype(np.int64)
        for seen, more in ((self._rows, rows), (self._units, units)):
            seen[month] = grown(seen.get(month, more[:0]), count)
            seen[month][:count] += more
        self._follow(keys, days, self._opened(rows, start)[stores, days - start])
        self._see_items(keys, days, stores)

    def _opened(self, rows: Ints, start: int) -> Ints:
        """Number of days in the batch's span on which each store had rows, up to each day of a month.

        Args:
            rows: Number of rows by store and day of the month.
            start: First day of the month.
        """
        count = len(rows)
        self._open = grown(self._open, count)
        in_span = np.arange(start, start + _LONGEST_MONTH) >= self.first
        opened = ((rows > 0) & in_span).cumsum(axis=1) + self._open[:count, None]
        self._open[:count] = opened[:, -1]
        return opened

    def _follow(self, keys: Ints, days: Ints, opened: Ints) -> None:
        """Compare the gaps between two rows of a series with the days on which its store had rows.

        `opened` counts the store's days with rows up to each row. Between two rows of a series this count rises by 1 if
        the series lacks nothing; each further day is one that it lacks.

        Args:
            keys: Ascending keys of a month.
            days: Day of each key.
            opened: Number of days with rows of the key's store, up to and including its day.
        """
        series = series_of(keys)
        starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
        ends = np.append(starts[1:], len(keys)) - 1
        slots, known = self._series.slots(series[starts])
        known &= days[starts] - self._series.last_day[slots] <= RECENT + 1
        within = (days >= self.first).astype(np.int64)
        before, previous = np.append(0, opened[:-1]), np.append(0, days[:-1])
        before[starts] = np.where(known, self._series.open_days[slots], opened[starts] - within[starts])
        previous[starts] = np.where(known, self._series.last_day[slots], days[starts] - 1)
        self._note(np.repeat(slots, ends - starts + 1), opened - before - within, previous + 1, days - 1)
        self._series.open_days[slots], self._series.last_day[slots] = opened[ends], days[ends]

    def _note(self, slots: Ints, missing: Ints, first: Ints, last: Ints) -> None:
        gaps = np.flatnonzero(missing > 0)
        if not len(gaps):
            return
        slots, known = slots[gaps], self._series
        np.add.at(known.missing, slots, missing[gaps])
        fresh = known.first_gap[slots] < 0
        earliest = np.maximum(first[gaps], self.first)
        known.first_gap[slots[fresh][::-1]] = earliest[fresh][::-1]
        known.last_gap[slots] = last[gaps]

    def _see_items(self, keys: Ints, days: Ints, stores: Ints) -> None:
        of_batch = np.zeros(max(int(stores.max()), int(self.stores.max(initial=0))) + 1, bool)
        of_batch[self.stores] = True
        ours = of_batch[stores]
        items = item_of(keys)[ours]
        days = days[ours]
        self._item_seen = grown(self._item_seen, int(items.max(initial=-1)) + 1)
        for kind, when in enumerate((days < self.first, days >= self.first, days > self.last - 7)):
            self._item_seen[items[when], kind] = True

    def finish(self) -> None:
        """Count the days that series lack after their last row, once all months were seen."""
        series, stores = self._series, store_of(self._series.keys)
        active = np.isin(stores, self.stores) & (series.last_day >= self.last - RECENT)
        lacking = np.where(active, self._open[stores] - series.open_days, 0)
        slots = np.arange(len(series.keys))
        self._note(slots, lacking, series.last_day + 1, np.full(len(slots), self.last))

    def gaps(self, keys: Keys) -> pd.DataFrame:
        """Series of the batch's stores that lack days: number of days, and the first and last of them."""
        series = self._series
        chosen = np.flatnonzero((series.missing > 0) & np.isin(store_of(series.keys), self.stores))
        return pd.DataFrame(
            {
                "store": keys.stores.named(store_of(series.keys[chosen])),
                "item": keys.items.named(item_of(series.keys[chosen])),
                "days": series.missing[chosen],
                "first": [date_of(number) for number in series.first_gap[chosen]],
                "last": [date_of(number) for number in series.last_gap[chosen]],
            }
        )

    def lost_days(self) -> Ints:
        """For each store of the batch, the number of days without any row that had rows a week before.

        Days count from the store's last sales before the batch. A store that has closed for ever counts once only.
        """
        opened: Any = self._days(self._rows, self.first - RECENT, self.last)[self.stores] > 0
        expected = np.zeros_like(opened)
        expected[:, 7:] = opened[:, :-7]
        day_numbers = np.arange(opened.shape[1])
        known_before: Any = np.where(day_numbers < RECENT, opened, False)
        since = np.where(known_before.any(axis=1), (known_before * day_numbers).max(axis=1), RECENT - 1)
        until = np.where(opened.any(axis=1), (opened * day_numbers).max(axis=1), -1)
        until = np.where(until >= opened.shape[1] - 1 - RECENT, opened.shape[1] - 1, until)
        looked_at = (day_numbers > since[:, None]) & (day_numbers <= until[:, None])
        return (expected & ~opened & looked_at).sum(axis=1)

    def against_last_year(self) -> pd.DataFrame:
        """Rows and units of the batch's stores on its last days, and in the same weeks of last year.

        The columns are `rows`, `units`, `rows_then` and `units_then`, with one row for each store. Only days count on
        which there were rows last year.
        """
        span = self._compared_from, self.last
        then = [
            self._days(seen, span[0] - SAME_WEEKDAY_YEAR, span[1] - SAME_WEEKDAY_YEAR)[self.stores]
            for seen in (self._rows, self._units)
        ]
        now = [self._days(seen, *span)[self.stores] for seen in (self._rows, self._units)]
        comparable = then[0].sum(axis=0) > 0
        sums = [each[:, comparable].sum(axis=1) for each in (*now, *then)]
        return pd.DataFrame(dict(zip(("rows", "units", "rows_then", "units_then"), sums, strict=True)))

    def new_and_vanished_stores(self) -> tuple[Ints, Ints]:
        """Stores of the batch without sales before it, and stores with sales in the weeks before and none now.

        In the first batch of all, nothing is new.
        """
        recent: Any = self._days(self._rows, self.first - RECENT, self.first - 1).any(axis=1)
        year: Any = self._days(
            self._rows, self._compared_from - SAME_WEEKDAY_YEAR, min(self.last - SAME_WEEKDAY_YEAR, self.first - 1)
        ).any(axis=1)
        past = recent | year
        now = self._days(self._rows, self.first, self.last).any(axis=1)
        new = self.stores[~past[self.stores]] if past.any() else self.stores[:0]
        gone = recent & ~now
        gone[self.stores] = False
        return new, np.flatnonzero(gone)

    def new_and_vanished_items(self) -> tuple[Ints, Ints]:
        """Items (in the batch's stores) without sales before it, and items with sales before and none for a week."""
        before, within, this_week = self._item_seen.T
        new = np.flatnonzero(within & ~before) if before.any() else np.empty(0, np.int64)
        return new, np.flatnonzero(before & ~within & ~this_week)

    def _days(self, seen: dict[Month, Ints], first: int, last: int) -> Ints:
        """Counts by store and day, from the first to the last day; shape `(store, day)`."""
        count = max((len(each) for each in seen.values()), default=0)
        count = max(count, int(self.stores.max(initial=-1)) + 1)
        days = np.zeros((count, max(last - first + 1, 0)), np.int64)
        for month, counts in seen.items():
            start = _first_day(month)
            low, high = max(first, start), min(last, _first_day(month + 1) - 1)
            if low <= high:
                days[: len(counts), low - first : high - first + 1] = counts[:, low - start : high - start + 1]
        return days


def _first_day(month: Month) -> int:
    return int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))


def grown(array: NDArray, rows: int) -> NDArray:
    """The array with at least a number of rows; new rows are zero."""
    if len(array) >= rows:
        return array
    grown = np.zeros((rows, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
