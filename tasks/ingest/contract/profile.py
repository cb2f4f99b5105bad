"""The profile of a batch: statistics of its stores after the merge, compared with the weeks before and last year.

The data contract is checked against it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.ingest.contract.codes_seen import CodeFindings
from tasks.ingest.contract.coverage import Coverage, grown
from tasks.ingest.contract.row_rules import REASONS, Reason, Reasons
from tasks.state.row_keys import Ints, Keys


class ReasonCounts:
    """Numbers of rows in a batch by store and reason."""

    def __init__(self) -> None:
        self._counts = np.zeros((1, len(REASONS)), np.int64)

    def add(self, stores: Ints, reasons: Reasons) -> None:
        """Count rows. A store of -1 stands for a row that names no store."""
        counts = np.bincount((stores + 1) * len(REASONS) + reasons)
        counts = np.append(counts, np.zeros(-len(counts) % len(REASONS), np.int64)).reshape(-1, len(REASONS))
        self._counts = grown(self._counts, len(counts))
        self._counts[: len(counts)] += counts

    def move(self, stores: Ints, reason: int) -> None:
        """Count rows as bad, for a reason, that were counted as good before."""
        self.add(stores, np.full(len(stores), reason, np.int8))
        self._counts[:, Reason.GOOD] -= np.bincount(stores + 1, minlength=len(self._counts))

    @property
    def reasons(self) -> Ints:
        """Number of rows for each reason."""
        return self._counts.sum(axis=0)

    @property
    def stores(self) -> Ints:
        """Number of rows for each store and reason, without rows that name no store; shape `(store, reason)`."""
        return self._counts[1:]


@dataclass(frozen=True)
class BatchProfile:
    """Summary statistics of a batch.

    Attributes:
        stores: One row for each store that the batch names, with the columns `store`; `rows`, including bad ones;
            `bad_rows` and `bad_share`; `rows_ratio` and `mean_ratio`, rows and mean sales divided by those of the same
            weeks of last year (NaN if there were none); `gap_days`, days that series lack, and `gap_series`, the number
            of these series; `lost_days`, days without any row of the store.
        batch: Statistics of the whole batch by name; see `_batch`.
        gaps: Series that lack days, with the columns `store`, `item`, `days`, `first` and `last`.
        new_stores: Stores without sales in the weeks before the batch.
        vanished_stores: Stores with sales in the weeks before the batch and none in it.
        new_items: Items without sales in the weeks before the batch.
        vanished_items: Items with sales in the weeks before the batch and none in its last week.
        similar_stores: Groups of stores whose codes differ only in case, form or leading zeros, with a new one in each.
        similar_items: Such groups of items.
        recomposed_codes: Codes that came in another Unicode form than that in which they are kept.
    """

    stores: pd.DataFrame
    batch: dict[str, float]
    gaps: pd.DataFrame
    new_stores: tuple[str, ...] = ()
    vanished_stores: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    vanished_items: tuple[str, ...] = ()
    similar_stores: tuple[tuple[str, ...], ...] = ()
    similar_items: tuple[tuple[str, ...], ...] = ()
    recomposed_codes: tuple[str, ...] = ()


LISTS = (
    "new_stores",
    "vanished_stores",
    "new_items",
    "vanished_items",
    "similar_stores",
    "similar_items",
    "recomposed_codes",
)
"""The lists of a profile that expectations count."""

COMPARABLE_ROWS = 28
"""Rows in the same weeks of last year that a comparison needs at least."""

_FAULTS = {
    "no_date_share": ("missing date", "unparsable date"),
    "no_store_share": ("missing store", "unreadable store", REASONS[Reason.LONG_STORE]),
    "no_item_share": ("missing item", "unreadable item", REASONS[Reason.LONG_ITEM]),
    "no_sales_share": ("missing sales", "unparsable sales"),
    "range_share": ("negative sales", "fractional sales", "sales too large", "date too early"),
    "future_share": ("date in the future",),
    "misshapen_share": ("wrong number of columns",),
    "conflict_share": ("duplicate key with another value",),
}


def profile(reason_counts: ReasonCounts, coverage: Coverage, keys: Keys, codes: CodeFindings) -> BatchProfile:
    """The profile of a batch, after all its rows were counted and all months seen.

    Args:
        reason_counts: The batch's rows by store and reason.
        coverage: Days on which stores and series have rows, in the sales table and the batch together.
        keys: Names of stores and items.
        codes: What is worth knowing of these names.
    """
    year, gaps = coverage.against_last_year(), coverage.gaps(keys)
    new, vanished = coverage.new_and_vanished_stores()
    new_items, vanished_items = coverage.new_and_vanished_items()
    return BatchProfile(
        _stores(reason_counts, coverage, year, gaps, keys),
        _batch(reason_counts, year),
        gaps,
        keys.stores.named(new),
        keys.stores.named(vanished),
        keys.items.named(new_items),
        keys.items.named(vanished_items),
        **vars(codes),
    )


def _stores(
    reason_counts: ReasonCounts, coverage: Coverage, year: pd.DataFrame, gaps: pd.DataFrame, keys: Keys
) -> pd.DataFrame:
    """Statistics of each store that the batch names."""
    counts, names = reason_counts.stores[coverage.stores], keys.stores.named(coverage.stores)
    frame = pd.DataFrame({"store": pd.Series(names, dtype=str), "rows": counts.sum(axis=1)})
    frame["bad_rows"] = frame["rows"] - counts[:, Reason.GOOD]
    frame["bad_share"] = frame["bad_rows"] / frame["rows"]
    frame["rows_ratio"], frame["mean_ratio"] = _ratios(year)
    of_store = gaps.groupby("store")["days"].agg(["sum", "count"])
    lacking = of_store.reindex(list(names)).fillna(0).astype(np.int64)
    frame["gap_days"], frame["gap_series"] = lacking["sum"].to_numpy(), lacking["count"].to_numpy()
    frame["lost_days"] = coverage.lost_days()
    return frame


def _batch(reason_counts: ReasonCounts, year: pd.DataFrame) -> dict[str, float]:
    """Statistics of the whole batch: `rows`, shares of bad rows in all and by fault, and ratios to last year."""
    counts = reason_counts.reasons
    rows = int(counts.sum())
    shares = {
        name: sum(int(counts[REASONS.index(reason)]) for reason in reasons) / max(rows, 1)
        for name, reasons in _FAULTS.items()
    }
    rows_ratio, mean_ratio = _ratios(year.sum().to_frame().T)
    whole = {"rows": rows, "bad_share": (rows - int(counts[Reason.GOOD])) / max(rows, 1)}
    return {**whole, **shares, "rows_ratio": float(rows_ratio[0]), "mean_ratio": float(mean_ratio[0])}


def _ratios(year: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and mean sales divided by last year's; NaN if there are too few rows to compare."""
    rows, units, rows_then, units_then = (year[name].to_numpy(float) for name in year)
    compared = rows_then >= COMPARABLE_ROWS
    with np.errstate(divide="ignore", invalid="ignore"):
        rows_ratio = rows / rows_then
        mean_ratio = (units / rows) / (units_then / rows_then)
    rows_ratio[~(compared & np.isfinite(rows_ratio))] = np.nan
    mean_ratio[~(compared & np.isfinite(mean_ratio))] = np.nan
    return rows_ratio, mean_ratio
