"""Recipes: what is learned of the data is learned before the holdout, for every recipe."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.forecasting.accuracy.metrics import mape
from tasks.forecasting.data.holidays import SpecialDays
from tasks.forecasting.data.panel import WINDOW, Panel
from tasks.forecasting.data.windows import Split, SplitPolicy, windows
from tasks.forecasting.model.recipe import RECIPES, Recipe, Tuned, learn_scaling, references, training_windows, tune
from tasks.forecasting.model.scaling import GlobalMinMax, Scaling, SmoothedLevel, WindowMean, naive_forecast
from tasks.forecasting.model.seasonal_index import SeasonalIndex, Seasons
from tasks.forecasting.model.seasonality import SeasonalSpec
from tasks.forecasting.synthetic import SEASONS, Chain, blocks, noise_floor
from tests.forecasting.panels import panel_of

EVERY = pytest.mark.parametrize("recipe", [pytest.param(recipe, id=name) for name, recipe in RECIPES.items()])
TWO_YEARS = panel_of(pd.concat(blocks(Chain(stores=1, items=3, days=730, growth=1.1))))
SPLIT = SplitPolicy().split(730)
NO_DAYS = SpecialDays()


def scaling_of(recipe: Recipe, panel: Panel, split: Split) -> Scaling:
    """The scaling that a retrain learns where there are no special days."""
    tuned = Tuned(SeasonalSpec(), 30) if recipe.scaling == "global-min-max" else tune(panel, split, NO_DAYS)
    return learn_scaling(recipe, panel, split, NO_DAYS, tuned)


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
    assert scaling_of(recipe, changed, SPLIT) == scaling_of(recipe, TWO_YEARS, SPLIT)


@EVERY
def test_something_is_learned_from_the_last_training_day(recipe: Recipe) -> None:
    """So that the test above can fail."""
    changed = with_other_days(TWO_YEARS, SPLIT.holdout - 1, seed=1)
    assert scaling_of(recipe, changed, SPLIT) != scaling_of(recipe, TWO_YEARS, SPLIT)


@EVERY
@settings(max_examples=12, deadline=None)
@given(day=st.integers(SPLIT.holdout, 729), seed=st.integers(0, 2**32 - 1))
def test_no_input_knows_its_own_or_a_later_day(recipe: Recipe, day: int, seed: int) -> None:
    """Whatever is sold from `day` on, the inputs and the base of a forecast for `day` and before are the same."""
    changed = with_other_days(TWO_YEARS, day, seed)
    changed.sales[:, day] = 1  # that there is a target

    def seen(history: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scaling = scaling_of(recipe, history, SPLIT)
        cut = windows(history, WINDOW, day + 1)
        scaled = scaling.for_panel(history)(cut)
        return scaled.inputs, scaled.offset, scaled.scale

    for one, two in zip(seen(TWO_YEARS), seen(changed), strict=True):
        np.testing.assert_array_equal(one, two)


def test_reference_scales_by_the_training_extremes() -> None:
    learned = scaling_of(RECIPES["reference"], TWO_YEARS, SPLIT)
    training = TWO_YEARS.sales[:, : SPLIT.holdout]
    assert learned == GlobalMinMax(float(training.min()), float(training.max()))


def test_production_finds_the_seasons_that_are_there() -> None:
    learned = scaling_of(RECIPES["production"], TWO_YEARS, SPLIT)
    assert isinstance(learned, WindowMean)
    np.testing.assert_allclose(learned.seasons.index.weekday, SEASONS.weekday, rtol=0.03)
    assert np.ptp(learned.seasons.index.month) > 0.3


def test_production_takes_no_index_where_none_pays() -> None:
    """The weekdays of the training days are turned round on the validation days."""
    sales = TWO_YEARS.sales.copy()
    sales[:, SPLIT.validation :] = sales[:, SPLIT.validation :][:, ::-1]
    learned = scaling_of(RECIPES["production"], replace(TWO_YEARS, sales=sales), SPLIT)
    assert learned == WindowMean(Seasons())


def test_the_seasons_are_chosen_before_the_days_it_is_chosen_on() -> None:
    """Without a year before the validation days, a month index cannot have shown that it pays."""
    split = SplitPolicy().split(500)
    assert split.validation < 365 < split.holdout
    learned = scaling_of(RECIPES["production"], TWO_YEARS.first(500), split)
    assert isinstance(learned, WindowMean)
    assert learned.seasons.index.month == SeasonalIndex().month
    assert learned.seasons.index.weekday != SeasonalIndex().weekday


@pytest.mark.parametrize("days", [15, 16, 30, 60])
@EVERY
def test_a_short_history_can_be_learned_from(recipe: Recipe, days: int) -> None:
    split = SplitPolicy().split(days)
    scaling = scaling_of(recipe, TWO_YEARS.first(days), split)
    cut = windows(TWO_YEARS, WINDOW, days)
    assert np.isfinite(scaling.for_panel(TWO_YEARS)(cut).inputs).all()


def test_the_reference_forecast_comes_near_the_noise_floor() -> None:
    """With the true seasons only the noise of 14 days is left beside the target's own."""
    chain = Chain(days=730)
    history = panel_of(pd.concat(blocks(chain)))
    cut = windows(history, SplitPolicy(holdout=0.5).split(730).holdout, 730)
    floor = noise_floor(chain, last=0.5)
    assert floor < mape(cut.actual, naive_forecast(WindowMean(Seasons(SEASONS)).for_panel(history), cut)) < 1.1 * floor


