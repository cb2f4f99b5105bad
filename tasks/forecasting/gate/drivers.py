"""What a refusal came from: the fewest stores or weeks without which a variant would have passed."""

from typing import NamedTuple

import numpy as np

from tasks.forecasting.gate.comparison import Comparison, Excess
from tasks.forecasting.gate.parts import Parts, by_group, by_week

MOST_NAMED = 20
"""Greatest number of stores or weeks that are named as what drove a refusal; a longer list explains nothing."""

SHARE_OF_STORES, SHARE_OF_WEEKS = 0.5, 0.25
"""Greatest share of the stores or weeks that are named, for the same reason."""


class Bar(NamedTuple):
    """What an upper bound has to keep to.

    Attributes:
        limit: The greatest value, in the unit of the bound.
        strict: Whether the bound must be below the limit, instead of at most at it. Defaults to `False`.
    """

    limit: float
    strict: bool = False

    def clears(self, high: float) -> bool:
        """Whether an upper bound keeps to the limit; never if it is NaN."""
        return high < self.limit if self.strict else high <= self.limit


class Drivers(NamedTuple):
    """The parts that put a difference over its limit.

    Attributes:
        most: Name of the part that adds most.
        fewest: Names of the fewest parts, the worst first, without which the difference would keep to the limit; empty
            if that takes too many.
    """

    most: str
    fewest: tuple[str, ...]


def stores(comparison: Comparison, name: str, other: str | None, bar: Bar) -> Drivers:
    """The stores that put the difference, or the MAPE if there is no other, over the limit.

    Args:
        comparison: The evidence and the draws.
        name: The forecaster.
        other: Whom it is compared with; `None` for its own MAPE.
        bar: What the upper bound has to keep to.
    """
    return _drivers(comparison, by_group(comparison, name, other, comparison.evidence.stores), SHARE_OF_STORES, bar)


def weeks(comparison: Comparison, name: str, other: str | None, bar: Bar) -> Drivers:
    """The weeks that do, each named by its Monday; arguments as for `stores`."""
    return _drivers(comparison, by_week(comparison, name, other), SHARE_OF_WEEKS, bar)


def _drivers(comparison: Comparison, parts: Parts, share: float, bar: Bar) -> Drivers:
    over = parts.errors.sum(axis=1) - bar.limit * parts.counted.sum(axis=1)
    order = np.argsort(-over, kind="stable")
    worst_first = parts.names[order].tolist()
    for count in range(1, min(int(share * len(worst_first)), MOST_NAMED) + 1):
        rest = parts.chosen(order[count:])
        if bar.clears(comparison.estimate(Excess(rest.errors, rest.counted)).high):
            return Drivers(worst_first[0], tuple(worst_first[:count]))
    return Drivers(worst_first[0], ())
