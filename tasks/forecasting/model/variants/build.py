"""Making a variant's weights and its `.tflite` file."""

from dataclasses import replace

import numpy as np

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model import lstm
from tasks.forecasting.model.lstm import Training, Weights
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.training_set import TrainingSet
from tasks.forecasting.model.variants import contents, integer, litert
from tasks.forecasting.model.variants.plan import Storage, Variant
from tasks.forecasting.model.variants.prune import prune
from tasks.forecasting.model.variants.quantize import halve, simulate

REPRESENTATIVE = 2048
"""Number of windows that stand for all when activations are quantized; a quarter of them missed peaks."""

TOLERANCE: dict[Storage, float] = {"float32": 1e-4, "float16": 1e-4, "int8": 0.05, "full-int8": 0.1}
"""How far a file's answers may be from its weights', as a share of the largest answer or of 1, whichever is more.

Float files differ by 1e-6, as they sum in another order. Hybrid INT8 rounds each day's state once more and differs by
0.003 at most on trained weights. Full-integer INT8 rounds every activation, and saturates where a day is beyond the
representative set: it differs by 0.006 on trained weights, and by 0.07 with a set that misses the peaks. Beyond the
tolerance a file is broken; whether it is good enough is the gate's question.
"""

_CHUNK = 4096
"""Number of windows that a teacher answers at a time, to bound memory."""


def train(variant: Variant, recipe: Recipe, training_set: TrainingSet, seed: int) -> Weights:
    """Fit a variant from initial weights."""
    return _fit(variant, recipe.training, training_set, seed, start=None)


def _fit(variant: Variant, training: Training, training_set: TrainingSet, seed: int, start: Weights | None) -> Weights:
    inputs, outputs, weight = training_set.inputs, training_set.outputs, training_set.weight
    return lstm.fit(inputs, outputs, weight, variant.units, training, seed, start)


def compress(variant: Variant, recipe: Recipe, parent: Weights, training_set: TrainingSet, seed: int) -> Weights:
    """Distil, prune or round the parent's weights, as the variant's last step says."""
    if variant.steps[-1] == "kd":
        return distil(variant, recipe, parent, training_set, seed)
    if variant.storage == "int8" and recipe.int8 == "simulated":
        return simulate(parent)
    if variant.storage != "float32":
        return parent
    pruned = prune(parent, variant.sparsity)
    return _fit(variant, recipe.finetuning, training_set, seed, start=pruned)


def distil(variant: Variant, recipe: Recipe, teacher: Weights, training_set: TrainingSet, seed: int) -> Weights:
    """Fit a variant from initial weights to a blend of a teacher's answers and the actuals.

    The squared error against the blend differs from the blend of both squared errors by a constant only.

    Args:
        variant: The student.
        recipe: How it is trained, and how much of the blend is the teacher's.
        teacher: The baseline's weights.
        training_set: The windows that both learn from.
        seed: Seed of the student's fit.

    Source:
        Hinton, Vinyals & Dean (2015), "Distilling the Knowledge in a Neural Network".
    """
    chunks = [teacher(training_set.inputs[at : at + _CHUNK]) for at in range(0, len(training_set.inputs), _CHUNK)]
    share = np.float32(recipe.distillation)
    blend = share * np.concatenate(chunks) + (1 - share) * training_set.outputs
    return train(variant, recipe, replace(training_set, outputs=blend), seed)


def representative(training_set: TrainingSet, seed: int) -> Floats32:
    """Windows of training days drawn evenly, in order, shape `(at most 2048, 14, 1)`."""
    count = min(REPRESENTATIVE, len(training_set.inputs))
    drawn = np.random.default_rng(seed).choice(len(training_set.inputs), count, replace=False)
    return np.asarray(training_set.inputs[np.sort(drawn)])


def file(variant: Variant, recipe: Recipe, weights: Weights, representative: Floats32) -> bytes:
    """The variant's `.tflite` file. INT8 that is only simulated is stored as float32, and makes no smaller file.

    Args:
        variant: What the file should be.
        recipe: How it was made.
        weights: The variant's weights.
        representative: Scaled windows of training days, shape `(windows, 14, 1)`. Full-integer INT8 takes its ranges
            from them, hybrid INT8 the correction of its bias.
    """
    storage = stored_as(variant, recipe)
    if storage == "full-int8":
        return integer.write(weights, integer.calibrate(weights, representative))
    content = litert.write(weights, storage)
    if storage == "int8":
        return litert.write(unbiased(weights, content, representative), storage)
    return content


def unbiased(weights: Weights, content: bytes, representative: Floats32) -> Weights:
    """The weights with the head's bias lowered by how much a file of them answers too high on average.

    Source:
        Nagel et al. (2019), "Data-Free Quantization through Weight Equalization and Bias Correction", its empirical
        form.
    """
    excess = litert.Forecaster(content)(representative) - weights(representative)
    return replace(weights, head_bias=weights.head_bias - excess.mean(axis=0, dtype=np.float64).astype(np.float32))


def fault(variant: Variant, recipe: Recipe, weights: Weights, content: bytes, inputs: Floats32) -> str | None:
    """Why a file may not be used; `None` if it is what its name says and answers as its weights do.

    Args:
        variant: What the file should be.
        recipe: How it was made.
        weights: The variant's weights.
        content: The file.
        inputs: Golden samples, shape `(samples, 14, 1)`.
    """
    storage = stored_as(variant, recipe)
    try:
        forecaster = litert.Forecaster(content)
    except litert.NotAForecaster as error:
        return str(error)
    expected = (halve(weights) if storage == "float16" else weights)(inputs)
    return _wrong_contents(variant, storage, content) or _wrong_answers(storage, expected, forecaster(inputs))


def _wrong_contents(variant: Variant, storage: Storage, content: bytes) -> str | None:
    """How a file's operations or zeros differ from what its name says; `None` where they do not."""
    operations, expected = contents.operations(content), contents.OPERATIONS[storage]
    if operations != expected:
        return f"a {storage} file's operations are {', '.join(expected)}; got {', '.join(operations)}"
    for kernel, share in contents.zeros(content).items():
        if not share >= variant.sparsity:
            return f"{variant.sparsity:.0%} of each kernel should be 0; of {kernel} it is {share:.1%}"
    return None


def _wrong_answers(storage: Storage, expected: Floats32, answers: Floats32) -> str | None:
    """How far a file's answers are from its weights'; `None` where that is within the tolerance."""
    worst = float(np.abs(answers - expected).max())
    allowed = TOLERANCE[storage] * max(1.0, float(np.abs(expected).max()))
    if worst <= allowed:
        return None
    return f"its answers differ from its weights' by {worst:.3g}, allowed are {allowed:.3g}"


def stored_as(variant: Variant, recipe: Recipe) -> Storage:
    """How the variant's file holds its kernels under a recipe."""
    return "float32" if variant.storage == "int8" and recipe.int8 == "simulated" else variant.storage
