"""What tests ask of a forecaster's kernels."""

import numpy as np

from tasks.forecasting.model.lstm import Weights


def sparsity(weights: Weights) -> float:
    """Share of kernel weights that are 0."""
    kernels = (weights.kernel, weights.recurrent, weights.head)
    return 1 - sum(np.count_nonzero(kernel) for kernel in kernels) / sum(kernel.size for kernel in kernels)


def parameters(weights: Weights) -> int:
    """Number of all weights and biases."""
    return sum(array.size for array in weights.arrays)
