"""Quantization: kernels as 8-bit integers or 16-bit floats, and the published benchmark's simulation of INT8."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model.lstm import Weights


def symmetric(kernel: Floats32) -> tuple[NDArray[np.int8], float]:
    """A kernel as integers of -127 to 127 and the scale that gives its values back; zeros stay zeros.

    Source:
        Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference"; LiteRT 8-bit quantization specification (symmetric weights).
    """
    scale = (float(np.abs(kernel).max(initial=0)) or 1.0) / 127
    return np.round(kernel / scale).astype(np.int8), scale


def halve(weights: Weights) -> Weights:
    """The weights as a float16 file holds them: its recurrent kernels, nearly all of it, have 11 significant bits."""
    return replace(weights, recurrent=weights.recurrent.astype(np.float16).astype(np.float32))


def by_gate(kernel: Floats32) -> list[Floats32]:
    """A kernel of shape `(inputs, 4u)` as LiteRT wants it: four gates of shape `(u, inputs)`."""
    return [np.ascontiguousarray(gate.T) for gate in np.split(kernel, 4, axis=1)]


def simulate(weights: Weights) -> Weights:
    """Every array mapped affinely to 256 steps between its own extremes and back to float, which shows INT8's loss.

    Source:
        Pagidoju, "Optimizing AI Models for Retail: A Guide to Compression Techniques".
    """
    return Weights(*(_affine_round_trip(array) for array in weights.arrays))


def _affine_round_trip(array: Floats32) -> Floats32:
    low, high = float(array.min()), float(array.max())
    if low == high:  # such as the head's one bias: no scale is needed to hold it exactly
        return array.copy()
    scale = (high - low) / 255
    zero_point = round(-low / scale)
    steps = np.clip(np.round(array / scale + zero_point), 0, 255)
    return ((steps - zero_point) * scale).astype(np.float32)
