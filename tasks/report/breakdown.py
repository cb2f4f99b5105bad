"""Where a forecaster does well and badly: its errors by group, beside those of the forecast without a network."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tasks.forecasting.accuracy.metrics import Accuracy
from tasks.report.text import number

REFERENCE = "reference"
KINDS = ("store", "item class", "weekday", "month", "item")
IN_TIME = ("weekday", "month")
"""Kinds that stay in their own order; of the others the worst come first."""
NAMED = {"store": "store ", "item": "item ", "item class": "class "}
"""What is said before the name of a group that says less by itself."""
FEW, WORST, MOST = 13, 10, 500
"""Groups up to which all are shown; the worst that are shown of more; how many the page has at most."""
EVEN, STRONG = 0.05, 0.5
"""Percentage points below which two MAPE count as alike, and from which they differ strongly, when cells are tinted."""


UNKNOWN = Accuracy(*6 * (math.nan,), days=0)


@dataclass(frozen=True)
class ScoreRow:
    """Errors of one forecaster in one group of days and series: a row of `scores.parquet`.

    Attributes:
        forecaster: Name of a variant, or `reference`.
        by: What the groups are: one of `KINDS`, `store x item class`, or empty for all days.
        group: Name of the group.
        errors: The errors; NaN where they are undefined.
        policy: Hash of the MAPE policy.
    """

    forecaster: str
    by: str
    group: str
    errors: Accuracy
    policy: str


@dataclass(frozen=True)
class Pair:
    """A group's errors beside those of the forecast without a network.

    Attributes:
        group: Name of the group.
        ours: Errors of the forecaster; NaN where they are undefined.
        reference: Errors of the forecast without a network; NaN where they are undefined.
    """

    group: str
    ours: Accuracy
    reference: Accuracy

    @property
    def difference(self) -> float | None:
        """MAPE above the reference's, in percentage points; `None` where it is undefined."""
        difference = self.ours.mape - self.reference.mape
        return None if math.isnan(difference) else difference


@dataclass(frozen=True)
class Groups:
    """One table.

    Attributes:
        kind: What the groups are.
        summary: The best, the worst, and how many are worse than without a network.
        rows: All days, then the groups that are shown.
        rest: The groups that are folded away.
        left_out: How many more the page has not.
    """

    kind: str
    summary: str
    rows: list[Pair]
    rest: list[Pair]
    left_out: int


@dataclass(frozen=True)
class StoreRow:
    """A store, and for each class its errors; `None` where there are none."""

    store: str
    cells: list[Pair | None]


@dataclass(frozen=True)
class Matrix:
    """MAPE of each store's item classes.

    Attributes:
        classes: One a column.
        rows: The stores that are shown.
        rest: The stores that are folded away.
        left_out: How many more the page has not.
    """

    classes: list[str]
    rows: list[StoreRow]
    rest: list[StoreRow]
    left_out: int


def tables(rows: Sequence[ScoreRow], forecaster: str) -> list[Groups]:
    """A table for each kind of group that has any.

    Args:
        rows: Errors of at least this forecaster and the reference.
        forecaster: A variant's name.
    """
    overall = _pairs(rows, forecaster, "")
    found = {kind: _pairs(rows, forecaster, kind) for kind in KINDS}
    return [_table(kind, overall, pairs) for kind, pairs in found.items() if pairs]


def matrix(rows: Sequence[ScoreRow], forecaster: str) -> Matrix | None:
    """Stores against item classes; nothing where there is one class or one store."""
    cells = {pair.group: pair for pair in _pairs(rows, forecaster, "store x item class")}
    stores = _worst_first(_pairs(rows, forecaster, "store"))
    classes = sorted(pair.group for pair in _pairs(rows, forecaster, "item class"))
    if min(len(stores), len(classes)) < 2:
        return None
    lines = [StoreRow(pair.group, [cells.get(f"{pair.group} x {name}") for name in classes]) for pair in stores]
    shown = _shown(len(lines))
    return Matrix(classes, lines[:shown], lines[shown:MOST], max(0, len(lines) - MOST))


def tint(difference: float | None) -> str:
    """How a MAPE compares with that without a network: `better`, `alike` or `worse`, and whether `strong`."""
    if difference is None or abs(difference) < EVEN:
        return "" if difference is None else "alike"
    return ("worse" if difference > 0 else "better") + (" strong" if abs(difference) >= STRONG else "")


def _pairs(rows: Iterable[ScoreRow], forecaster: str, kind: str) -> list[Pair]:
    of_kind = [row for row in rows if row.by == kind and row.errors.days]
    references = {row.group: row.errors for row in of_kind if row.forecaster == REFERENCE}
    ours = {row.group: row.errors for row in of_kind if row.forecaster == forecaster}
    return [Pair(group, errors, references.get(group, UNKNOWN)) for group, errors in ours.items()]


def _has_mape(pair: Pair) -> bool:
    return not math.isnan(pair.ours.mape)


def _worst_first(pairs: list[Pair]) -> list[Pair]:
    """By MAPE; where it is undefined they are last."""
    return sorted(pairs, key=lambda pair: -pair.ours.mape if _has_mape(pair) else math.inf)


def _shown(many: int) -> int:
    """How many of so many groups are shown."""
    return many if many <= FEW else WORST


def _table(kind: str, overall: list[Pair], pairs: list[Pair]) -> Groups:
    groups = pairs if kind in IN_TIME else _worst_first(pairs)
    whole = [replace(pair, group="all days") for pair in overall]
    shown = _shown(len(groups))
    return Groups(
        kind,
        _summary(kind, pairs),
        [*whole, *groups[:shown]],
        groups[shown:MOST],
        max(0, len(groups) - MOST),
    )


def _summary(kind: str, pairs: list[Pair]) -> str:
    known = [pair for pair in _worst_first(pairs) if _has_mape(pair)]
    if not known:
        return "MAPE is undefined in all of them"
    worst, best = known[0], known[-1]
    ends = (f"{number(pair.ours.mape)} % ({NAMED.get(kind, '')}{pair.group})" for pair in (best, worst))
    said = f"MAPE from {' to '.join(ends)}"
    compared = [pair.difference for pair in known if pair.difference is not None]
    worse = sum(difference >= EVEN for difference in compared)
    if compared:
        said += f"; less accurate than without a network in {worse} of {len(compared)}"
    if unknown := len(pairs) - len(known):
        said += f"; undefined in {unknown}"
    return said
