"""Full-integer INT8: float at both ends, integers between, as near to the weights as 8 bits allow."""

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.integer import Range, calibrate, write
from tasks.forecasting.model.variants.litert import Forecaster


def drawn(units: int) -> Weights:
    random = np.random.default_rng(units)
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return Weights(*(random.normal(0, 0.4 / units**0.25, shape).astype(np.float32) for shape in shapes))


def inputs(count: int = 200, seed: int = 7) -> Floats32:
    return np.random.default_rng(seed).normal(0, 0.5, (count, WINDOW, 1)).astype(np.float32)


def made(weights: Weights) -> bytes:
    return write(weights, calibrate(weights, inputs(500, seed=8)))


@pytest.mark.parametrize("units", [1, 4, 16, 64])
def test_a_file_answers_nearly_as_its_weights(units: int) -> None:
    weights = drawn(units)
    expected = weights(inputs())
    error = Forecaster(made(weights))(inputs()) - expected
    assert 0 < np.abs(error).max() < 0.005
    assert np.sqrt(np.mean(error**2)) < 0.1 * np.std(expected)


def test_an_answer_does_not_depend_on_those_before() -> None:
    forecaster = Forecaster(made(drawn(8)))
    once = forecaster(inputs())
    np.testing.assert_array_equal(forecaster(inputs()[::-1]), once[::-1])


def test_all_between_the_ends_is_integer() -> None:
    graph = schema.ModelT.InitFromPackedBuf(made(drawn(8))).subgraphs[0]
    floats = [index for index, each in enumerate(graph.tensors) if each.type == schema.TensorType.FLOAT32]
    assert sorted(floats) == sorted([*graph.inputs, *graph.outputs])


def test_microcontrollers_find_the_hidden_states_scale_in_an_intermediate_without_a_size() -> None:
    """What LiteRT for Microcontrollers (tflite-micro 0.dev20261023) wants; with one it does not allocate."""
    graph = schema.ModelT.InitFromPackedBuf(made(drawn(8))).subgraphs[0]
    lstm = graph.operators[1]
    (number,) = set(lstm.intermediates.tolist())
    assert len(lstm.intermediates) == 5 and graph.tensors[number].shape.tolist() == [0]
    hidden, output = graph.tensors[lstm.inputs[18]], graph.tensors[lstm.outputs[0]]
    for each in (graph.tensors[number], output):
        assert each.quantization.scale == hidden.quantization.scale
        assert each.quantization.zeroPoint == hidden.quantization.zeroPoint


def test_the_hidden_state_starts_at_zero_even_where_zero_is_not_in_the_middle() -> None:
    """All hidden states are positive here, so that 0 is the lowest integer."""
    weights = drawn(4)
    positive = replace(weights, kernel=np.zeros_like(weights.kernel), recurrent=np.abs(weights.recurrent))
    positive = replace(positive, bias=np.abs(weights.bias))
    assert calibrate(positive, inputs()).hidden.zero_point == -128
    np.testing.assert_allclose(Forecaster(made(positive))(inputs(5)), positive(inputs(5)), atol=0.01)


def test_gates_without_a_weight_keep_their_bias() -> None:
    weights = drawn(8)
    pruned = replace(weights, kernel=weights.kernel * (np.arange(32) >= 16))
    np.testing.assert_allclose(Forecaster(made(pruned))(inputs()), pruned(inputs()), atol=0.005)


def test_an_answer_beyond_the_representative_set_saturates() -> None:
    weights = drawn(16)
    calm = calibrate(weights, inputs() / 10)
    answers = Forecaster(write(weights, calm))(10 * inputs())
    assert answers.max() <= calm.output.high + calm.output.scale
    assert weights(10 * inputs()).max() > calm.output.high + calm.output.scale


def test_ranges_are_the_extremes_of_a_forecast_from_an_empty_state() -> None:
    weights, windows = drawn(4), inputs()
    ranges = calibrate(weights, windows)
    assert (ranges.input.low, ranges.input.high) == (windows.min(), windows.max())
    every_hidden = [hidden for hidden, _ in weights.states(windows)]
    every_cell = [cell for _, cell in weights.states(windows)]
    assert (ranges.hidden.low, ranges.hidden.high) == (np.min(every_hidden), np.max(every_hidden))
    assert ranges.cell == np.abs(every_cell).max()
    answers = weights(windows)
    assert ranges.output.low == pytest.approx(min(0, answers.min())) and ranges.output.high == pytest.approx(
        max(0, answers.max())
    )


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [(0.0, 2.55, 0.01, -128), (-2.55, 0.0, 0.01, 127), (-1.0, 1.55, 0.01, -28), (0.0, 0.0, 1.0, -128)],
)
def test_a_range_in_255_steps(low: float, high: float, scale: float, zero_point: int) -> None:
    found = Range(low, high)
    assert (found.scale, found.zero_point) == (pytest.approx(scale), zero_point)
