"""Full-integer INT8: the file that computes in integers, as microcontrollers do, and what it needs to know beforehand.

LiteRT for Microcontrollers has no hybrid kernels: every activation is an integer whose range is fixed in the file. The
ranges come from a representative set, windows of training days. Here each window starts from an empty state, as a
forecast does. A converter's calibrator carries the state over from one window to the next, and so finds other ranges.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.graph import Graph, quantized
from tasks.forecasting.model.variants.quantize import by_gate, symmetric

_CELL_BITS = (-15, -9)
"""Powers of two that the cell state's scale may have: the kernel's tanh takes 0 to 6 integer bits of 16."""


@dataclass(frozen=True)
class Range:
    """The range of an activation, widened to contain 0, so that 0 is exact."""

    low: float
    high: float

    @property
    def scale(self) -> float:
        """Value of one of the 255 steps of an 8-bit integer."""
        return (self.high - self.low) / 255 or 1.0

    @property
    def zero_point(self) -> int:
        """The integer that stands for 0."""
        return round(-128 - self.low / self.scale)

    @property
    def quantization(self) -> Any:
        """How a tensor's 8-bit integers become values of the range."""
        return quantized(self.scale, self.zero_point)


@dataclass(frozen=True)
class Ranges:
    """The ranges of a forecaster's activations.

    Attributes:
        input: Range of the scaled window.
        hidden: Range of the hidden state, which is also the LSTM's output.
        output: Range of the scaled forecast.
        cell: Largest magnitude of the cell state.
    """

    input: Range
    hidden: Range
    output: Range
    cell: float


def calibrate(weights: Weights, representative: Floats32) -> Ranges:
    """The extremes of each activation over a representative set; values of a later day beyond them saturate.

    Percentiles are not used: leaving out 0.1 % of the values made the steps hardly finer, and flattened the peaks.

    Args:
        weights: A trained forecaster.
        representative: Scaled windows of training days, shape `(windows, 14, 1)`.
    """
    hidden, cell = (np.stack(arrays) for arrays in zip(*weights.states(representative), strict=True))
    return Ranges(
        input=_range(representative),
        hidden=_range(hidden),
        output=_range(hidden[-1] @ weights.head + weights.head_bias),
        cell=float(np.abs(cell).max()),
    )


def write(weights: Weights, ranges: Ranges) -> bytes:
    """The forecaster as a LiteRT flatbuffer with float32 input `(1, 14, 1)` and output `(1, 1)`, integers between.

    Activations and kernels have 8 bits, biases 32, the cell state 16. LiteRT for Microcontrollers runs the file too; it
    rounds in another way than LiteRT, and its answers differ by a few of the output's 255 steps.

    Args:
        weights: A trained forecaster of `u` units.
        ranges: Ranges of its activations.

    Source:
        LiteRT 8-bit quantization specification; kernel `UnidirectionalSequenceLSTM`, `8x8_16` form.
    """
    graph, units, hidden = Graph(), weights.units, ranges.hidden.quantization
    window, forecast = graph.tensor((1, WINDOW, 1)), graph.tensor((1, 1))
    days = graph.tensor((1, WINDOW, 1), "int8", ranges.input.quantization)
    kernels, recurrent = by_gate(weights.kernel), by_gate(weights.recurrent)
    of_gates = zip(np.split(weights.bias, 4), kernels, strict=True)
    biases = [_bias(graph, bias, ranges.input, kernel) for bias, kernel in of_gates]
    state = [
        graph.tensor((1, units), "int8", hidden, variable=True),
        graph.tensor((1, units), "int16", quantized(_cell_scale(ranges.cell)), variable=True),
    ]
    every_step, last_step = (graph.tensor(shape, "int8", hidden) for shape in ((1, WINDOW, units), (1, units)))
    answer = graph.tensor((1, 1), "int8", ranges.output.quantization)
    graph.operation("QUANTIZE", [window], [days])
    graph.lstm(days, [*map(graph.int8, kernels)], [*map(graph.int8, recurrent)], biases, state, every_step, version=3)
    graph.last_step(every_step, WINDOW, last_step)
    head_bias = _bias(graph, weights.head_bias, ranges.hidden, weights.head.T)
    graph.dense(last_step, graph.int8(weights.head.T), head_bias, answer, version=4)
    graph.operation("DEQUANTIZE", [answer], [forecast], version=2)
    return graph.pack(window, forecast)


def _range(values: Floats32) -> Range:
    return Range(min(float(values.min()), 0.0), max(float(values.max()), 0.0))


def _cell_scale(largest: float) -> float:
    """The smallest power of two by which 16 bits hold the cell state."""
    bits = np.ceil(np.log2(largest / 32767)) if largest else _CELL_BITS[0]
    return float(2.0 ** np.clip(bits, *_CELL_BITS))


def _bias(graph: Graph, values: Floats32, inputs: Range, kernel: Floats32) -> int:
    """A bias whose integers have the scale of the products of the inputs' and the kernel's integers."""
    scale = inputs.scale * symmetric(kernel)[1]
    return graph.constant(np.round(values / np.float64(scale)).astype(np.int32), quantized(scale))
