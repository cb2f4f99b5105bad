"""What a backtest found, in words."""

import math
from collections.abc import Mapping

from tasks.forecasting.backtest.cadence import NONE
from tasks.forecasting.backtest.cost_benefit import Summary, beyond_noise
from tasks.forecasting.gate.comparison import Estimate
from tasks.forecasting.rollout.costs import DIGITS
from tasks.report.text import number, percent, signed

NOTHING_PASSED = (
    " No model of it passed the gate: what is scored is the forecast without a network, learned again at each retrain."
)
"""To add where that is so: then it is not a network that pays."""


def headline(best: str, comparable: bool, example: bool) -> str:
    """Whether retraining pays, in a line.

    Args:
        best: The cheapest cadence.
        comparable: Whether its cost is known.
        example: Whether costs go by example prices.
    """
    if not comparable:
        return "No cadence can be compared."
    pays = "Retraining does not pay" if best == NONE else f"Retraining {best} pays"
    return f"{pays}, at example prices." if example else f"{pays}."


def allowed(changes: Mapping[str, float]) -> str:
    """How much MAPE may lose under a limit of the gate, by the settings that it changes; empty without any."""
    losses = [f"{value:g} pp {_compared(name)}" for name, value in changes.items()]
    return f"MAPE may be worse by at most {', '.join(losses)}" if losses else ""


def met_by(limits: Mapping[str, list[str]], of: int) -> list[str]:
    """Which cadences met something, and under which limits where that is not under all.

    Args:
        limits: By limit, the cadences.
        of: Number of limits.
    """
    alike: dict[str, list[str]] = {}
    for limit, cadences in limits.items():
        alike.setdefault(", ".join(cadences), []).append(limit)
    return [
        cadences if len(those) == of else f"{cadences} under {', '.join(those)}" for cadences, those in alike.items()
    ]


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


def _compared(name: str) -> str:
    """Of `max_worse_than_baseline_pp`, "than baseline"."""
    return name.removeprefix("max_worse_").removesuffix("_pp").replace("_", " ")


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
