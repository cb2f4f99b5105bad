"""What a cadence costs a store in a year, under which limits of the gate, and which cadence pays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.forecasting.backtest.cadence import NONE
from tasks.forecasting.gate.comparison import Estimate
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.rollout.selection import DIGITS, Cost, CostModel

NO_GATE, SETTINGS = "no gate", "the settings' gate"

NOTHING_PASSED = (
    " No model of it passed the gate: what is scored is the forecast without a network, learned anew at each retrain."
)
"""To add where that is so: then it is not a network that pays."""


def compared_limits(gate: Limits) -> dict[str, Limits | None]:
    """Limits to compare, the loosest first; `None` promotes whatever comes.

    Those that differ from the settings' differ in `max_worse_...`, how much MAPE may lose against anything. No device
    is asked for: nothing is timed in a replay.
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
class Spent:
    """What a cadence took over a replay.

    Attributes:
        mape: Over all its days, in percent.
        retrains: After the first model, which every cadence has.
        sent_bytes: Of all files that a store was sent, compressed.
    """

    mape: float
    retrains: int
    sent_bytes: int


def yearly_cost(spent: Spent, best: float, days: int, stores: int, costs: CostModel) -> Cost | None:
    """What a cadence costs one store in a year; `None` where its MAPE is undefined.

    Args:
        spent: What it took.
        best: The lowest MAPE of all that are compared, in percent; to two decimals, as in the choice of a variant.
        days: Length of the replay.
        stores: How many share the cost of a retrain.
        costs: What a store pays.
    """
    if not (math.isfinite(spent.mape) and math.isfinite(best)):
        return None
    a_year = 365 / days
    sending = costs.per_mb_sent * spent.sent_bytes / 1e6 * a_year
    errors = costs.per_mape_pp * round(round(spent.mape, DIGITS) - round(best, DIGITS), DIGITS)
    retraining = costs.per_retrain * spent.retrains * a_year / stores
    return Cost(sending, errors, retraining, sending + errors + retraining)


def cheapest_first(costs: Mapping[str, Cost | None]) -> list[str]:
    """Cadences by what they cost in all; those that cannot be measured last, equal ones as they came."""
    return sorted(costs, key=lambda name: math.inf if (cost := costs[name]) is None else cost.total)


def beyond_noise(difference: Estimate) -> bool:
    """Whether a difference is one: both bounds are on one side of zero; never where it is undefined."""
    return difference.low > 0 or difference.high < 0


def verdict(
    costs: Mapping[str, Cost | None], differences: Mapping[str, Estimate], currency: str, confidence: float
) -> str:
    """One sentence: which cadence pays, by how much, and whether its MAPE differs by more than noise.

    Args:
        costs: Of each cadence.
        differences: MAPE of the cheapest minus that of each other cadence, in percentage points.
        currency: Of the costs.
        confidence: Of each bound of a difference, a share.
    """
    best, *others = cheapest_first(costs)
    cost, second = costs[best], others[0] if others else None
    if cost is None or second is None:
        return "No cadence can be compared: MAPE is undefined."
    rival = second if best == NONE else NONE
    saved = [
        f"{theirs.total - cost.total:,.2f} {currency} a year and store less than {_named(other)}"
        for other in dict.fromkeys([second, rival])
        if (theirs := costs[other]) is not None
    ]
    subject = (
        "Retraining does not pay: one model for all days costs" if best == NONE else f"Retraining {best} pays: it costs"
    )
    mape = _against(differences[rival], _named(rival), confidence)
    return f"{subject} {' and '.join(saved) or 'least'}. Its MAPE is {mape}."


def _named(cadence: str) -> str:
    return "no retraining" if cadence == NONE else f"retraining {cadence}"


def _against(difference: Estimate, named: str, confidence: float) -> str:
    if not math.isfinite(difference.value):
        return f"not comparable with that of {named}"
    if not round(difference.value, DIGITS):
        return f"that of {named}, to 0.01 pp"
    word = "below" if difference.value < 0 else "above"
    bounds = f"{difference.low:+.3f} to {difference.high:+.3f} pp, {200 * confidence - 100:.0f} % sure"
    noise = "more than noise" if beyond_noise(difference) else "no more than noise"
    return f"{abs(difference.value):.3f} pp {word} that of {named} ({bounds}), which is {noise}"
