"""Magnitude pruning of kernels."""

from dataclasses import replace

import numpy as np

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model.lstm import Weights


def prune(weights: Weights, sparsity: float) -> Weights:
    """Set the smallest weights of each kernel to 0; biases stay.

    Fine-tune afterwards with `lstm.fit(..., start=pruned)`, which holds the zeros.

    Args:
        weights: A trained forecaster.
        sparsity: Share of each kernel that becomes 0, at least; between 0 and 1.

    Source:
        Han et al. (2015), "Learning both Weights and Connections for Efficient Neural Networks".
    """
    return replace(
        weights,
        kernel=_without_smallest(weights.kernel, sparsity),
        recurrent=_without_smallest(weights.recurrent, sparsity),
        head=_without_smallest(weights.head, sparsity),
    )


def _without_smallest(kernel: Floats32, share: float) -> Floats32:
    order = np.argsort(np.abs(kernel), axis=None, kind="stable")
    pruned = kernel.copy()
    pruned.flat[order[: int(np.ceil(share * kernel.size))]] = 0
    return pruned
