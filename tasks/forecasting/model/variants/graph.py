"""A LiteRT graph, put together tensor by tensor: no names, no metadata, no converter."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model.variants.quantize import symmetric

_ABSENT = -1
_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
}


def quantized(scale: float, zero_point: int = 0) -> Any:
    """What turns a tensor's integers into values: `scale * (integer - zero_point)`."""
    return schema.QuantizationParametersT(
        scale=np.array([scale], np.float32), zeroPoint=np.array([zero_point], np.int64)
    )


class Graph:
    """A LiteRT model of one subgraph; tensors go by their numbers.

    Source:
        LiteRT schema, version 3.
    """

    def __init__(self) -> None:
        self._model = schema.ModelT(version=3, buffers=[schema.BufferT()], operatorCodes=[])
        self._tensors: list[Any] = []
        self._operators: list[Any] = []

    def tensor(
        self, shape: tuple[int, ...], kind: str = "float32", quantization: Any = None, variable: bool = False
    ) -> int:
        """Add what an operation writes, or a state that outlives a call."""
        return self._add(shape, kind, quantization, isVariable=variable)

    def constant(self, values: NDArray[Any], quantization: Any = None) -> int:
        """Add what the file holds."""
        self._model.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        return self._add(values.shape, values.dtype.name, quantization, buffer=len(self._model.buffers) - 1)

    def int8(self, kernel: Floats32) -> int:
        """Add a kernel that the file holds as 8-bit integers."""
        integers, scale = symmetric(kernel)
        return self.constant(integers, quantized(scale))

    def operation(
        self,
        name: str,
        inputs: list[int],
        outputs: list[int],
        options: Any = None,
        version: int = 1,
        intermediates: list[int] | None = None,
    ) -> None:
        """Append an operation of a builtin kernel."""
        code = getattr(schema.BuiltinOperator, name)
        self._model.operatorCodes.append(
            schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=version)
        )
        self._operators.append(
            schema.OperatorT(
                opcodeIndex=len(self._operators),
                inputs=np.array(inputs, np.int32),
                outputs=np.array(outputs, np.int32),
                intermediates=None if intermediates is None else np.array(intermediates, np.int32),
                builtinOptionsType=(
                    getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T")) if options else 0
                ),
                builtinOptions=options,
            )
        )

    def lstm(
        self,
        window: int,
        kernels: list[int],
        recurrent: list[int],
        biases: list[int],
        state: list[int],
        every_step: int,
        version: int,
        hybrid: bool = False,
    ) -> None:
        """Append the fused LSTM, with its gates in the order input, forget, cell, output.

        In an LSTM of integers, the fifth intermediate says how the hidden state is quantized: as the output is, since
        there is no projection. The kernels read no other, and LiteRT for Microcontrollers wants them without a size.
        """
        quantization = self._tensors[every_step].quantization
        no_peepholes, no_projection, no_normalisation = [_ABSENT] * 3, [_ABSENT] * 2, [_ABSENT] * 4
        self.operation(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            [window, *kernels, *recurrent, *no_peepholes, *biases, *no_projection, *state, *no_normalisation],
            [every_step],
            schema.UnidirectionalSequenceLSTMOptionsT(
                fusedActivationFunction=schema.ActivationFunctionType.TANH, asymmetricQuantizeInputs=hybrid
            ),
            version,
            intermediates=[self.tensor((0,), "int8", quantization)] * 5 if quantization else None,
        )

    def last_step(self, every_step: int, steps: int, last_step: int) -> None:
        """Append the choice of the last of `steps` time steps."""
        last = self.constant(np.array(steps - 1, dtype=np.int32))
        self.operation("GATHER", [every_step, last], [last_step], schema.GatherOptionsT(axis=1))

    def dense(self, last_step: int, kernel: int, bias: int, forecast: int, version: int, hybrid: bool = False) -> None:
        """Append the dense unit."""
        options = schema.FullyConnectedOptionsT(asymmetricQuantizeInputs=hybrid)
        self.operation("FULLY_CONNECTED", [last_step, kernel, bias], [forecast], options, version)

    def pack(self, inputs: int, outputs: int) -> bytes:
        """The graph as a flatbuffer, from one input to one output."""
        self._model.subgraphs = [
            schema.SubGraphT(
                tensors=self._tensors,
                inputs=np.array([inputs], np.int32),
                outputs=np.array([outputs], np.int32),
                operators=self._operators,
            )
        ]
        return pack(self._model)

    def _add(self, shape: tuple[int, ...], kind: str, quantization: Any, **more: Any) -> int:
        tensor = schema.TensorT(shape=np.array(shape, np.int32), type=_TYPES[kind], quantization=quantization, **more)
        self._tensors.append(tensor)
        return len(self._tensors) - 1


def pack(model: Any) -> bytes:
    """A model of the schema's classes as a flatbuffer."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
