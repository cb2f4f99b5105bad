"""The `.tflite` file answers as Keras does with the same weights, every time, or is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants import litert
from tasks.forecasting.model.variants.litert import Forecaster, NotAForecaster, write
from tasks.forecasting.model.variants.plan import Storage
from tasks.forecasting.model.variants.prune import prune
from tasks.forecasting.model.variants.quantize import halve, symmetric
from tests.forecasting.model.kernels import parameters

STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")


def drawn(units: int) -> Weights:
    """Weights of the size that training gives."""
    random = np.random.default_rng(units)
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return Weights(*(random.normal(0, 0.4 / units**0.25, shape).astype(np.float32) for shape in shapes))


def inputs(count: int = 40) -> Floats32:
    return np.random.default_rng(7).normal(0, 0.5, (count, WINDOW, 1)).astype(np.float32)


def keras_answers(weights: Weights) -> Floats32:
    import keras

    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(weights.units), keras.layers.Dense(1)])
    model.set_weights(weights.arrays)
    return np.asarray(model.predict_on_batch(inputs()))


@pytest.mark.parametrize("units", [1, 4, 16, 64])
def test_a_float_file_answers_as_keras(units: int) -> None:
    weights = drawn(units)
    np.testing.assert_allclose(Forecaster(write(weights))(inputs()), keras_answers(weights), atol=1e-5)


@pytest.mark.parametrize("units", [1, 4, 16, 64])
def test_an_int8_file_answers_nearly_as_keras(units: int) -> None:
    weights = drawn(units)
    expected = keras_answers(weights)
    error = Forecaster(write(weights, "int8"))(inputs()) - expected
    assert 0 < np.abs(error).max() < 0.05
    assert np.sqrt(np.mean(error**2)) < 0.1 * np.std(expected)


@pytest.mark.parametrize("units", [1, 4, 16, 64])
def test_a_float16_file_answers_as_its_rounded_weights(units: int) -> None:
    weights = drawn(units)
    answers = Forecaster(write(weights, "float16"))(inputs())
    np.testing.assert_allclose(answers, halve(weights)(inputs()), atol=1e-6)
    assert np.abs(answers - weights(inputs())).max() > 0


@pytest.mark.parametrize("storage", STORAGES)
def test_an_answer_does_not_depend_on_those_before(storage: Storage) -> None:
    forecaster = Forecaster(write(drawn(8), storage))
    once = forecaster(inputs())
    np.testing.assert_array_equal(forecaster(inputs()), once)
    np.testing.assert_array_equal(forecaster(inputs()[::-1]), once[::-1])


def test_the_same_weights_give_the_same_bytes() -> None:
    files = {write(drawn(8), storage) for storage in STORAGES for _ in range(2)}
    assert len(files) == len(STORAGES)


@pytest.mark.parametrize(("units", "ratio"), [(16, 0.9), (32, 0.5), (64, 0.35)])
def test_an_int8_file_is_smaller(units: int, ratio: float) -> None:
    assert len(write(drawn(units), "int8")) < ratio * len(write(drawn(units)))


@pytest.mark.parametrize(("units", "ratio"), [(8, 0.9), (16, 0.7), (32, 0.6), (64, 0.55)])
def test_a_float16_file_is_smaller(units: int, ratio: float) -> None:
    assert len(write(drawn(units), "float16")) < ratio * len(write(drawn(units)))


@pytest.mark.parametrize(("storage", "size"), [("float32", 4), ("float16", 2), ("int8", 1)])
def test_a_file_is_little_more_than_its_weights(storage: Storage, size: int) -> None:
    weights = drawn(32)
    assert len(write(weights, storage)) < parameters(weights) * size + 3000


def stored(file: bytes) -> list[tuple[str, np.ndarray]]:
    """The constants of a file, with their type."""
    model = schema.ModelT.InitFromPackedBuf(file)
    kinds = {
        schema.TensorType.FLOAT32: np.float32,
        schema.TensorType.FLOAT16: np.float16,
        schema.TensorType.INT8: np.int8,
        schema.TensorType.INT32: np.int32,
    }
    return [
        (np.dtype(kinds[tensor.type]).name, np.frombuffer(bytes(model.buffers[tensor.buffer].data), kinds[tensor.type]))
        for tensor in model.subgraphs[0].tensors
        if tensor.buffer
    ]


def test_kernels_are_int8_and_biases_float() -> None:
    kinds = [kind for kind, _ in stored(write(drawn(8), "int8"))]
    assert (kinds.count("int8"), kinds.count("float32"), kinds.count("int32")) == (4 + 4 + 1, 4 + 1, 1)


def test_float16_holds_the_recurrent_kernels_in_one_array() -> None:
    kinds = [kind for kind, _ in stored(write(drawn(8), "float16"))]
    assert (kinds.count("float16"), kinds.count("float32"), kinds.count("int32")) == (1, 4 + 4 + 2, 2)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_zero_weights_stay_zero_in_the_int8_file(share: float) -> None:
    weights = prune(drawn(32), share)
    integers = [values for kind, values in stored(write(weights, "int8")) if kind == "int8"]
    gates = [gate.T for kernel in (weights.kernel, weights.recurrent) for gate in np.split(kernel, 4, axis=1)]
    for values, kernel in zip(integers, [*gates, weights.head.T], strict=True):
        assert (values[kernel.reshape(-1) == 0] == 0).all()
        np.testing.assert_array_equal(values, symmetric(kernel)[0].reshape(-1))


FILE = write(drawn(4))


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"date,store,item,sales\n" * 50, id="text"),
        pytest.param(bytes(2000), id="zeros"),
        pytest.param(b"\x1c\0\0\0TFL3" + bytes(500), id="only the magic"),
        pytest.param(FILE[: len(FILE) // 2], id="half a file"),
        pytest.param(FILE[:-1], id="one byte short"),
        pytest.param(np.random.default_rng(0).bytes(5000), id="noise"),
    ],
)
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(NotAForecaster, match="does not load in LiteRT"):
        Forecaster(rubbish)


def test_another_window_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "WINDOW", 7)
    week = write(drawn(4))
    monkeypatch.undo()
    with pytest.raises(NotAForecaster, match=r"one float32 \(1, 14, 1\) to .* Received: \[\(1, 7, 1, 'float32'\)"):
        Forecaster(week)


def changed(change: Callable[[schema.ModelT], None]) -> bytes:
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(FILE)
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def two_outputs(model: schema.ModelT) -> None:
    (graph,) = model.subgraphs
    graph.outputs = np.append(graph.outputs, graph.operators[1].outputs).astype(np.int32)


def no_output(model: schema.ModelT) -> None:
    model.subgraphs[0].outputs = np.array([], dtype=np.int32)


@pytest.mark.parametrize("change", [two_outputs, no_output])
def test_another_number_of_outputs_is_refused(change: Callable[[schema.ModelT], None]) -> None:
    with pytest.raises(NotAForecaster):
        Forecaster(changed(change))


def test_memory_is_measured() -> None:
    small, large = (Forecaster(write(drawn(units))) for units in (4, 64))
    assert 4 * (WINDOW + 2 * 64 + WINDOW * 64 + 1) <= large.working_memory() < 20_000
    assert small.working_memory() < large.working_memory()
