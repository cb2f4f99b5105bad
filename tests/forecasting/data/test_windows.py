"""Windows: every one of them, against a loop, and no day looks ahead."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.forecasting.data.panel import WINDOW, Panel
from tasks.forecasting.data.windows import KNOWN, SplitPolicy, windows

FIRST = np.datetime64("2024-02-01")


def made(seed: int, series: int = 3, days: int = 40, missing: float = 0.3) -> Panel:
    """Random sales, a share of whose days is missing."""
    random = np.random.default_rng(seed)
    sales = random.integers(0, 100, (series, days)).astype(np.float32)
    sales[random.random(sales.shape) < missing] = np.nan
    codes = np.arange(series).astype(str)
    return Panel(codes, codes, FIRST + np.arange(days), sales)


def by_loop(panel: Panel, first: int, last: int) -> list[tuple[int, np.datetime64, float, list[float]]]:
    found = []
    for series, sales in enumerate(panel.sales):
        for day in range(max(first, 14), last):
            history = sales[day - 14 : day]
            if np.isfinite(sales[day]) and sum(np.isfinite(history)) >= 7:
                found.append((series, panel.dates[day], float(sales[day]), history.tolist()))
    return found


@given(st.integers(0, 10_000), st.integers(0, 39), st.integers(15, 40))
def test_as_a_naive_loop(seed: int, first: int, last: int) -> None:
    panel, last = made(seed), max(last, first)
    cut = windows(panel, first, last)
    expected = by_loop(panel, first, last)
    assert len(cut) == len(expected)
    for row, (series, day, actual, history) in enumerate(expected):
        assert (cut.series[row], cut.day[row], cut.actual[row]) == (series, day, actual)
        np.testing.assert_array_equal(cut.history[row], np.float32(history))


@given(st.integers(0, 10_000), st.integers(WINDOW, 39), st.integers(0, 10_000))
def test_later_days_change_no_earlier_window(seed: int, day: int, other: int) -> None:
    """Days from `day` on may be anything: windows of targets before it, and the history of `day` itself, stay."""
    panel, changed = made(seed), made(seed)
    changed.sales[:, day:] = made(other).sales[:, day:]
    before, after = (windows(sales, 0, day) for sales in (panel, changed))
    for name in ("series", "column", "history", "actual", "day"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    panel.sales[:, day] = changed.sales[:, day] = 1
    np.testing.assert_array_equal(windows(panel, day, day + 1).history, windows(changed, day, day + 1).history)


@pytest.mark.parametrize(("known", "used"), [(KNOWN - 1, 0), (KNOWN, 1), (WINDOW, 1)])
def test_half_a_window_must_be_known(known: int, used: int) -> None:
    panel = made(1, series=1, days=15, missing=0)
    panel.sales[0, : WINDOW - known] = np.nan
    assert len(windows(panel, 14, 15)) == used


def test_a_window_needs_its_target() -> None:
    panel = made(1, series=1, days=15, missing=0)
    panel.sales[0, 14] = np.nan
    assert len(windows(panel, 14, 15)) == 0


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_windows_are_drawn_without_replacement_and_always_the_same(seed: int, at_most: int) -> None:
    panel = made(seed)
    every, drawn, again = windows(panel, 0, 40), windows(panel, 0, 40, at_most), windows(panel, 0, 40, at_most)
    pairs = list(zip(drawn.series.tolist(), drawn.column.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) == min(at_most, len(every))
    assert set(pairs) <= set(zip(every.series.tolist(), every.column.tolist(), strict=True))
    np.testing.assert_array_equal(drawn.column, again.column)


def test_windows_are_drawn_from_all_series_and_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where series are gone through block by block: each cell is as likely as any other."""
    monkeypatch.setattr("tasks.forecasting.data.panel.SERIES_AT_ONCE", 3)
    panel = made(1, series=20, days=514, missing=0)
    drawn = windows(panel, 0, 514, 2_000)
    assert np.abs(np.bincount(drawn.series, minlength=20) - 100).max() < 40
    assert np.abs(np.bincount((drawn.column - WINDOW) // 100) - 400).max() < 80
    np.testing.assert_array_equal(windows(panel, 0, 514).column, np.tile(np.arange(WINDOW, 514), 20))


def test_chunks_are_all_of_them_in_order() -> None:
    every = windows(made(3), 0, 40)
    chunks = list(every.chunks(7))
    assert [len(chunk) for chunk in chunks[:-1]] == [7] * (len(chunks) - 1)
    np.testing.assert_array_equal(np.concatenate([chunk.history for chunk in chunks]), every.history)


def test_split_by_hand() -> None:
    """100 target days: 20 measure, 8 of the other 80 choose."""
    split = SplitPolicy(holdout=0.2, validation=0.1).split(WINDOW + 100)
    assert (split.validation, split.holdout) == (WINDOW + 72, WINDOW + 80)


def test_split_of_the_published_sample() -> None:
    assert 1826 - SplitPolicy().split(1826).holdout == 363


@given(st.integers(15, 3000), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_parts_follow_each_other(days: int, holdout: float, validation: float) -> None:
    split = SplitPolicy(holdout=holdout, validation=validation).split(days)
    assert WINDOW <= split.validation <= split.holdout < days


def test_training_and_holdout_share_no_target() -> None:
    panel = made(2, days=60)
    split = SplitPolicy().split(60)
    training, holdout = windows(panel, 0, split.holdout), windows(panel, split.holdout, 60)
    assert len(training) and len(holdout)
    assert training.day.max() < holdout.day.min()
    assert holdout.day.min() - training.day.max() == timedelta(days=1)
