"""The stores or item classes in which a forecaster is worse than another, judged all at once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.panel import Floats
from tasks.forecasting.gate.bootstrap import Draws
from tasks.forecasting.gate.comparison import UNDEFINED, Comparison, Estimate, Parts

BLOCKS, TIMES = 12, 20
"""Least number of blocks of days for one group, and how many times the usual number of draws are made for it.

A group has only a share of the allowed chance of an error, and few blocks or draws cannot show so small a chance.
"""


class Group(NamedTuple):
    """The difference of MAPE in one store or item class, in percentage points."""

    name: str
    difference: float


@dataclass(frozen=True)
class Worst:
    """The differences in all groups of a kind, and which of them are significantly over a limit.

    Attributes:
        groups: The groups with enough days, the worst first.
        flagged: Names of the groups significantly over the limit, the most significant first.
        estimate: The difference of the first flagged group, else of the worst, with bounds that hold for all groups at
            once.
        enough: The smallest limit that would have flagged no group; NaN where none is flagged.
        undefined: Names of the groups whose difference is NaN.
        short: Names of the groups with too few days to be judged.
    """

    groups: tuple[Group, ...]
    flagged: tuple[str, ...]
    estimate: Estimate
    enough: float
    undefined: tuple[str, ...]
    short: tuple[str, ...]


def worst(comparison: Comparison, name: str, other: str, groups: NDArray[np.str_], limit: float) -> Worst:
    """The difference in each group of segments, and in which groups it is significantly over `limit`.

    A group is flagged if its difference is over the limit and its lower bound is too, at a confidence that is high
    enough for so many groups. A group that has only some of the days is drawn from these.

    Args:
        comparison: The evidence and the draws.
        name: The forecaster.
        other: What it is compared with.
        groups: The group of each segment, shape `(segments,)`.
        limit: Greatest difference allowed, in percentage points.
    """
    parts, short = _long_enough(comparison, comparison.by_group(name, other, groups))
    difference, chance = parts.difference, 1 - comparison.limits.confidence
    order = _worst_first(difference)
    suspects = order[difference[order] > limit].tolist()
    draws = {index: comparison.draws(parts.by_day(index), BLOCKS, TIMES) for index in suspects or order[:1].tolist()}
    for_all = 1 - chance / max(len(parts.names), 1)  # so wide that the bounds of all groups hold at once
    estimates = {index: Estimate(float(difference[index]), *each.bounds(for_all)) for index, each in draws.items()}
    flagged = _holm({index: draws[index] for index in suspects}, limit, len(parts.names), chance)
    low = {index: min(estimates[index].low, estimates[index].value) for index in flagged}
    flagged.sort(key=lambda index: -low[index])
    return Worst(
        _named(parts, order),
        tuple(parts.names[flagged].tolist()),
        estimates[[*flagged, *draws][0]] if draws else UNDEFINED,
        max(low.values(), default=math.nan),
        tuple(parts.names[~np.isfinite(difference)].tolist()),
        short,
    )


def ranked(comparison: Comparison, name: str, other: str, groups: NDArray[np.str_]) -> tuple[Group, ...]:
    """The difference in each group with enough days, the worst first, without bounds; arguments as for `worst`."""
    parts, _ = _long_enough(comparison, comparison.by_group(name, other, groups))
    return _named(parts, _worst_first(parts.difference))


def _long_enough(comparison: Comparison, parts: Parts) -> tuple[Parts, tuple[str, ...]]:
    """The groups with enough days, and the names of those that have some days but too few."""
    enough = parts.days >= comparison.limits.min_days
    return parts.chosen(enough), tuple(parts.names[~enough & (parts.days > 0)].tolist())


def _worst_first(difference: Floats) -> NDArray[np.int64]:
    """Indices of the known differences, the largest first."""
    known = np.isfinite(difference)
    return np.argsort(-np.where(known, difference, -np.inf), kind="stable")[: known.sum()]


def _named(parts: Parts, order: NDArray[np.int64]) -> tuple[Group, ...]:
    return tuple(Group(str(parts.names[index]), float(parts.difference[index])) for index in order)


def _holm(suspects: Mapping[int, Draws], limit: float, groups: int, chance: float) -> list[int]:
    """The suspects whose lower bound is over the limit, each round at a chance that fewer groups have to share.

    The chance that any group is flagged whose true difference is within the limit stays at `chance`, however many
    groups there are and however they depend on each other.

    Args:
        suspects: Draws of the groups whose difference is over the limit, by index.
        limit: Greatest difference allowed.
        groups: Number of all groups.
        chance: Greatest chance that any group is flagged wrongly, a share.

    Source:
        Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    flagged: list[int] = []
    while len(flagged) < groups:
        confidence = 1 - chance / (groups - len(flagged))
        over = [index for index, draws in suspects.items() if draws.bounds(confidence)[0] > limit]
        if len(over) == len(flagged):
            break
        flagged = over
    return flagged
