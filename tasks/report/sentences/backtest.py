"""What a backtest found, in words."""

import math

from tasks.forecasting.backtest.cadence import NONE
from tasks.forecasting.backtest.cost_benefit import Summary, beyond_noise
from tasks.forecasting.gate.comparison import Estimate
from tasks.forecasting.rollout.costs import DIGITS
from tasks.report.text import number, percent, signed

NOTHING_PASSED = (
    " No model of it passed the gate: what is scored is the forecast without a network, learned again at each retrain."
)
"""To add where that is so: then it is not a network that pays."""


def summary(found: Summary, currency: str) -> str:
    """Which cadence pays, by how much, and whether its MAPE differs by more than noise.

    Args:
        found: The numbers.
        currency: Currency of the costs.
    """
    if found.best is None:
        return "No cadence can be compared: MAPE is undefined."
    saved = [
        f"{number(saving)} {currency} per store and year less than {_named(other)}"
        for other, saving in found.saved.items()
    ]
    mape = _against(found.difference, _named(found.rival), found.confidence)
    return f"{_subject(found.best)} {' and '.join(saved) or 'least'}. Its MAPE is {mape}."


def _subject(best: str) -> str:
    if best == NONE:
        return "Retraining does not pay: one model for all days costs"
    return f"Retraining {best} pays: it costs"


def _named(cadence: str) -> str:
    return "no retraining" if cadence == NONE else f"retraining {cadence}"


def _against(difference: Estimate, named: str, confidence: float) -> str:
    if not math.isfinite(difference.value):
        return f"not comparable with that of {named}"
    if not round(difference.value, DIGITS):
        return f"that of {named}, to 0.01 pp"
    word = "below" if difference.value < 0 else "above"
    both = percent(round(2 * confidence - 1, 2))
    bounds = f"{signed(difference.low, 3)} to {signed(difference.high, 3)} pp, {both} confidence"
    noise = "more than noise" if beyond_noise(difference) else "no more than noise"
    return f"{number(abs(difference.value), 3)} pp {word} that of {named} ({bounds}), which is {noise}"
