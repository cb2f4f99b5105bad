"""The `.tflite` file: written straight from the weights, without names, metadata or a converter, and run as devices do.

Keras' converter leaves 3 to 40 KB of graph around a model of 5 KB, and its INT8 modes skip small kernels or lose
accuracy. The graph here is three operations: a fused LSTM, the last time step, a dense unit. INT8 kernels are
LiteRT's hybrid form: integer weights, float in and out, no calibration.
"""

import time
from collections.abc import Iterator
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tasks.forecasting.lstm import Floats, Weights
from tasks.forecasting.sales import WINDOW
from tasks.forecasting.variants.quantize import symmetric

OPERATIONS = ("UNIDIRECTIONAL_SEQUENCE_LSTM", "GATHER", "FULLY_CONNECTED")
"""What a forecaster's file consists of, in order."""

_ABSENT = -1


class NotAForecaster(ValueError):
    """The file does not load, or is not a graph from 14 days to one forecast."""


def write(weights: Weights, int8: bool) -> bytes:
    """The forecaster as a LiteRT flatbuffer with input `(1, 14, 1)` and output `(1, 1)`, both float32.

    The LSTM's state outlives a call: reset all variables before each forecast.

    Args:
        weights: A trained forecaster of `u` units.
        int8: Store the kernels as 8-bit integers; biases stay float32.

    Source:
        LiteRT schema, version 3, and its kernel `UnidirectionalSequenceLSTM`.
    """
    graph = _Graph(int8)
    window = graph.tensor((1, WINDOW, 1))
    kernels = [graph.kernel(gate.T) for gate in np.split(weights.kernel, 4, axis=1)]
    recurrent = [graph.kernel(gate.T) for gate in np.split(weights.recurrent, 4, axis=1)]
    biases = [graph.constant(gate) for gate in np.split(weights.bias, 4)]
    state = [graph.tensor((1, weights.units), variable=True) for _ in ("hidden", "cell")]
    every_step = graph.tensor((1, WINDOW, weights.units))
    last_step = graph.tensor((1, weights.units))
    forecast = graph.tensor((1, 1))
    no_peepholes, no_projection, no_normalisation = [_ABSENT] * 3, [_ABSENT] * 2, [_ABSENT] * 4
    graph.operation(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [window, *kernels, *recurrent, *no_peepholes, *biases, *no_projection, *state, *no_normalisation],
        every_step,
        version=3 if int8 else 1,
        options=schema.UnidirectionalSequenceLSTMOptionsT(
            fusedActivationFunction=schema.ActivationFunctionType.TANH, asymmetricQuantizeInputs=int8
        ),
    )
    last = graph.constant(np.array(WINDOW - 1, dtype=np.int32))
    graph.operation("GATHER", [every_step, last], last_step, options=schema.GatherOptionsT(axis=1))
    graph.operation(
        "FULLY_CONNECTED",
        [last_step, graph.kernel(weights.head.T), graph.constant(weights.head_bias)],
        forecast,
        version=9 if int8 else 1,
        options=schema.FullyConnectedOptionsT(asymmetricQuantizeInputs=int8),
    )
    return graph.pack(window, forecast)


class _Graph:
    """A LiteRT model of one subgraph, put together tensor by tensor."""

    def __init__(self, int8: bool) -> None:
        self._int8 = int8
        self._model = schema.ModelT(version=3, buffers=[schema.BufferT()], operatorCodes=[])
        self._tensors: list[Any] = []
        self._operators: list[Any] = []

    def tensor(self, shape: tuple[int, ...], variable: bool = False) -> int:
        return self._add(schema.TensorT(shape=np.array(shape, np.int32), isVariable=variable))

    def constant(self, values: NDArray[Any], quantization: Any = None) -> int:
        types = {"float32": "FLOAT32", "int32": "INT32", "int8": "INT8"}
        self._model.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        return self._add(
            schema.TensorT(
                shape=np.array(values.shape, np.int32),
                type=getattr(schema.TensorType, types[values.dtype.name]),
                buffer=len(self._model.buffers) - 1,
                quantization=quantization,
            )
        )

    def kernel(self, values: Floats) -> int:
        if not self._int8:
            return self.constant(values)
        integers, scale = symmetric(values)
        return self.constant(
            integers,
            schema.QuantizationParametersT(scale=np.array([scale], np.float32), zeroPoint=np.array([0], np.int64)),
        )

    def operation(self, name: str, inputs: list[int], output: int, options: Any, version: int = 1) -> None:
        code = getattr(schema.BuiltinOperator, name)
        self._model.operatorCodes.append(
            schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=version)
        )
        self._operators.append(
            schema.OperatorT(
                opcodeIndex=len(self._operators),
                inputs=np.array(inputs, np.int32),
                outputs=np.array([output], np.int32),
                builtinOptionsType=getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T")),
                builtinOptions=options,
            )
        )

    def pack(self, inputs: int, outputs: int) -> bytes:
        self._model.subgraphs = [
            schema.SubGraphT(
                tensors=self._tensors,
                inputs=np.array([inputs], np.int32),
                outputs=np.array([outputs], np.int32),
                operators=self._operators,
            )
        ]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _add(self, tensor: Any) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1


class Forecaster:
    """A `.tflite` file in LiteRT, on one thread.

    Raises:
        NotAForecaster: If the bytes do not load or have other inputs and outputs.
    """

    def __init__(self, file: bytes) -> None:
        try:
            self._interpreter = litert.Interpreter(
                model_content=file,
                num_threads=1,
                experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise NotAForecaster(f"the file does not load in LiteRT: {str(error).splitlines()[0]}") from None
        sources, sinks = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        ends = [(*end["shape"].tolist(), end["dtype"].__name__) for end in (*sources, *sinks)]
        if len(sources) != 1 or ends != [(1, WINDOW, 1, "float32"), (1, 1, "float32")]:
            raise NotAForecaster(
                f"a forecaster maps one float32 (1, {WINDOW}, 1) to one float32 (1, 1). Received: {ends}"
            )
        self._input, self._output = sources[0]["index"], sinks[0]["index"]
        graph = schema.ModelT.InitFromPackedBuf(file).subgraphs[0]
        self._weights = {index for index, tensor in enumerate(graph.tensors) if tensor.buffer}

    def __call__(self, inputs: Floats) -> Floats:
        """Run the file on each window of `inputs`, shape `(windows, 14, 1)`; outputs have shape `(windows, 1)`."""
        outputs = np.empty((len(inputs), 1), dtype=np.float32)
        for row, window in enumerate(np.ascontiguousarray(inputs, dtype=np.float32)):
            outputs[row] = self._once(window[None])
        return outputs

    def latency(self, inputs: Floats, loops: int = 5) -> float:
        """Median of `loops` loops' median time of one forecast, in microseconds."""

        def loop() -> Iterator[float]:
            for window in inputs:
                start = time.perf_counter()
                self._once(window[None])
                yield time.perf_counter() - start

        return float(1e6 * np.median([np.median(list(loop())) for _ in range(loops)]))

    def working_memory(self) -> int:
        """Bytes of all tensors that are not weights: the most that state and activations can need."""
        details = self._interpreter.get_tensor_details()
        return sum(
            int(np.prod(tensor["shape"])) * np.dtype(tensor["dtype"]).itemsize
            for tensor in details
            if tensor["index"] not in self._weights
        )

    def _once(self, window: Floats) -> Floats:
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._input, window)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output)[0])
