"""The `.tflite` file: bytes and latency, against Keras' own converter and `model.predict`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import io
import time
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from pyarrow import Codec

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.latency import LatencyRules, measure
from tasks.forecasting.model.variants.litert import Forecaster, write

UNITS = (64, 32, 16, 8, 4)
LOOP = LatencyRules(seconds=1.0)
"""Loops ten times as long as a retrain's; MLPerf Tiny itself asks for 10 s."""


def main() -> None:
    """Print a row for each width."""
    print(f"\nfiles: one forecast, one thread, median of five loops of {LOOP.seconds:g} s; sent: int8 by zstd 19;")
    print("converter: Keras' own, batch 1; forecasts/s: windows of many series one after the other, float")
    header = ("float B", "int8 B", "sent B", "converter B", "float us", "int8 us", "forecasts/s", "predict / float")
    print(" " * 8 + "".join(f"{name:>16}" for name in header))
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(200, WINDOW, 1)).astype(np.float32)
    for units in UNITS:
        model, weights = _model(units)
        small, smaller = write(weights), write(weights, "int8")
        one, other = _latency(small, windows), _latency(smaller, windows)
        sent = len(Codec("zstd", compression_level=19).compress(smaller, asbytes=True))
        sizes = f"{len(small):16,}{len(smaller):16,}{sent:16,}{_converted(model):16,}"
        many = _forecasts_a_second(small, np.tile(windows, (50, 1, 1)))
        print(f"lstm-{units:<3}{sizes}{one:16.1f}{other:16.1f}{many:16,.0f}{_predict(model, windows) / one:15,.0f}x")


def _forecasts_a_second(file: bytes, windows: Floats32) -> float:
    forecaster, start = Forecaster(file), time.perf_counter()
    forecaster(windows)
    return len(windows) / (time.perf_counter() - start)


def _latency(file: bytes, windows: Floats32) -> float:
    """Microseconds of one forecast; NaN if the machine was too busy to tell."""
    forecaster = Forecaster(file)
    return measure(forecaster, windows, forecaster.sha256, LOOP).microseconds or float("nan")


def _model(units: int) -> tuple[Any, Weights]:
    import keras

    keras.utils.set_random_seed(units)
    model = keras.Sequential([keras.Input((WINDOW, 1), batch_size=1), keras.layers.LSTM(units), keras.layers.Dense(1)])
    return model, Weights(*(np.asarray(array, np.float32) for array in model.get_weights()))


def _converted(model: Any) -> int:
    """Bytes of the file that Keras' converter makes."""
    import tensorflow as tf

    with redirect_stdout(io.StringIO()):  # it lists every tensor
        return len(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _predict(model: Any, windows: Floats32) -> float:
    """Median microseconds of `model.predict` of one window."""
    times = []
    for window in windows[:12]:
        start = time.perf_counter()
        model.predict(window[None], verbose=0)
        times.append(time.perf_counter() - start)
    return float(1e6 * np.median(times[2:]))
