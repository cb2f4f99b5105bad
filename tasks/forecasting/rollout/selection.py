"""The variant that a device class gets: of those that passed the gate and fit it, the one that costs a store least."""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.forecasting.rollout.costs import Cost, CostModel
from tasks.forecasting.rollout.devices import DeviceClass, Misfit, VariantFacts, misfit


@dataclass(frozen=True)
class Row:
    """A variant's place in a ranking.

    Attributes:
        name: The variant's name.
        passed: Whether the gate passed it.
        misfit: Why the device class cannot have it; `None` where it can, or where the gate did not pass it.
        file_bytes: Size of the file on disk.
        transfer_bytes: Size of the file compressed, as it is sent.
        validation_mape: MAPE in percent, to the decimals that count; `None` where it is not known.
        cost: Cost of a year; `None` where the gate did not pass it or its MAPE is not known.
        front: Whether it is on the Pareto front.
        dominated_by: The variant that dominates it; `None` where none does.
    """

    name: str
    passed: bool
    misfit: Misfit | None
    file_bytes: int
    transfer_bytes: int
    validation_mape: float | None
    cost: Cost | None
    front: bool
    dominated_by: str | None

    @property
    def eligible(self) -> bool:
        """Whether the gate passed it and it fits."""
        return self.passed and self.misfit is None

    @property
    def size(self) -> tuple[int, int]:
        """Bytes on disk, then bytes in transfer."""
        return self.file_bytes, self.transfer_bytes


@dataclass(frozen=True)
class Ranking:
    """All measured variants, the best for a device class first."""

    rows: tuple[Row, ...]

    @property
    def passed(self) -> tuple[Row, ...]:
        """The variants that the gate passed, the best first."""
        return tuple(row for row in self.rows if row.passed)

    @property
    def eligible(self) -> tuple[Row, ...]:
        """The variants that passed and fit, the best first."""
        return tuple(row for row in self.rows if row.eligible)

    @property
    def chosen(self) -> Row | None:
        """The variant that the device class gets; `None` where it can have none."""
        return next(iter(self.eligible), None)


def rank(variants: Iterable[VariantFacts], device: DeviceClass, costs: CostModel, stores: int) -> Ranking:
    """Variants by what they cost a store; those that the device class cannot have come last.

    A variant whose validation MAPE is not known comes after all that fit and have one. Where costs are equal, the
    smaller file comes first, then the smaller transfer, the lower MAPE and the name.

    Args:
        variants: Measured variants, passed or not.
        device: What the device class can carry.
        costs: What a store pays.
        stores: Number of stores that share the cost of a retrain.
    """
    measured = list(variants)
    best = min((each.mape for each in measured if each.passed and each.mape is not None), default=None)
    dominators = dominated_by(measured)
    rows = (
        Row(
            each.name,
            each.passed,
            misfit(each, device) if each.passed else None,
            each.file_bytes,
            each.transfer_bytes,
            each.mape,
            _cost(each, best, costs, stores),
            each.mape is not None and dominators[each.name] is None,
            dominators[each.name],
        )
        for each in measured
    )
    return Ranking(tuple(sorted(rows, key=_place)))


def dominated_by(variants: Sequence[VariantFacts]) -> dict[str, str | None]:
    """For each variant, the most accurate one that is better in MAPE, size or transfer, and worse in none of them.

    A variant whose validation MAPE is not known is compared with none. No dominator is dominated itself.
    """
    figures = {
        each.name: (each.mape, each.file_bytes, each.transfer_bytes) for each in variants if each.mape is not None
    }
    return {each.name: _dominator(figures.get(each.name), figures) for each in variants}


def _dominator(own: tuple[float, ...] | None, figures: Mapping[str, tuple[float, ...]]) -> str | None:
    if own is None:
        return None
    better = [(other, name) for name, other in figures.items() if other != own and all(map(operator.le, other, own))]
    return min(better)[1] if better else None


def _cost(variant: VariantFacts, best: float | None, costs: CostModel, stores: int) -> Cost | None:
    if not variant.passed or variant.mape is None or best is None:
        return None
    return costs.of_a_year(variant.mape - best, variant.transfer_bytes, 1, stores, costs.retrains_per_year)


def _place(row: Row) -> tuple[bool, bool, float, int, int, float, str]:
    """Sort key of a ranking."""
    total = row.cost.total if row.cost else math.inf
    mape = math.inf if row.validation_mape is None else row.validation_mape
    return (not row.passed, row.misfit is not None, total, *row.size, mape, row.name)
