"""A graph that is put together tensor by tensor runs in LiteRT."""

import numpy as np
from ai_edge_litert import interpreter as litert

from tasks.forecasting.model.variants.graph import Graph, quantized


def run(content: bytes, values: np.ndarray) -> np.ndarray:
    interpreter = litert.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_the_dense_unit_by_hand() -> None:
    graph = Graph()
    last_step, forecast = graph.tensor((1, 2)), graph.tensor((1, 1))
    kernel, bias = graph.constant(np.float32([[2.0, -1.0]])), graph.constant(np.float32([0.5]))
    graph.dense(last_step, kernel, bias, forecast, version=1)
    np.testing.assert_allclose(run(graph.pack(last_step, forecast), np.array([[3.0, 4.0]])), [[2.5]])


def test_the_last_of_the_steps_is_chosen() -> None:
    graph = Graph()
    every_step, last_step = graph.tensor((1, 3, 2)), graph.tensor((1, 2))
    graph.last_step(every_step, 3, last_step)
    steps = np.arange(6).reshape(1, 3, 2)
    np.testing.assert_array_equal(run(graph.pack(every_step, last_step), steps), [[4.0, 5.0]])


def test_integers_are_values_by_scale_and_zero_point() -> None:
    graph = Graph()
    kept = graph.constant(np.int8([[-10, 0, 90]]), quantized(0.5, zero_point=10))
    window, values, summed = graph.tensor((1, 3)), graph.tensor((1, 3)), graph.tensor((1, 3))
    graph.operation("DEQUANTIZE", [kept], [values], version=2)
    graph.operation("ADD", [window, values], [summed])
    np.testing.assert_allclose(run(graph.pack(window, summed), np.zeros((1, 3))), [[-10.0, -5.0, 40.0]])
