"""Scaling: units and back, by hand, and with nothing learned from the holdout (see also test_recipe)."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tasks.forecasting.data.days import weekday
from tasks.forecasting.data.panel import WINDOW, Panel
from tasks.forecasting.data.windows import Windows, windows
from tasks.forecasting.model.scaling import (
    GlobalMinMax,
    Scaled,
    Scaling,
    SmoothedLevel,
    WindowMean,
    forecast,
    from_dict,
    mean,
    naive_forecast,
)
from tasks.forecasting.model.seasonal_index import SeasonalIndex, Seasons
from tasks.forecasting.model.smoothing import Levels

INDEX = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5), tuple(1 + month / 10 for month in range(12)))
RICH = SeasonalIndex(INDEX.weekday, annual=((0.1, -0.2), (0.05, 0.0)), days={"2024-03-01": 2.0, "2025-01-01": 0.5})
LEVELS = TypeAdapter(Levels)
GROUPED = Seasons(INDEX, ((("1", "3"), RICH),))
SCALINGS: list[Scaling] = [
    GlobalMinMax(0, 231),
    GlobalMinMax(5, 5),
    WindowMean(Seasons()),
    WindowMean(Seasons(INDEX)),
    WindowMean(GROUPED),
    SmoothedLevel(GROUPED, 30),
]
MONDAY = np.datetime64("2024-01-15")


def made(seed: int, series: int = 4, days: int = 60) -> Panel:
    """Series of 1 to 99 units with missing days; the first is known."""
    random = np.random.default_rng(seed)
    sales = random.integers(1, 100, (series, days)).astype(np.float32)
    sales[:, 1:][random.random((series, days - 1)) < 0.3] = np.nan
    codes = np.arange(series).astype(str)
    return Panel(codes, codes, MONDAY + random.integers(0, 2000) + np.arange(days), sales)


def one(history: Any, actual: float = 1.0, target: np.datetime64 = MONDAY) -> Windows:
    """The one window of a series of 15 days."""
    sales = np.append(np.asarray(history, np.float32), np.float32(actual))[None]
    dates = target + np.arange(-WINDOW, 1)
    return Windows(Panel(np.array(["1"]), np.array(["1"]), dates, sales), np.array([0]), np.array([WINDOW]))


def scaled_(scaling: Scaling, chosen: Windows) -> Scaled:
    return scaling.for_panel(chosen.panel)(chosen)


def test_global_min_max_by_hand() -> None:
    history = np.full(WINDOW, 60.0)
    history[0] = np.nan
    scaled = scaled_(GlobalMinMax(10, 110), one(history))
    np.testing.assert_allclose(scaled.inputs, 0.5)
    np.testing.assert_allclose(scaled.outputs(np.array([85.0])), [[0.75]])
    np.testing.assert_allclose(scaled.forecast(np.array([[0.75]])), [85])


def test_window_mean_by_hand() -> None:
    """10 a day but 5 on Mondays and 15 on Sundays is level; a Monday's forecast of it is 5."""
    days = MONDAY + np.arange(-WINDOW, 0)
    week = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5))
    scaled = scaled_(WindowMean(Seasons(week)), one(10 * np.asarray(week.weekday)[weekday(days)]))
    np.testing.assert_allclose(scaled.inputs, 0, atol=1e-6)
    np.testing.assert_allclose(scaled.offset, [5])
    np.testing.assert_allclose(scaled.outputs(np.array([6.0])), [[0.2]], rtol=1e-6)
    np.testing.assert_allclose(scaled.forecast(np.array([[0.2]])), [6])


