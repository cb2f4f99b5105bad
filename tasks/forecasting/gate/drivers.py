"""What a refusal came from: the fewest stores or weeks without which a variant would have passed."""

import math
from typing import NamedTuple

import numpy as np

from tasks.forecasting.gate.checks import Counterfactual
from tasks.forecasting.gate.comparison import Comparison, Parts

MOST_NAMED = 20
"""Greatest number of stores or weeks that are named as what drove a refusal; a longer list explains nothing."""

SHARE_OF_STORES, SHARE_OF_WEEKS = 0.5, 0.25
"""Greatest share of the stores or weeks that are named, for the same reason."""


class Bar(NamedTuple):
    """What an upper bound has to keep to.

    Attributes:
        limit: The greatest value, in the unit of the bound.
        strict: Whether the bound must be below the limit, and not at it. Defaults to `False`.
    """

    limit: float
    strict: bool = False

    def clears(self, high: float) -> bool:
        """Whether an upper bound keeps to the limit; never if it is NaN."""
        return high < self.limit if self.strict else high <= self.limit

    def needed(self, high: float) -> float:
        """By how much an upper bound must fall to keep to the limit, rounded up to two decimals so that it suffices."""
        over = high - self.limit
        return (math.floor(100 * over) + 1) / 100 if self.strict else rounded_up(over)


def rounded_up(value: float) -> float:
    """A number to two decimals, never below itself."""
    return math.ceil(100 * value) / 100


def counterfactual(comparison: Comparison, name: str, other: str | None, high: float, bar: Bar) -> Counterfactual:
    """What put an upper bound over the bar, and what would have kept it below.

    Args:
        comparison: The evidence and the draws.
        name: The forecaster.
        other: What it is compared with; `None` for its own MAPE.
        high: The upper bound of the difference, or of the MAPE if there is no other.
        bar: What the upper bound had to keep to.
    """
    stores = _worst_first(comparison.by_group(name, other, comparison.evidence.stores), bar)
    weeks = _worst_first(comparison.by_week(name, other), bar)
    named = _fewest(comparison, stores, SHARE_OF_STORES, bar)
    most = str(stores.names[0]) if len(stores.names) > 1 and not named else None
    return Counterfactual(bar.needed(high), named, _fewest(comparison, weeks, SHARE_OF_WEEKS, bar), most)


def _worst_first(parts: Parts, bar: Bar) -> Parts:
    """The parts by how much each adds to what is over the bar."""
    over = parts.errors.sum(axis=1) - bar.limit * parts.counted.sum(axis=1)
    return parts.chosen(np.argsort(-over, kind="stable"))


def _fewest(comparison: Comparison, parts: Parts, share: float, bar: Bar) -> tuple[str, ...]:
    """Names of the fewest first parts without which the bound would keep to the bar; none if that takes too many."""
    for count in range(1, min(int(share * len(parts.names)), MOST_NAMED) + 1):
        if bar.clears(comparison.estimate(parts.chosen(slice(count, None))).high):
            return tuple(parts.names[:count].tolist())
    return ()
