"""The forecaster: one LSTM layer over 14 days and one dense unit, trained with Keras."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.data.panel import WINDOW, Floats32


class Training(BaseModel):
    """How a network is fitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(ge=1, description="passes over the training windows")
    at_least: int = Field(
        0, ge=0, description="windows that a fit sees, counting repeats: more epochs where there are fewer of them"
    )
    batch: int = Field(ge=1, description="windows a step")
    learning_rate: float = Field(gt=0, description="Adam's rate at the first step")
    cosine: bool = Field(True, description="let the rate fall to zero along a cosine")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of LSTM outputs dropped while training")

    def passes(self, windows: int) -> int:
        """Number of epochs of a fit to so many windows."""
        return max(self.epochs, round(self.at_least / max(windows, 1)))


@dataclass(frozen=True)
class Weights:
    """Parameters of an LSTM with `u` units, in Keras' layout (gates in the order input, forget, cell, output).

    Attributes:
        kernel: Shape `(1, 4u)`.
        recurrent: Shape `(u, 4u)`.
        bias: Shape `(4u,)`.
        head: Shape `(u, 1)`.
        head_bias: Shape `(1,)`.
    """

    kernel: Floats32
    recurrent: Floats32
    bias: Floats32
    head: Floats32
    head_bias: Floats32

    @property
    def units(self) -> int:
        return len(self.recurrent)

    @property
    def arrays(self) -> tuple[Floats32, ...]:
        return self.kernel, self.recurrent, self.bias, self.head, self.head_bias

    def __call__(self, inputs: Floats32) -> Floats32:
        """Outputs `(windows, 1)` for inputs `(windows, 14, 1)`, in plain numpy: what every file must answer."""
        *_, (hidden, _) = self.states(inputs)
        return hidden @ self.head + self.head_bias

    def states(self, inputs: Floats32) -> Iterator[tuple[Floats32, Floats32]]:
        """Hidden and cell state after each day of `inputs`, each of shape `(windows, u)`.

        Source:
            Gers, Schmidhuber & Cummins (2000), "Learning to Forget: Continual Prediction with LSTM".
        """
        hidden = np.zeros((len(inputs), self.units), dtype=np.float32)
        cell = np.zeros_like(hidden)
        for step in range(inputs.shape[1]):
            gates = inputs[:, step] @ self.kernel + hidden @ self.recurrent + self.bias
            input_gate, forget_gate, cell_gate, output_gate = np.split(gates, 4, axis=1)
            cell = _sigmoid(forget_gate) * cell + _sigmoid(input_gate) * np.tanh(cell_gate)
            hidden = _sigmoid(output_gate) * np.tanh(cell)
            yield hidden, cell

    def to_bytes(self) -> bytes:
        """All arrays in numpy's `.npz` format."""
        buffer = io.BytesIO()
        np.savez(buffer, *self.arrays)
        return buffer.getvalue()

    @classmethod
    def load(cls, path: Path) -> "Weights":
        with np.load(path) as arrays:
            return cls(*(arrays[name] for name in arrays.files))


def _sigmoid(values: Floats32) -> Floats32:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), dtype=np.float32)


def fit(
    inputs: Floats32,
    outputs: Floats32,
    weight: Floats32,
    units: int,
    training: Training,
    seed: int,
    start: Weights | None = None,
) -> Weights:
    """Train with Adam on the weighted mean squared error.

    The same arguments give the same bits on one core of one kind of machine.

    Args:
        inputs: Scaled windows, shape `(windows, 14, 1)`.
        outputs: Scaled targets, shape `(windows, 1)`.
        weight: How much each window counts in the loss, shape `(windows,)`.
        units: Width of the LSTM.
        training: Epochs, batch, rate, dropout.
        seed: Seeds the initial weights, the shuffling and the dropout.
        start: Weights to start from; kernel weights of 0 stay 0. Defaults to `None`, those of Keras' initialisers.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = _network(units, training.dropout, start)
    epochs, steps, rate = training.passes(len(inputs)), math.ceil(len(inputs) / training.batch), training.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * steps) if training.cosine else rate
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mse", steps_per_execution=min(50, steps))
    model.fit(inputs, outputs, sample_weight=weight, batch_size=training.batch, epochs=epochs, verbose=0)
    return Weights(*(np.asarray(array, dtype=np.float32) for array in model.get_weights()))


def _network(units: int, dropout: float, start: Weights | None):  # type: ignore[no-untyped-def]  # as below
    import keras

    masks = [_zeros_of(array) for array in start.arrays] if start else [None] * 5
    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            keras.layers.LSTM(units, kernel_constraint=masks[0], recurrent_constraint=masks[1]),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1, kernel_constraint=masks[3]),
        ]
    )
    if start:
        model.set_weights(start.arrays)
    return model


def _zeros_of(array: Floats32):  # type: ignore[no-untyped-def]  # keras is untyped and imported late
    import keras

    class HoldZeros(keras.constraints.Constraint):
        """Multiplies by the mask after every update, so that pruned weights stay pruned."""

        mask = (array != 0).astype(np.float32)

        def __call__(self, value):  # type: ignore[no-untyped-def]
            return value * self.mask

    return HoldZeros()
