"""Training: windows a second of one fit of the production recipe, against plain Keras and PyTorch."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np

from tasks import workers
from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import fit
from tasks.forecasting.model.recipe import RECIPES

UNITS = (64, 32, 16)
WINDOWS = 32_768
EPOCHS = 3

RUNS, MANY, TURNS = 3, 70_000, 3
"""Fits of one variant in the profile `standard`, windows of 50 series over 4 years, and measurements (the best counts).
"""


def main() -> None:
    """Print a row for each width; each figure is one whole fit of three epochs, compiling included."""
    inputs, outputs = _noise()
    ways = {"shelfcast": _ours, "Keras": _keras, "Keras, batch 32": partial(_keras, batch=32)}
    if find_spec("torch"):
        ways |= {"PyTorch": _pytorch, "PyTorch, 1 thread": partial(_pytorch, threads=1)}
    print(
        f"\ntraining: windows a second, fits of {EPOCHS} epochs of {WINDOWS:,}, all cores; batch {_batch()} if not 32"
    )
    print("(in brackets how many times as fast shelfcast is)")
    print(" " * 8 + "".join(f"{name:>20}" for name in ways))
    for way in ways.values():
        way(inputs[:2048], outputs[:2048], 4)  # what is loaded at first use
    for units in UNITS:
        speeds = [_speed(way, inputs, outputs, units) for way in ways.values()]
        cells = (f"{speed:,.0f} ({speeds[0] / speed:.1f}x)" for speed in speeds)
        print(f"lstm-{units:<3}" + "".join(f"{cell:>20}" for cell in cells))
    if "PyTorch" in ways:
        print("PyTorch's threads wait for each other: where other work shares the cores, one is faster than all")
    else:
        print("PyTorch is not installed: `uv pip install --group bench` adds it to this table")
    side_by_side()


def _noise() -> tuple[Floats32, Floats32]:
    """Windows and targets without any pattern; training takes as long as with one."""
    rng = np.random.default_rng(0)
    inputs, outputs = rng.normal(size=(WINDOWS, WINDOW, 1)), rng.normal(size=(WINDOWS, 1))
    return inputs.astype(np.float32), outputs.astype(np.float32)


def side_by_side() -> None:
    """Print how much faster the runs of one variant are in one-core processes than with all cores on one after another.

    Both have TensorFlow imported already, as all but the first variant of a retrain find it.
    """
    cores = os.cpu_count() or 1
    workers.gather(_one_epoch, [(seed, 512) for seed in range(2 * cores)])
    _one_epoch(0, 512)
    alone, together = [], []
    for _ in range(TURNS):
        alone.append(_seconds(lambda: [_one_epoch(seed) for seed in range(RUNS)]))
        together.append(_seconds(lambda: workers.gather(_one_epoch, [(seed,) for seed in range(RUNS)])))
    processes, threads = RUNS * MANY / min(together), RUNS * MANY / min(alone)
    print(f"\ntraining: {RUNS} runs of lstm-64, {MANY:,} windows; windows a second, {cores} cores")
    print(f"processes {processes:10,.0f}, TensorFlow's threads {threads:10,.0f} {processes / threads:6.1f}x")


def _one_epoch(seed: int, windows: int = MANY) -> None:
    """One fit, from sales to weights. Runs in a worker too."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(windows, WINDOW, 1)).astype(np.float32)
    outputs = rng.normal(size=(windows, 1)).astype(np.float32)
    once = RECIPES["production"].training.model_copy(update={"epochs": 1, "at_least": 0})
    fit(inputs, outputs, np.ones(windows, dtype=np.float32), 64, once, seed)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _batch() -> int:
    return RECIPES["production"].training.batch


def _speed(way: Callable[[Floats32, Floats32, int], None], inputs: Floats32, outputs: Floats32, units: int) -> float:
    start = time.perf_counter()
    way(inputs, outputs, units)
    return EPOCHS * len(inputs) / (time.perf_counter() - start)


def _ours(inputs: Floats32, outputs: Floats32, units: int) -> None:
    training = RECIPES["production"].training.model_copy(update={"epochs": EPOCHS, "at_least": 0})
    fit(inputs, outputs, np.ones(len(inputs), dtype=np.float32), units, training, 0)


def _keras(inputs: Floats32, outputs: Floats32, units: int, batch: int | None = None) -> None:
    import keras

    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(inputs, outputs, batch_size=batch or _batch(), epochs=EPOCHS, verbose=0)


def _pytorch(inputs: Floats32, outputs: Floats32, units: int, threads: int | None = None) -> None:
    import torch

    torch.set_num_threads(threads or os.cpu_count() or 1)
    lstm, head = torch.nn.LSTM(1, units, batch_first=True), torch.nn.Linear(units, 1)
    adam = torch.optim.Adam([*lstm.parameters(), *head.parameters()])
    learned, targets = torch.from_numpy(inputs), torch.from_numpy(outputs)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(_batch()):
            states, _last = lstm(learned[rows])
            adam.zero_grad()
            torch.nn.functional.mse_loss(head(states[:, -1]), targets[rows]).backward()
            adam.step()
