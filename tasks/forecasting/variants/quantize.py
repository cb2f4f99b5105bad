"""INT8: kernels as 8-bit integers, and the published benchmark's simulation of it."""

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.lstm import Floats, Weights


def symmetric(kernel: Floats) -> tuple[NDArray[np.int8], float]:
    """A kernel as integers of -127 to 127 and the scale that gives its values back; zeros stay zeros.

    Source:
        Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference"; LiteRT 8-bit quantization specification (symmetric weights).
    """
    scale = float(np.abs(kernel).max(initial=0)) / 127 or 1.0
    return np.round(kernel / scale).astype(np.int8), scale


def simulate(weights: Weights) -> Weights:
    """Every array mapped affinely to 256 steps between its own extremes and back to float, to show INT8's loss.

    Source:
        Pagidoju, "Optimizing AI Models for Retail: A Guide to Compression Techniques".
    """
    return Weights(*(_affine_round_trip(array) for array in weights.arrays))


def _affine_round_trip(array: Floats) -> Floats:
    low, high = float(array.min()), float(array.max())
    if low == high:  # such as the head's one bias: 256 steps of nothing hold it exactly
        return array.copy()
    scale = (high - low) / 255
    zero_point = round(-low / scale)
    steps = np.clip(np.round(array / scale + zero_point), 0, 255)
    return ((steps - zero_point) * scale).astype(np.float32)
