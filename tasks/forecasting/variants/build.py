"""Making a variant's weights and its `.tflite` file."""

from dataclasses import replace

import numpy as np

from tasks.forecasting import lstm
from tasks.forecasting.lessons import Lessons
from tasks.forecasting.lstm import Floats, Weights
from tasks.forecasting.recipe import Recipe
from tasks.forecasting.variants import litert
from tasks.forecasting.variants.plan import Variant
from tasks.forecasting.variants.prune import prune
from tasks.forecasting.variants.quantize import simulate, symmetric


def train(variant: Variant, recipe: Recipe, lessons: Lessons, seed: int) -> Weights:
    """Fit a variant from initial weights."""
    return lstm.fit(lessons.inputs, lessons.outputs, lessons.weight, variant.units, recipe.training, seed)


def compress(variant: Variant, recipe: Recipe, parent: Weights, lessons: Lessons, seed: int) -> Weights:
    """Prune or quantize the parent's weights, as the variant's last step says."""
    if variant.int8:
        return simulate(parent) if recipe.int8 == "simulated" else parent
    pruned = prune(parent, variant.sparsity)
    learned = (lessons.inputs, lessons.outputs, lessons.weight)
    return lstm.fit(*learned, variant.units, recipe.finetuning, seed, start=pruned)


def file(variant: Variant, recipe: Recipe, weights: Weights) -> bytes:
    """The variant's `.tflite` file. INT8 that is only simulated is stored as float, and is no smaller."""
    return litert.write(weights, int8=_integer(variant, recipe))


def fault(variant: Variant, recipe: Recipe, weights: Weights, content: bytes, inputs: Floats) -> str | None:
    """Why a file may not be used: it does not load, or answers other than its weights do; nothing if it does.

    Args:
        variant: What the file should be.
        recipe: How it was made.
        weights: The variant's weights.
        content: The file.
        inputs: Golden samples, shape `(samples, 14, 1)`.
    """
    try:
        answers = litert.Forecaster(content)(inputs)
    except litert.NotAForecaster as error:
        return str(error)
    integer = _integer(variant, recipe)
    expected = (_rounded(weights) if integer else weights)(inputs)
    worst = float(np.abs(answers - expected).max())
    allowed = (0.05 if integer else 1e-3) * max(1.0, float(np.abs(expected).max()))
    if worst <= allowed:
        return None
    return f"its answers differ from its weights' by {worst:.3g}, allowed are {allowed:.3g}"


def _integer(variant: Variant, recipe: Recipe) -> bool:
    return variant.int8 and recipe.int8 == "integer"


def _rounded(weights: Weights) -> Weights:
    """The weights as an INT8 file holds them: each gate's kernel with its own scale."""

    def rounded(kernel: Floats) -> Floats:
        integers, scale = symmetric(kernel)
        return integers.astype(np.float32) * np.float32(scale)

    def by_gate(kernel: Floats) -> Floats:
        return np.concatenate([rounded(gate) for gate in np.split(kernel, 4, axis=1)], axis=1)

    return replace(
        weights, kernel=by_gate(weights.kernel), recurrent=by_gate(weights.recurrent), head=rounded(weights.head)
    )