def test_smoothed_level_by_hand() -> None:
    """12 a day for 14 days is a level of 12; days of half of it are -0.5 to the network."""
    week = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    days = MONDAY + np.arange(-WINDOW, 0)
    scaled = scaled_(SmoothedLevel(Seasons(week), 30), one(12 * np.asarray(week.weekday)[weekday(days)]))
    assert scaled.level is not None
    np.testing.assert_allclose(scaled.level, [12], rtol=1e-6)
    np.testing.assert_allclose(scaled.inputs, 0, atol=1e-6)
    np.testing.assert_allclose(scaled.forecast(np.array([[0.5]])), [9])


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
@given(seed=st.integers(0, 10_000))
def test_outputs_and_forecast_are_inverse(scaling: Scaling, seed: int) -> None:
    cut = windows(made(seed), 0, 60)
    scaled = scaled_(scaling, cut)
    assert scaled.inputs.shape == (len(cut), WINDOW, 1) and scaled.inputs.dtype == np.float32
    assert np.isfinite(scaled.inputs).all()
    np.testing.assert_allclose(scaled.forecast(scaled.outputs(cut.actual)), cut.actual, rtol=1e-4)


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
@given(seed=st.integers(0, 10_000))
def test_a_window_is_scaled_by_its_own_series_and_earlier_days(scaling: Scaling, seed: int) -> None:
    """Other windows, other series, the target itself and later days change nothing."""
    panel = made(seed)
    cut = windows(panel, 0, 60)
    among, row = scaled_(scaling, cut), seed % len(cut)
    series, column = cut.series[row], cut.column[row]
    other = made(seed + 1).sales
    other[series, :column] = panel.sales[series, :column]
    changed = Panel(panel.stores, panel.items, panel.dates, other)
    alone = scaled_(scaling, Windows(changed, cut.series[row : row + 1], cut.column[row : row + 1]))
    np.testing.assert_array_equal(alone.inputs[0], among.inputs[row])
    assert (alone.offset[0], alone.scale[0]) == (among.offset[row], among.scale[row])


@given(seed=st.integers(0, 10_000), column=st.integers(15, 50))
def test_levels_resume_where_they_were_left(seed: int, column: int) -> None:
    """What a device does: it knows 14 days and the level, not the whole history."""
    panel, scaling = made(seed), SmoothedLevel(GROUPED, 30)
    whole = windows(panel, column, 60)
    levels = scaling.after(panel.first(column))
    assert LEVELS.validate_json(LEVELS.dump_json(levels)) == levels
    start = column - WINDOW
    recent = Panel(panel.stores, panel.items, panel.dates[start:], panel.sales[:, start:])
    ahead = windows(recent, WINDOW, 60 - start)
    np.testing.assert_allclose(
        scaling.for_panel(recent, levels)(ahead).level, scaling.for_panel(panel)(whole).level, rtol=1e-6, atol=1e-6
    )


def test_chunks_are_forecast_as_the_whole() -> None:
    cut = windows(made(5), 0, 60)
    scale = WindowMean(GROUPED).for_panel(cut.panel)

    def sums(inputs: Any) -> Any:
        return inputs.sum(axis=1)

    whole = scale(cut).forecast(sums(scale(cut).inputs))
    chunks = [forecast(scale, chunk, sums) for chunk in cut.chunks(7)]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    np.testing.assert_array_equal(naive_forecast(scale, cut), scale(cut).offset)


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_a_manifest_gives_the_scaling_back(scaling: Scaling) -> None:
    assert from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling


@pytest.mark.parametrize("record", [{}, {"kind": "log"}, {"kind": "global-min-max", "low": 1}])
def test_an_unknown_scaling_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown scaling"):
        from_dict(record)


@pytest.mark.parametrize("scaling", SCALINGS[2:], ids=str)
def test_a_window_without_sales_counts_as_half_a_unit_and_teaches_too(scaling: Scaling) -> None:
    """What slow items sell after two weeks without a sale is for the network to learn."""
    scaled = scaled_(scaling, one(np.zeros(WINDOW)))
    assert (scaled.inputs == -1).all()
    sold = scaled.outputs(np.array([3.0]))
    assert np.isfinite(sold).all()
    assert scaled.forecast(sold) == pytest.approx([3.0])
    assert 0 < scaled.offset[0] < 0.1


def test_no_forecast_is_below_zero() -> None:
    scaled = scaled_(GlobalMinMax(0, 100), one(np.ones(WINDOW)))
    assert scaled.forecast(np.array([[-0.5]])) == [0]


def test_mean_of_known_days() -> None:
    windows = np.full((2, WINDOW), np.nan, dtype=np.float32)
    windows[0, 3:5] = 4, 8
    assert mean(windows).tolist() == [6, 0]
