"""Training: windows a second of one fit of the production recipe, against Keras' defaults as everybody writes them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time

import numpy as np

from tasks import workers
from tasks.forecasting.lstm import fit
from tasks.forecasting.recipe import RECIPES
from tasks.forecasting.sales import WINDOW

RUNS, MANY, TURNS = 3, 70_000, 3
"""Fits of one variant in the profile `standard`; windows of 50 series over 4 years; measurements, the best counts."""


def main() -> None:
    """Print a row a width; one epoch each after a warm-up. Then side by side."""
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
    side_by_side()


def side_by_side() -> None:
    """Print how much faster the runs of one variant are in one-core processes than with all cores on one after another.

    Both have TensorFlow imported already, as all but the first variant of a retrain find it.
    """
    cores = os.cpu_count() or 1
    workers.gather(_one_epoch, [(seed, 512) for seed in range(2 * cores)])
    _one_epoch(0, 512)
    alone, together = [], []
    for _ in range(TURNS):
        alone.append(_speed(lambda: [_one_epoch(seed) for seed in range(RUNS)], RUNS * MANY))
        together.append(_speed(lambda: workers.gather(_one_epoch, [(seed,) for seed in range(RUNS)]), RUNS * MANY))
    processes, threads = max(together), max(alone)
    print(f"\ntraining: {RUNS} runs of lstm-64, {MANY:,} windows; windows a second, {cores} cores")
    print(f"processes {processes:10,.0f}, TensorFlow's threads {threads:10,.0f} {processes / threads:6.1f}x")


def _one_epoch(seed: int, windows: int = MANY) -> None:
    """One fit, from sales to weights. Runs in a worker too."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(windows, WINDOW, 1)).astype(np.float32)
    outputs = rng.normal(size=(windows, 1)).astype(np.float32)
    once = RECIPES["production"].training.model_copy(update={"epochs": 1})
    fit(inputs, outputs, np.ones(windows, dtype=np.float32), 64, once, seed)


def _speed(run, windows: int) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    run()
    return windows / (time.perf_counter() - start)


def _plain(inputs, outputs, units: int) -> None:  # type: ignore[no-untyped-def]
    import keras

    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(inputs, outputs, batch_size=32, epochs=1, verbose=0)
