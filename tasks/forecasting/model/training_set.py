"""Lessons: the windows that a network learns from, as it sees them."""

from dataclasses import dataclass

import numpy as np

from tasks.forecasting.data.dtypes import Floats32
from tasks.forecasting.data.windows import Windows
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.scaling import Scale, Scaled


@dataclass(frozen=True)
class Lessons:
    """What to learn from; there may be nothing.

    Attributes:
        inputs: Scaled windows, shape `(windows, 14, 1)`.
        outputs: Scaled targets, shape `(windows, 1)`.
        weight: How much each window counts, shape `(windows,)`, 1 on average.
    """

    inputs: Floats32
    outputs: Floats32
    weight: Floats32


def lessons(recipe: Recipe, scale: Scale, training: Windows) -> Lessons:
    """What is to be learned from windows."""
    scaled = scale(training)
    return Lessons(scaled.inputs, scaled.outputs(training.actual), loss_weight(recipe, scaled))


def loss_weight(recipe: Recipe, scaled: Scaled) -> Floats32:
    """How much each window counts in the loss, shape `(windows,)`, 1 on average.

    Sales are nearly Poisson: the variance of sales over level is 1 / level, so weights in proportion to the level give
    the most precise fit, and slow series do not drown the others.

    Source:
        Weighted least squares, Aitken (1935), "On Least Squares and Linear Combinations of Observations".
    """
    if recipe.weight == "equal":
        return np.ones_like(scaled.unit)
    return scaled.unit / scaled.unit.mean() if len(scaled.unit) else scaled.unit
