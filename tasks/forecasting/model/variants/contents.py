"""What a `.tflite` file really holds: its operations, and the share of zeros in its kernels."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tasks.forecasting.model.variants.plan import Storage

OPERATIONS: dict[Storage, tuple[str, ...]] = {
    "float32": ("UNIDIRECTIONAL_SEQUENCE_LSTM", "GATHER", "FULLY_CONNECTED"),
    "float16": ("DEQUANTIZE", "SPLIT", "UNIDIRECTIONAL_SEQUENCE_LSTM", "GATHER", "FULLY_CONNECTED"),
    "int8": ("UNIDIRECTIONAL_SEQUENCE_LSTM", "GATHER", "FULLY_CONNECTED"),
    "full-int8": ("QUANTIZE", "UNIDIRECTIONAL_SEQUENCE_LSTM", "GATHER", "FULLY_CONNECTED", "DEQUANTIZE"),
}
"""What a forecaster's file consists of, in order."""

_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT8: np.int8,
}


def operations(file: bytes) -> tuple[str, ...]:
    """Names of a file's operations, in the order in which they run."""
    model = schema.ModelT.InitFromPackedBuf(file)
    codes = [model.operatorCodes[operator.opcodeIndex] for operator in model.subgraphs[0].operators]
    return tuple(_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in codes)


def zeros(file: bytes) -> dict[str, float]:
    """Share of weights that are 0 in a forecaster's file, by what is pruned together: kernel, recurrent and head."""
    model = schema.ModelT.InitFromPackedBuf(file)
    by_name = dict(zip(operations(file), model.subgraphs[0].operators, strict=True))
    lstm, dense = by_name["UNIDIRECTIONAL_SEQUENCE_LSTM"].inputs, by_name["FULLY_CONNECTED"].inputs
    groups = {"kernel": lstm[1:5], "recurrent": lstm[5:9], "head": dense[1:2]}
    return {name: _share_of_zeros(model, tensors) for name, tensors in groups.items()}


def _share_of_zeros(model: Any, tensors: NDArray[np.int32]) -> float:
    constants = {_origin(model.subgraphs[0], int(tensor)) for tensor in tensors}
    values = np.concatenate([_values(model, constant) for constant in constants])
    return 1 - np.count_nonzero(values) / values.size


def _origin(graph: Any, tensor: int) -> int:
    """The constant that a tensor comes from, through the operations that widen and split it."""
    while not graph.tensors[tensor].buffer:
        tensor = next(int(operator.inputs[-1]) for operator in graph.operators if tensor in operator.outputs)
    return tensor


def _values(model: Any, constant: int) -> NDArray[Any]:
    tensor = model.subgraphs[0].tensors[constant]
    return np.frombuffer(bytes(model.buffers[tensor.buffer].data), _TYPES[tensor.type])
