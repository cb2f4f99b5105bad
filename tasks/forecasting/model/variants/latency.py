"""How long one forecast takes, by rules that can be broken: then there is a reason and no figure."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.data.dtypes import Floats32
from tasks.forecasting.model.variants.litert import Forecaster


class Rules(BaseModel):
    """When a latency counts: the loops of MLPerf Tiny, which itself lets each last 10 s.

    Source:
        Banbury et al. (2021), "MLPerf Tiny Benchmark"; MLCommons, MLPerf Tiny Inference Rules: single stream, the file
        that is timed is the file whose quality was measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loops: int = Field(5, ge=1, description="loops, whose median counts")
    seconds: float = Field(0.1, gt=0, description="time a loop lasts, in s")
    min_inferences: int = Field(10, ge=1, description="forecasts that every loop must do in that time")
    max_spread: float = Field(2.0, ge=1, description="slowest loop's median over the fastest's, at most")
    attempts: int = Field(3, ge=1, description="measurements, of which the first that keeps the rules counts")


@dataclass(frozen=True)
class Latency:
    """Time of one forecast, or why there is no figure.

    Attributes:
        microseconds: Median of the loops' medians, in us; `None` if a rule was broken.
        reason: The rule and what was found; `None` if all were kept.
    """

    microseconds: float | None
    reason: str | None = None


def measure(
    forecaster: Forecaster,
    inputs: Floats32,
    scored: str,
    rules: Rules | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    """Time one forecast at a time: state reset, window in, forecast out.

    Args:
        forecaster: The file to time.
        inputs: Scaled windows to forecast from in turn, shape `(windows, 14, 1)`.
        scored: sha256 of the file whose accuracy was measured.
        rules: Defaults to `Rules()`.
        clock: Defaults to `time.perf_counter`.
    """
    rules = rules or Rules()
    if forecaster.sha256 != scored:
        return Latency(None, f"the file to time must be the one that was scored, {scored}; got {forecaster.sha256}")
    if forecaster.threads != 1:
        return Latency(None, f"a forecast is timed on 1 thread; it runs on {forecaster.threads}")
    forecaster(inputs)  # unmeasured: first calls are slower
    for _ in range(rules.attempts):
        found = _judge([list(_loop(forecaster, inputs, rules.seconds, clock)) for _ in range(rules.loops)], rules)
        if found.microseconds is not None:
            break
    return found


def _judge(loops: list[list[float]], rules: Rules) -> Latency:
    """The figure of loops whose forecasts took these seconds each."""
    if (fewest := min(map(len, loops))) < rules.min_inferences:
        return Latency(
            None, f"a loop of {rules.seconds:g} s must do {rules.min_inferences} forecasts or more; one did {fewest}"
        )
    medians = [1e6 * float(np.median(each)) for each in loops]
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
