"""The bootstrap draws whole weeks, always the same ones, and its bounds are as sure as they say."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.forecasting.gate.bootstrap import WEEK, Bootstrap, Draws

SHAPES = [(364, 4), (365, 4), (30, 1), (28, 4), (20, 2), (5, 2), (1, 4)]


@pytest.mark.parametrize(("days", "block_weeks"), SHAPES)
def test_every_draw_is_as_long_as_the_series(days: int, block_weeks: int) -> None:
    bootstrap = Bootstrap(days, block_weeks, draws=50)
    of_each_day = bootstrap.sums(np.eye(days))
    np.testing.assert_array_equal(of_each_day.sum(axis=1), np.full(50, days))
    assert (of_each_day >= 0).all() and (of_each_day == of_each_day.round()).all()


@pytest.mark.parametrize(("days", "block_weeks"), [(364, 4), (364, 1), (56, 2), (28, 4)])
def test_whole_weeks_have_each_weekday_equally_often(days: int, block_weeks: int) -> None:
    bootstrap = Bootstrap(days, block_weeks, draws=50)
    of_each_weekday = bootstrap.sums(np.arange(days)[:, None] % WEEK == np.arange(WEEK))
    np.testing.assert_array_equal(of_each_weekday, np.full((50, WEEK), days / WEEK))


@pytest.mark.parametrize(
    ("days", "block_weeks", "blocks", "length"),
    [
        pytest.param(364, 4, 4, 28, id="as asked"),
        pytest.param(56, 4, 4, 14, id="a quarter of the series"),
        pytest.param(56, 4, 12, 7, id="more blocks, a week at least"),
        pytest.param(20, 4, 4, 7, id="short"),
        pytest.param(5, 4, 4, 5, id="shorter than a week"),
    ],
)
def test_length_of_a_block(days: int, block_weeks: int, blocks: int, length: int) -> None:
    assert Bootstrap(days, block_weeks, blocks=blocks).length == length


def naive(bootstrap: Bootstrap, values: NDArray[np.floating]) -> list[float]:
    """Day by day, from the same first days of blocks."""
    sums = []
    for starts in bootstrap._starts.T.tolist():
        drawn = [start + offset for start in starts for offset in range(bootstrap.length)][: bootstrap.days]
        sums.append(sum(float(values[day % bootstrap.days]) for day in drawn))
    return sums


@pytest.mark.parametrize(("days", "block_weeks"), SHAPES)
def test_as_a_naive_loop(days: int, block_weeks: int) -> None:
    bootstrap, rng = Bootstrap(days, block_weeks, draws=40), np.random.default_rng(0)
    errors, counted = rng.exponential(10, days), rng.integers(1, 9, days)
    np.testing.assert_allclose(bootstrap.sums(errors[:, None])[:, 0], naive(bootstrap, errors))
    ratios = np.divide(naive(bootstrap, errors), naive(bootstrap, counted))
    np.testing.assert_allclose(bootstrap.ratio(errors, counted).ratios, np.sort(ratios))


def test_the_seed_decides() -> None:
    errors = np.random.default_rng(0).normal(size=(364, 1))
    first, again, other = (Bootstrap(364, seed=seed).sums(errors) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_draw_of_nothing_that_counts_has_the_ratio_of_all_days() -> None:
    counted = np.zeros(364)
    counted[:7] = 2.0
    ratios = Bootstrap(364).ratio(3 * counted, counted).ratios
    assert (Bootstrap(364).sums(counted[:, None]) == 0).any()
    np.testing.assert_array_equal(ratios, np.full(1000, 3.0))


def autocorrelated(rng: np.random.Generator, days: int, series: int, phi: float) -> NDArray[np.floating]:
    """Mean 0, shape `(series, days)`, with the share of lasting errors that a store's MAPE has."""
    slow = np.zeros((series, days))
    slow[:, 0] = rng.normal(size=series)
    for day in range(1, days):
        slow[:, day] = phi * slow[:, day - 1] + math.sqrt(1 - phi**2) * rng.normal(size=series)
    return 0.4 * slow + rng.normal(size=(series, days))


@pytest.mark.parametrize("days", [28, 91, 364])
@pytest.mark.parametrize("phi", [0.0, 0.6, 0.8])
def test_bounds_hold_as_often_as_they_say(days: int, phi: float) -> None:
    """95 % of the time, on either side; 3 points of bias for so few blocks, and four standard deviations of 500 tries.

    Without Student's t or with long blocks, bounds of 28 days hold 80 to 90 % of the time.
    """
    series = autocorrelated(np.random.default_rng(days), days, 500, phi)
    bounds = [Bootstrap(days).ratio(errors, np.ones(days)).bounds(0.95) for errors in series]
    lows, highs = np.array(bounds).T
    least = 0.92 - 4 * math.sqrt(0.05 * 0.95 / 500)
    assert (lows <= 0).mean() >= least and (highs >= 0).mean() >= least
    assert ((lows <= 0) & (highs >= 0)).mean() < 0.995, "nor are they endless"


def test_bounds_are_order_statistics() -> None:
    ratios = np.arange(1, 1001) / 10
    low, high = Draws(ratios, blocks=1e9).bounds(0.95)
    assert (low, high) == (5.0, 95.1), "the 50th of 1,000 from either end"
    assert Draws(ratios, blocks=4).bounds(0.95)[1] > high, "fewer blocks are less sure"
    assert Draws(ratios, blocks=4).bounds(1 - 1e-9) == (0.1, 100.0), "never beyond what was drawn"


def test_fewer_than_two_blocks_say_nothing() -> None:
    assert all(map(math.isnan, Draws(np.ones(100), blocks=1.9).bounds(0.95)))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(14, 60), st.floats(0, 1))
def test_no_bound_falls_if_an_error_rises(seed: int, days: int, share: float) -> None:
    """Not by the last bit either."""
    rng = np.random.default_rng(seed)
    errors, counted = rng.normal(0, 10, days), rng.integers(0, 3, days) + (np.arange(days) == 0)
    more = errors + (rng.random(days) < share) * rng.exponential(1, days)
    before, after = (Bootstrap(days, draws=100).ratio(each, counted).bounds(0.9) for each in (errors, more))
    assert after[0] >= before[0] and after[1] >= before[1]


@pytest.mark.parametrize(
    ("confidence", "freedom", "quantile"),
    [
        (0.8, 3, 0.978),
        (0.95, 3, 2.353),
        (0.95, 12, 1.782),
        (0.95, 25, 1.708),
        (0.975, 3, 3.182),
        (0.99, 12, 2.681),
        (0.99, 25, 2.485),
    ],
)
def test_bounds_go_as_far_out_as_students_t_does_in_printed_tables(
    confidence: float, freedom: int, quantile: float
) -> None:
    blocks, draws = freedom + 1, 1_000_000
    low, high = Draws(np.arange(1.0, draws + 1), blocks).bounds(confidence)
    beyond = NormalDist().cdf(-quantile * math.sqrt(blocks / freedom))
    assert low / draws == pytest.approx(beyond, rel=0.01)
    assert low + high == draws + 1, "as far on either side"


def test_the_median_is_its_own_bound() -> None:
    low, high = Draws(np.arange(1.0, 1000), blocks=6).bounds(0.5)
    assert low == high == 500
