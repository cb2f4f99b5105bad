"""The profile of a batch: what its stores look like once it is merged, beside their last weeks and last year's.

The data contract is held against it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.ingest.contract.coverage import Calendar, grown
from tasks.ingest.contract.row_rules import GOOD, REASONS, Reasons
from tasks.state.row_keys import Ints, Keys


class Tally:
    """Counts of a batch's rows by store and reason."""

    def __init__(self) -> None:
        self._counts = np.zeros((1, len(REASONS)), np.int64)

    def add(self, stores: Ints, reasons: Reasons) -> None:
        """Count rows; a store of -1 is none."""
        counts = np.bincount((stores + 1) * len(REASONS) + reasons)
        counts = np.append(counts, np.zeros(-len(counts) % len(REASONS), np.int64)).reshape(-1, len(REASONS))
        self._counts = grown(self._counts, len(counts))
        self._counts[: len(counts)] += counts

    def move(self, stores: Ints, reason: int) -> None:
        """Rows that were counted as good are bad for a reason."""
        self.add(stores, np.full(len(stores), reason, np.int8))
        self._counts[:, GOOD] -= np.bincount(stores + 1, minlength=len(self._counts))

    @property
    def reasons(self) -> Ints:
        """Rows by reason."""
        return self._counts.sum(axis=0)

    @property
    def stores(self) -> Ints:
        """Rows by store and reason, without those that name no store."""
        return self._counts[1:]


@dataclass(frozen=True)
class Profile:
    """What a batch looks like.

    Attributes:
        stores: One row a store that it names: `store`; `rows`, also bad ones; `bad_share` of them; `rows_ratio` and
            `mean_ratio`, rows and mean sales against the same weeks of last year (NaN where that had none); `gap_days`,
            days that series lack, and `gap_series`, how many they are; `lost_days` without any row of the store.
        batch: The same and more of all of it, by name; see `_batch`.
        gaps: Series that lack days: `store`, `item`, `days`, `first`, `last`.
        new_stores: Stores without sales in the weeks before.
        vanished_stores: Stores with sales in the weeks before and none now.
        new_items: The same of items.
        vanished_items: The same of items, after a week without.
    """

    stores: pd.DataFrame
    batch: dict[str, float]
    gaps: pd.DataFrame
    new_stores: tuple[str, ...] = ()
    vanished_stores: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    vanished_items: tuple[str, ...] = ()


COMPARABLE_ROWS = 28
"""Rows of last year's same weeks below which nothing is compared with them."""

_FAULTS = {
    "no_date_share": ("missing date", "unparsable date"),
    "no_store_share": ("missing store", "unreadable store"),
    "no_item_share": ("missing item", "unreadable item"),
    "no_sales_share": ("missing sales", "unparsable sales"),
    "range_share": ("negative sales", "fractional sales", "sales too large", "date too early"),
    "future_share": ("date in the future",),
    "misshapen_share": ("wrong number of columns",),
    "conflict_share": ("duplicate key with another value",),
}


def profile(tally: Tally, calendar: Calendar, keys: Keys) -> Profile:
    """The profile of a batch, once all its rows were tallied and all months seen."""
    stores, items = keys.stores.names, keys.items.names
    chosen = calendar.stores
    counts, gaps, year = tally.stores[chosen], calendar.gaps(keys), calendar.against_last_year()
    bad = counts.sum(axis=1) - counts[:, GOOD]
    by_store = gaps.groupby("store")["days"].agg(["sum", "count"])
    names = [stores[number] for number in chosen]
    frame = pd.DataFrame({"store": pd.Series(names, dtype=str), "rows": counts.sum(axis=1), "bad_rows": bad})
    frame["bad_share"] = frame["bad_rows"] / frame["rows"]
    frame["rows_ratio"], frame["mean_ratio"] = _ratios(year)
    lacking = by_store.reindex(names).fillna(0).astype(np.int64)
    frame["gap_days"], frame["gap_series"] = lacking["sum"].to_numpy(), lacking["count"].to_numpy()
    frame["lost_days"] = calendar.lost_days()
    new, vanished = calendar.new_and_vanished_stores()
    new_items, vanished_items = calendar.new_and_vanished_items()
    return Profile(
        frame,
        _batch(tally, year),
        gaps,
        tuple(stores[number] for number in new),
        tuple(stores[number] for number in vanished),
        tuple(items[number] for number in new_items),
        tuple(items[number] for number in vanished_items),
    )


def _batch(tally: Tally, year: pd.DataFrame) -> dict[str, float]:
    """Of the whole batch: `rows`, the share of bad ones, the share of each kind of fault, and ratios to last year."""
    counts = tally.reasons
    rows = int(counts.sum())
    shares = {
        name: sum(int(counts[REASONS.index(reason)]) for reason in reasons) / max(rows, 1)
        for name, reasons in _FAULTS.items()
    }
    rows_ratio, mean_ratio = _ratios(year.sum().to_frame().T)
    whole = {"rows": rows, "bad_share": (rows - int(counts[GOOD])) / max(rows, 1)}
    return {**whole, **shares, "rows_ratio": float(rows_ratio[0]), "mean_ratio": float(mean_ratio[0])}


def _ratios(year: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows, and mean sales, against last year's; NaN where too few rows say something."""
    rows, units, rows_then, units_then = (year[name].to_numpy(float) for name in year)
    compared = rows_then >= COMPARABLE_ROWS
    with np.errstate(divide="ignore", invalid="ignore"):
        rows_ratio = rows / rows_then
        mean_ratio = (units / rows) / (units_then / rows_then)
    return tuple(np.where(compared & np.isfinite(each), each, np.nan) for each in (rows_ratio, mean_ratio))  # type: ignore[return-value]