def test_the_network_learns_from_recent_days_before_the_validation_days() -> None:
    found, unseen = training_windows(RECIPES["production"].model_copy(update={"days": 100}), TWO_YEARS, SPLIT)
    assert (found.column.min(), found.column.max()) == (SPLIT.validation - 100, SPLIT.validation - 1)
    assert unseen
    found, unseen = training_windows(RECIPES["reference"], TWO_YEARS, SPLIT)
    assert (found.column.min(), found.column.max()) == (WINDOW, SPLIT.holdout - 1)
    assert not unseen, "as published"


def test_the_shortest_history_is_learned_from_and_does_not_choose() -> None:
    split = SplitPolicy().split(16)
    assert split.validation == WINDOW
    found, unseen = training_windows(RECIPES["production"], TWO_YEARS.first(16), split)
    assert len(found) and found.column.max() < split.holdout
    assert not unseen


def test_windows_to_learn_from_have_a_limit() -> None:
    assert len(training_windows(RECIPES["level"].model_copy(update={"windows": 99}), TWO_YEARS, SPLIT)[0]) == 99


@pytest.mark.parametrize(("jumps", "span"), [(False, 120), (True, 30)])
def test_level_looks_back_as_far_as_pays_on_validation_days(jumps: bool, span: int) -> None:
    """Sales around one level are known best by a long look; where it jumps every 50 days, by a short one."""
    random = np.random.default_rng(0)
    mean = np.repeat(random.choice([20.0, 80.0], (6, 15)), 50, axis=1)[:, :730] if jumps else np.full((6, 730), 50.0)
    sales = random.poisson(mean).astype(np.float32)
    level = scaling_of(RECIPES["level"], Panel(*[np.arange(6).astype(str)] * 2, TWO_YEARS.dates, sales), SPLIT)
    assert isinstance(level, SmoothedLevel) and level.span == span


def test_references_know_what_the_recipes_know() -> None:
    found = references(TWO_YEARS, SPLIT, NO_DAYS, tune(TWO_YEARS, SPLIT, NO_DAYS))
    level = scaling_of(RECIPES["level"], TWO_YEARS, SPLIT)
    assert isinstance(level, SmoothedLevel)
    assert list(found) == [
        "14-day mean x weekday index",
        "14-day mean x weekday and month index",
        f"running level of {level.span} days x weekday and month index",
    ]
    assert found["14-day mean x weekday and month index"] == scaling_of(RECIPES["production"], TWO_YEARS, SPLIT)
    assert list(found.values())[-1] == level


@EVERY
def test_slow_and_zero_heavy_items_are_learned_from_and_forecast(recipe: Recipe) -> None:
    """Items of 0.1 to 0.4 units a day beside items that sell nothing at all."""
    slow = panel_of(pd.concat(blocks(Chain(stores=2, items=4, days=400, zero_heavy=1.0))))
    slow.sales[0] = 0
    split = SplitPolicy().split(400)
    scale = scaling_of(recipe, slow, split).for_panel(slow)
    forecast = naive_forecast(scale, windows(slow, split.holdout, 400))
    assert np.isfinite(forecast).all() and (forecast >= 0).all()
