"""How long one forecast takes. Where the measurement breaks a rule, there is a reason and no figure."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model.variants.litert import Forecaster


@dataclass(frozen=True)
class LatencyRules:
    """When a latency counts. The loops are those of MLPerf Tiny, which lets each last 10 s.

    Source:
        Banbury et al. (2021), "MLPerf Tiny Benchmark"; MLCommons, MLPerf Tiny Inference Rules: single stream, the file
        that is timed is the file whose quality was measured.

    Attributes:
        loops: Number of loops, of which the median counts. Defaults to 5.
        seconds: Time that a loop lasts, in s. Defaults to 0.1.
        min_inferences: Number of forecasts that every loop must do in that time. Defaults to 10.
        max_spread: Greatest ratio of the slowest loop's median to the fastest's. Defaults to 2.
        attempts: Number of measurements, of which the first that keeps the rules counts. Defaults to 3.
    """

    loops: int = 5
    seconds: float = 0.1
    min_inferences: int = 10
    max_spread: float = 2.0
    attempts: int = 3


RULES = LatencyRules()


@dataclass(frozen=True)
class Latency:
    """Time of one forecast, or why there is no figure.

    Attributes:
        microseconds: Median of the loops' medians, in us; `None` if a rule was broken.
        reason: The broken rule and what was measured; `None` if all rules were kept.
    """

    microseconds: float | None
    reason: str | None = None


def measure(
    forecaster: Forecaster,
    inputs: Floats32,
    scored: str,
    rules: LatencyRules = RULES,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    """Time one forecast at a time: state reset, window in, forecast out.

    Args:
        forecaster: The file to time.
        inputs: Scaled windows to forecast from in turn, shape `(windows, 14, 1)`.
        scored: Hash of the file whose accuracy was measured.
        rules: When a figure counts. Defaults to `RULES`.
        clock: Tells the time in s. Defaults to `time.perf_counter`.
    """
    if forecaster.sha256 != scored:
        return Latency(None, f"the file to time must be the one that was scored, {scored}; got {forecaster.sha256}")
    forecaster(inputs)  # unmeasured: first calls are slower
    for _ in range(rules.attempts):
        latency = _judge([list(_loop(forecaster, inputs, rules.seconds, clock)) for _ in range(rules.loops)], rules)
        if latency.microseconds is not None:
            break
    return latency


def _judge(loops: list[list[float]], rules: LatencyRules) -> Latency:
    """The latency from loops, each a list of the seconds that its forecasts took."""
    if (fewest := min(map(len, loops))) < rules.min_inferences:
        return Latency(
            None, f"a loop of {rules.seconds:g} s must do {rules.min_inferences} forecasts or more; one did {fewest}"
        )
    medians = [1e6 * float(np.median(loop)) for loop in loops]
    if not max(medians) <= rules.max_spread * min(medians):
        return Latency(
            None,
            f"the slowest loop may take {rules.max_spread:g} times the fastest at most; they took {min(medians):.1f} "
            f"to {max(medians):.1f} us a forecast: the machine was busy, measure again",
        )
    return Latency(float(np.median(medians)))


def _loop(forecaster: Forecaster, inputs: Floats32, seconds: float, clock: Callable[[], float]) -> Iterator[float]:
    """Seconds of each forecast, until `seconds` have passed."""
    begin = end = clock()
    for window in cycle(inputs.astype(np.float32)):
        if end - begin >= seconds:
            return
        start = clock()
        forecaster.once(window[None])
        end = clock()
        yield end - start
