"""What each cadence costs a store in a year, under several limits of the gate, and which cadence pays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.forecasting.backtest.cadence import NONE
from tasks.forecasting.gate.comparison import UNDEFINED, Estimate
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.costs import DIGITS, Cost, CostModel

NO_GATE, SETTINGS = "no gate", "the settings' gate"

DAYS_A_YEAR = 365


def compared_limits(gate: Limits) -> dict[str, Limits | None]:
    """Limits to compare, the loosest first; `None` promotes every model.

    Limits that differ from the settings' differ in `max_worse_...`: how much MAPE may rise. None asks for a device, as
    nothing is timed in a replay.
    """
    gate = gate.model_copy(update={"fit_a_device": False})
    losses = {name: value for name, value in gate if name.startswith("max_worse_") and value is not None}

    def times(factor: float) -> Limits:
        return gate.model_copy(update={name: factor * value for name, value in losses.items()})

    return {
        NO_GATE: None,
        "twice the losses": times(2),
        SETTINGS: gate,
        "a tenth of the losses": times(0.1),
        "no loss at all": times(0),
    }


@dataclass(frozen=True)
class Usage:
    """What a cadence used over a replay.

    Attributes:
        mape: MAPE over all its days, in percent.
        retrains: Number of retrains after the first model, which every cadence has.
        sent_bytes: Bytes of all files that were sent to a store, compressed.
    """

    mape: float
    retrains: int
    sent_bytes: int


def yearly_cost(usage: Usage, best: float, days: int, stores: int, costs: CostModel) -> Cost | None:
    """What a cadence costs one store in a year; `None` where its MAPE is undefined.

    Args:
        usage: What the cadence used.
        best: The lowest MAPE of all cadences and limits, in percent; two decimals count, as in the choice of a variant.
        days: Length of the replay.
        stores: Number of stores that share the cost of a retrain.
        costs: What a store pays.
    """
    if not (math.isfinite(usage.mape) and math.isfinite(best)):
        return None
    above = round(usage.mape, DIGITS) - round(best, DIGITS)
    return costs.of_a_year(above, usage.sent_bytes, usage.retrains, stores, DAYS_A_YEAR / days)


def cheapest_first(costs: Mapping[str, Cost | None]) -> list[str]:
    """Cadences by their total cost; those without a cost come last, equal ones keep their order."""
    return sorted(costs, key=lambda name: _total(costs[name]))


def beyond_noise(difference: Estimate) -> bool:
    """Whether both bounds of a difference are on one side of zero; never where it is undefined."""
    return difference.low > 0 or difference.high < 0


@dataclass(frozen=True)
class Summary:
    """Which cadence costs least, and how it compares with others.

    Attributes:
        best: The cheapest cadence; `None` where no two can be compared.
        saved: What the cheapest costs less, in a year and store, than the next and than no retraining, by cadence.
        rival: The cadence that its MAPE is compared with: no retraining, or the next if no retraining is the cheapest.
        difference: MAPE of the cheapest above the rival's, in percentage points.
        confidence: Confidence of each bound of the difference, a share.
    """

    best: str | None
    saved: Mapping[str, float]
    rival: str
    difference: Estimate
    confidence: float


def summary(costs: Mapping[str, Cost | None], differences: Mapping[str, Estimate], confidence: float) -> Summary:
    """Which cadence pays, by how much, and how its MAPE differs.

    Args:
        costs: Cost of each cadence.
        differences: MAPE of the cheapest minus that of each other cadence, in percentage points.
        confidence: Confidence of each bound of a difference, a share.
    """
    best, *others = cheapest_first(costs)
    cost = costs[best]
    if cost is None or not others:
        return Summary(None, {}, NONE, UNDEFINED, confidence)
    rival = others[0] if best == NONE else NONE
    compared = {name: costs[name] for name in (others[0], rival)}
    saved = {name: other.total - cost.total for name, other in compared.items() if other is not None}
    return Summary(best, saved, rival, differences[rival], confidence)


def _total(cost: Cost | None) -> float:
    return math.inf if cost is None else cost.total
