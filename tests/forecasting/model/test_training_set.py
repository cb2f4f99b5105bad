"""The training set: what a network learns from, and how much each window counts."""

import numpy as np

from tasks.forecasting.data.windows import windows
from tasks.forecasting.model.recipe import RECIPES
from tasks.forecasting.model.scaling import GlobalMinMax, Scaled
from tasks.forecasting.model.training_set import build_training_set, loss_weight
from tests.forecasting.panels import panel


def test_windows_are_scaled_and_weighted() -> None:
    sales = panel([np.arange(20.0)])
    training_set = build_training_set(
        RECIPES["reference"], GlobalMinMax(0, 20).for_panel(sales), windows(sales, 14, 20)
    )
    assert training_set.inputs.shape == (6, 14, 1)
    np.testing.assert_allclose(training_set.inputs[0, :, 0], np.arange(14) / 20)
    np.testing.assert_allclose(training_set.outputs[:, 0], np.arange(14, 20) / 20)
    np.testing.assert_array_equal(training_set.weight, np.ones(6))


def test_a_window_counts_by_its_level_in_production_and_alike_in_reference() -> None:
    scaled = Scaled(np.zeros((3, 14, 1), np.float32), *np.array([[1, 2, 6], [1, 2, 6]], np.float32))
    np.testing.assert_allclose(loss_weight(RECIPES["production"], scaled), [1 / 3, 2 / 3, 2])
    np.testing.assert_array_equal(loss_weight(RECIPES["reference"], scaled), [1, 1, 1])


def test_no_window_has_no_weight() -> None:
    none = Scaled(np.zeros((0, 14, 1), np.float32), *np.zeros((2, 0), np.float32))
    assert loss_weight(RECIPES["production"], none).shape == (0,)
