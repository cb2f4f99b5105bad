"""The training set: the windows that a network learns from, as it sees them, and how much each counts."""

from dataclasses import dataclass

import numpy as np

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.data.windows import Windows
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.scaling import Scaled, Scaler


@dataclass(frozen=True)
class TrainingSet:
    """What a network learns from; it may be empty.

    Attributes:
        inputs: Scaled windows, shape `(windows, 14, 1)`.
        outputs: Scaled targets, shape `(windows, 1)`.
        weight: How much each window counts, shape `(windows,)`, 1 on average.
    """

    inputs: Floats32
    outputs: Floats32
    weight: Floats32


def build_training_set(recipe: Recipe, scale: Scaler, training: Windows) -> TrainingSet:
    """Scale windows and weight them.

    Args:
        recipe: Says how windows are weighted.
        scale: Scaler of the windows' panel.
        training: The windows to learn from.
    """
    scaled = scale(training)
    return TrainingSet(scaled.inputs, scaled.outputs(training.actual), loss_weight(recipe, scaled))


def loss_weight(recipe: Recipe, scaled: Scaled) -> Floats32:
    """How much each window counts in the loss, shape `(windows,)`, 1 on average.

    Sales are nearly Poisson, so that the variance of sales over level is 1 / level. Weights in proportion to the level
    give the most precise fit then, and the noise of slow series does not drown the others.

    Source:
        Weighted least squares, Aitken (1935), "On Least Squares and Linear Combinations of Observations".
    """
    if recipe.weight == "equal":
        return np.ones_like(scaled.scale)
    return scaled.scale / scaled.scale.mean() if len(scaled.scale) else scaled.scale
