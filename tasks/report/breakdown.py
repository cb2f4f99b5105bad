"""Where a forecaster does well and badly: its errors by group, beside those of the forecast without a network."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.report.text import number

Record = dict[str, Any]

REFERENCE = "reference"
KINDS = ("store", "item class", "weekday", "month", "item")
IN_TIME = ("weekday", "month")
"""Kinds that stay in their own order; of the others the worst come first."""
NAMED = {"store": "store ", "item": "item ", "item class": "class "}
"""What is said before the name of a group that says less by itself."""
WORST, BEST = 10, 3
"""Groups shown where there are many."""
EVEN, STRONG = 0.05, 0.5
"""Percentage points below which two MAPE count as alike, and from which they differ strongly, when cells are tinted."""


@dataclass(frozen=True)
class Groups:
    """One table.

    Attributes:
        kind: What the groups are.
        summary: The best, the worst, and how many are worse than without a network.
        rows: All days, then groups: name `group`, errors `ours` and `reference`, `difference` of MAPE in pp; nothing
            where groups are left out.
        left_out: How many these are.
    """

    kind: str
    summary: str
    rows: list[Record | None]
    left_out: int


@dataclass(frozen=True)
class Matrix:
    """MAPE of each store's item classes.

    Attributes:
        classes: One a column.
        rows: Of each store its name and a row as in `Groups`, or nothing, for each class.
        left_out: Stores between the worst and the best.
    """

    classes: list[str]
    rows: list[tuple[str, list[Record | None]]]
    left_out: int


def tables(rows: Sequence[Record], forecaster: str) -> list[Groups]:
    """A table for each kind of group that has any.

    Args:
        rows: Errors of at least this forecaster and the reference, by kind `by` and `group`.
        forecaster: A variant's name.
    """
    overall = _pairs(rows, forecaster, "")
    found = {kind: _pairs(rows, forecaster, kind) for kind in KINDS}
    return [_table(kind, overall, pairs) for kind, pairs in found.items() if pairs]


def matrix(rows: Sequence[Record], forecaster: str) -> Matrix | None:
    """Stores against item classes; nothing where there is one class or one store."""
    cells = {pair["group"]: pair for pair in _pairs(rows, forecaster, "store x item class")}
    stores, left_out = _shown(_worst_first(_pairs(rows, forecaster, "store")))
    classes = sorted(pair["group"] for pair in _pairs(rows, forecaster, "item class"))
    if min(len(stores), len(classes)) < 2:
        return None
    named = [pair["group"] for pair in stores if pair]
    return Matrix(classes, [(store, [cells.get(f"{store} x {of}") for of in classes]) for store in named], left_out)


def tint(difference: float | None) -> str:
    """How a MAPE compares with that without a network: `better`, `alike` or `worse`, and whether `strong`."""
    if difference is None or abs(difference) < EVEN:
        return "" if difference is None else "alike"
    return ("worse" if difference > 0 else "better") + (" strong" if abs(difference) >= STRONG else "")


def _pairs(rows: Iterable[Record], forecaster: str, kind: str) -> list[Record]:
    of_kind = [row for row in rows if row["by"] == kind and row["days"]]
    theirs = {row["group"]: _known(row) for row in of_kind if row["forecaster"] == REFERENCE}
    ours = {row["group"]: _known(row) for row in of_kind if row["forecaster"] == forecaster}
    return [_pair(group, errors, theirs.get(group, {})) for group, errors in ours.items()]


def _pair(group: str, ours: Record, reference: Record) -> Record:
    known = "mape" in ours and "mape" in reference
    difference = ours["mape"] - reference["mape"] if known else None
    return {"group": group, "ours": ours, "reference": reference, "difference": difference}


def _known(row: Mapping[str, Any]) -> Record:
    """Errors without those that are undefined."""
    return {
        name: value
        for name, value in row.items()
        if not (value is None or (isinstance(value, float) and math.isnan(value)))
    }


def _worst_first(pairs: list[Record]) -> list[Record]:
    """By MAPE; where it is undefined they are last."""
    return sorted(pairs, key=lambda pair: -pair["ours"].get("mape", -math.inf))


def _shown(pairs: list[Record]) -> tuple[list[Record | None], int]:
    """The worst and the best of many, nothing where some are left out, and how many these are."""
    known = [pair for pair in pairs if "mape" in pair["ours"]]
    if len(pairs) <= WORST + BEST:
        return [*pairs], 0
    if len(known) <= WORST + BEST:
        return [*known, None], len(pairs) - len(known)
    return [*known[:WORST], None, *known[-BEST:]], len(pairs) - WORST - BEST


def _table(kind: str, overall: list[Record], pairs: list[Record]) -> Groups:
    rows, left_out = ([*pairs], 0) if kind in IN_TIME else _shown(_worst_first(pairs))
    return Groups(kind, _summary(kind, pairs), [*(each | {"group": "all days"} for each in overall), *rows], left_out)


def _summary(kind: str, pairs: list[Record]) -> str:
    known = [pair for pair in _worst_first(pairs) if "mape" in pair["ours"]]
    if not known:
        return "MAPE is undefined in all of them"
    worst, best = known[0], known[-1]
    ends = (f"{number(each['ours']['mape'])} % ({NAMED.get(kind, '')}{each['group']})" for each in (best, worst))
    said = f"MAPE from {' to '.join(ends)}"
    compared = [pair for pair in known if pair["difference"] is not None]
    worse = sum(pair["difference"] >= EVEN for pair in compared)
    if compared:
        said += f"; less accurate than without a network in {worse} of {len(compared)}"
    if unknown := len(pairs) - len(known):
        said += f"; undefined in {unknown}"
    return said
