"""The `.tflite` file: written straight from the weights, without names, metadata or a converter, and run as devices do.

Keras' converter leaves 3 to 40 KB of graph around a model of 5 KB, and its INT8 modes skip small kernels or lose
accuracy. The graph here is three operations: a fused LSTM, the last time step, a dense unit. INT8 kernels are
LiteRT's hybrid form: integer weights, float in and out, no calibration. Float16 halves the recurrent kernels, which
are nearly all of a file; LiteRT computes in float32 still.
"""

from hashlib import sha256

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.graph import Graph
from tasks.forecasting.model.variants.plan import Storage
from tasks.forecasting.model.variants.quantize import by_gate


class NotAForecaster(ValueError):
    """The file does not load, or is not a graph from 14 days to one forecast."""


def write(weights: Weights, storage: Storage = "float32") -> bytes:
    """The forecaster as a LiteRT flatbuffer with input `(1, 14, 1)` and output `(1, 1)`, both float32.

    The LSTM's state outlives a call: reset all variables before each forecast.

    Args:
        weights: A trained forecaster of `u` units.
        storage: `float32`, `float16` for the recurrent kernels, or `int8` for all kernels; the rest stays float32.
            Defaults to `float32`.

    Source:
        LiteRT schema, version 3, and its kernel `UnidirectionalSequenceLSTM`.
    """
    graph, int8 = Graph(), storage == "int8"
    window = graph.tensor((1, WINDOW, 1))
    kernel = graph.int8 if int8 else graph.constant
    kernels = [kernel(gate) for gate in by_gate(weights.kernel)]
    gates = by_gate(weights.recurrent)
    recurrent = _float16(graph, gates) if storage == "float16" else [kernel(gate) for gate in gates]
    biases = [graph.constant(gate) for gate in np.split(weights.bias, 4)]
    state = [graph.tensor((1, weights.units), variable=True) for _ in ("hidden", "cell")]
    every_step, last_step = graph.tensor((1, WINDOW, weights.units)), graph.tensor((1, weights.units))
    forecast = graph.tensor((1, 1))
    graph.lstm(window, kernels, recurrent, biases, state, every_step, version=3 if int8 else 1, hybrid=int8)
    graph.last_step(every_step, WINDOW, last_step)
    head, head_bias = kernel(weights.head.T), graph.constant(weights.head_bias)
    graph.dense(last_step, head, head_bias, forecast, version=9 if int8 else 1, hybrid=int8)
    return graph.pack(window, forecast)


def _float16(graph: Graph, gates: list[Floats32]) -> list[int]:
    """All gates in one array, which is widened in one operation and then split: fewer bytes than gate by gate."""
    units = len(gates[0])
    halves = graph.constant(np.concatenate(gates).astype(np.float16))
    floats = graph.tensor((4 * units, units))
    split = [graph.tensor((units, units)) for _ in gates]
    graph.operation("DEQUANTIZE", [halves], [floats], version=3)
    along_rows = graph.constant(np.array(0, dtype=np.int32))
    graph.operation("SPLIT", [along_rows, floats], split, schema.SplitOptionsT(numSplits=4))
    return split


class Forecaster:
    """A `.tflite` file in LiteRT, on one thread.

    Attributes:
        sha256: Hash of the file, in hexadecimal digits.

    Raises:
        NotAForecaster: If the bytes do not load or have other inputs and outputs.
    """

    def __init__(self, file: bytes) -> None:
        self.sha256 = sha256(file).hexdigest()
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

    def __call__(self, inputs: Floats32) -> Floats32:
        """Run the file on each window of `inputs`, shape `(windows, 14, 1)`; outputs have shape `(windows, 1)`."""
        outputs = np.empty((len(inputs), 1), dtype=np.float32)
        for row, window in enumerate(np.ascontiguousarray(inputs, dtype=np.float32)):
            outputs[row] = self.once(window[None])
        return outputs

    def once(self, window: Floats32) -> Floats32:
        """Run the file on one window of shape `(1, 14, 1)`; the output has shape `(1,)`."""
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._input, window)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output)[0])

    def working_memory(self) -> int:
        """Bytes of all tensors that are not weights: the most that state and activations can need."""
        details = self._interpreter.get_tensor_details()
        return sum(
            int(np.prod(tensor["shape"])) * np.dtype(tensor["dtype"]).itemsize
            for tensor in details
            if tensor["index"] not in self._weights
        )
