"""Training: windows a second of one fit of the production recipe, against Keras' defaults as everybody writes them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time

import numpy as np

from tasks.forecasting.lstm import fit
from tasks.forecasting.recipe import RECIPES
from tasks.forecasting.sales import WINDOW


def main() -> None:
    """Print a row a width; one epoch each after a warm-up."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(32_768, WINDOW, 1)).astype(np.float32)
    outputs = rng.normal(size=(32_768, 1)).astype(np.float32)
    alike = np.ones(len(inputs), dtype=np.float32)
    ours = RECIPES["production"].training
    once = ours.model_copy(update={"epochs": 1})
    print(f"\ntraining: windows a second, batch {ours.batch}, against plain Keras `fit` with batch 32")
    for units in (64, 32, 16):
        fast = _speed(lambda units=units: fit(inputs, outputs, alike, units, once, 0), len(inputs))
        plain = _speed(lambda units=units: _plain(inputs, outputs, units), len(inputs))
        print(f"lstm-{units:<3} {fast:10,.0f} {plain:10,.0f} {fast / plain:6.1f}x")


def _speed(run, windows: int) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    run()
    return windows / (time.perf_counter() - start)


def _plain(inputs, outputs, units: int) -> None:  # type: ignore[no-untyped-def]
    import keras

    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(inputs, outputs, batch_size=32, epochs=1, verbose=0)
