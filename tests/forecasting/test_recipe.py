"""Recipes: what is learned of the data is learned before the holdout, for every recipe."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.forecasting.metrics import mape
from tasks.forecasting.recipe import RECIPES, Recipe, learn_scaling, loss_weight, naive
from tasks.forecasting.sales import WINDOW, Panel, panel
from tasks.forecasting.scaling import GlobalMinMax, Scaled, WindowMean
from tasks.forecasting.season import SeasonalIndex
from tasks.forecasting.synthetic import SEASONS, Chain, blocks, noise_floor
from tasks.forecasting.windows import Days, windows

EVERY = pytest.mark.parametrize("recipe", [pytest.param(recipe, id=name) for name, recipe in RECIPES.items()])
TWO_YEARS = panel(pd.concat(blocks(Chain(stores=1, items=3, days=730, growth=1.1))))
SPLIT = Days().split(730)


def with_other_days(history: Panel, first: int, seed: int) -> Panel:
    """The same panel, but every day from index `first` on is another, missing days and huge ones among them."""
    sales, random = history.sales.copy(), np.random.default_rng(seed)
    sales[:, first:] = random.integers(0, 10_000, sales[:, first:].shape)
    sales[:, first:][random.random(sales[:, first:].shape) < 0.2] = np.nan
    return replace(history, sales=sales)


@EVERY
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_is_learned_from_the_holdout(recipe: Recipe, seed: int) -> None:
    changed = with_other_days(TWO_YEARS, SPLIT.holdout, seed)
    assert learn_scaling(recipe, changed, SPLIT.validation, SPLIT.holdout) == learn_scaling(
        recipe, TWO_YEARS, SPLIT.validation, SPLIT.holdout
    )


@EVERY
def test_something_is_learned_from_the_last_training_day(recipe: Recipe) -> None:
    """So that the test above can fail."""
    changed = with_other_days(TWO_YEARS, SPLIT.holdout - 1, seed=1)
    assert learn_scaling(recipe, changed, SPLIT.validation, SPLIT.holdout) != learn_scaling(
        recipe, TWO_YEARS, SPLIT.validation, SPLIT.holdout
    )


@EVERY
@settings(max_examples=12, deadline=None)
@given(day=st.integers(SPLIT.holdout, 729), seed=st.integers(0, 2**32 - 1))
def test_no_input_knows_its_own_or_a_later_day(recipe: Recipe, day: int, seed: int) -> None:
    """Whatever is sold from `day` on, the inputs and the base of a forecast for `day` and before are the same."""
    changed = with_other_days(TWO_YEARS, day, seed)
    changed.sales[:, day] = 1  # that there is a target

    def seen(history: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scaling = learn_scaling(recipe, history, SPLIT.validation, SPLIT.holdout)
        cut = windows(history, WINDOW, day + 1)
        scaled = scaling.apply(cut.history, cut.day)
        return scaled.inputs, scaled.base, scaled.unit

    for one, two in zip(seen(TWO_YEARS), seen(changed), strict=True):
        np.testing.assert_array_equal(one, two)


def test_reference_scales_by_the_training_extremes() -> None:
    learned = learn_scaling(RECIPES["reference"], TWO_YEARS, SPLIT.validation, SPLIT.holdout)
    training = TWO_YEARS.sales[:, : SPLIT.holdout]
    assert learned == GlobalMinMax(float(training.min()), float(training.max()))


def test_production_finds_the_seasons_that_are_there() -> None:
    learned = learn_scaling(RECIPES["production"], TWO_YEARS, SPLIT.validation, SPLIT.holdout)
    assert isinstance(learned, WindowMean)
    np.testing.assert_allclose(learned.index.weekday, SEASONS.weekday, rtol=0.03)
    assert np.ptp(learned.index.month) > 0.3


def test_production_takes_no_index_where_none_pays() -> None:
    """The weekdays of the training days are turned round on the validation days."""
    sales = TWO_YEARS.sales.copy()
    sales[:, SPLIT.validation :] = sales[:, SPLIT.validation :][:, ::-1]
    learned = learn_scaling(RECIPES["production"], replace(TWO_YEARS, sales=sales), SPLIT.validation, SPLIT.holdout)
    assert learned == WindowMean(SeasonalIndex())


def test_the_form_is_chosen_before_the_days_it_is_chosen_on() -> None:
    """Without a year before the validation days, a month index cannot have shown that it pays."""
    split = Days().split(500)
    assert split.validation < 365 < split.holdout
    learned = learn_scaling(RECIPES["production"], TWO_YEARS.first(500), split.validation, split.holdout)
    assert isinstance(learned, WindowMean)
    assert learned.index.month == SeasonalIndex().month
    assert learned.index.weekday != SeasonalIndex().weekday


@pytest.mark.parametrize("days", [15, 16, 30, 60])
@EVERY
def test_a_short_history_can_be_learned_from(recipe: Recipe, days: int) -> None:
    split = Days().split(days)
    scaling = learn_scaling(recipe, TWO_YEARS.first(days), split.validation, split.holdout)
    cut = windows(TWO_YEARS, WINDOW, days)
    assert np.isfinite(scaling.apply(cut.history, cut.day).inputs).all()


def test_the_reference_forecast_by_hand() -> None:
    """14 days that are their weekday's index times 10: the forecast is 10 times the target day's index."""
    target = np.datetime64("2024-01-15")
    index = SeasonalIndex((0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5))
    history = np.tile([5.0, 10, 10, 10, 10, 10, 15], 2).astype(np.float32)[None]  # Monday to Sunday, twice
    assert naive(index, history, np.array([target])).tolist() == [5.0]


def test_the_reference_forecast_comes_near_the_noise_floor() -> None:
    """With the true seasons only the noise of 14 days is left beside the target's own."""
    chain = Chain(days=730)
    history = panel(pd.concat(blocks(chain)))
    cut = windows(history, Days(holdout=0.5).split(730).holdout, 730)
    floor = noise_floor(chain, last=0.5)
    assert floor < mape(cut.actual, naive(SEASONS, cut.history, cut.day)) < 1.1 * floor


def test_a_window_counts_by_its_level_in_production_and_alike_in_reference() -> None:
    scaled = Scaled(np.zeros((3, 14, 1), np.float32), *np.array([[1, 2, 6], [1, 2, 6]], np.float32))
    np.testing.assert_allclose(loss_weight(RECIPES["production"], scaled), [1 / 3, 2 / 3, 2])
    np.testing.assert_array_equal(loss_weight(RECIPES["reference"], scaled), [1, 1, 1])


def test_nothing_sold_weighs_nothing() -> None:
    nothing = Scaled(np.zeros((2, 14, 1), np.float32), *np.zeros((2, 2), np.float32))
    np.testing.assert_array_equal(loss_weight(RECIPES["production"], nothing), [0, 0])
