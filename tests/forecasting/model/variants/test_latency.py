"""A latency is a figure only where every rule was kept."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.latency import Latency, LatencyRules, measure
from tasks.forecasting.model.variants.litert import Forecaster, write

UNITS = 2
SHAPES = [(1, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, 1), (1,)]
FILE = write(Weights(*(np.ones(shape, np.float32) for shape in SHAPES)))
WINDOWS = np.ones((3, 14, 1), np.float32)
SHA256 = Forecaster(FILE).sha256


def clock(*microseconds: float, rules: LatencyRules) -> Callable[[], float]:
    """Every forecast of a loop takes as long as the loop's number here says; nothing else takes time."""

    def ticks() -> Iterator[float]:
        now = 0.0
        for each in microseconds:
            begin = now
            yield begin
            while now - begin < rules.seconds:
                yield now
                now += each / 1e6
                yield now

    return ticks().__next__


def timed(*microseconds: float, rules: LatencyRules) -> Latency:
    return measure(Forecaster(FILE), WINDOWS, SHA256, rules, clock(*microseconds, rules=rules))


def test_the_median_of_the_loops_counts() -> None:
    rules = LatencyRules(seconds=0.01)
    assert timed(100, 110, 190, 120, 130, rules=rules).microseconds == pytest.approx(120)


def test_loops_that_disagree_give_a_reason_and_no_figure() -> None:
    found = timed(100, 100, 100, 100, 201, rules=LatencyRules(seconds=0.01, attempts=1))
    assert found.microseconds is None
    assert "2 times the fastest at most; they took 100.0 to 201.0 us" in str(found.reason)


def test_a_busy_machine_is_measured_again() -> None:
    rules = LatencyRules(seconds=0.01, loops=2, attempts=2)
    assert timed(100, 300, 150, 150, rules=rules) == Latency(pytest.approx(150))
    assert timed(100, 300, 100, 300, 100, 100, rules=rules).microseconds is None


def test_too_few_forecasts_give_a_reason_and_no_figure() -> None:
    found = timed(1000, 2000, rules=LatencyRules(seconds=0.01, loops=2, attempts=1))
    assert found == Latency(None, "a loop of 0.01 s must do 10 forecasts or more; one did 5")


def test_the_file_must_be_the_one_that_was_scored() -> None:
    found = measure(Forecaster(FILE), WINDOWS, "ab" * 32)
    assert found.microseconds is None
    assert found.reason == f"the file to time must be the one that was scored, {'ab' * 32}; got {SHA256}"


def test_a_real_clock_gives_a_figure() -> None:
    found = measure(Forecaster(FILE), WINDOWS, SHA256, LatencyRules(seconds=0.01, max_spread=1000))
    assert found.reason is None and found.microseconds and 0.1 < found.microseconds < 1e4


def test_rules_are_those_of_mlperf_tiny_but_for_the_time() -> None:
    assert (LatencyRules().loops, LatencyRules().min_inferences) == (5, 10)
