"""The published article's procedure as written, in plain Keras, against a standard retrain on the same sales.

R. T. Pagidoju, "Optimizing AI Models for Retail: A Guide to Compression Techniques". The article leaves open how long a
fit is. Here it ends when the loss on the last tenth of the training windows, by date, has not fallen for three epochs.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys
import time
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import retrain

Floats = NDArray[np.float32]

WINDOW = 14
RUNS = 3
EPOCHS = 50
"""At most; a fit ends earlier when its validation loss stops falling."""
PATIENCE = 3
UNITS = (64, 32, 16)
SPARSITIES = (0.3, 0.5, 0.7)


def main() -> None:
    """Print both times and their ratio; every fit is a line on stderr, as all of them take about an hour."""
    runs = int(os.environ.get("SHELFCAST_BENCH_ARTICLE_RUNS", RUNS))
    with TemporaryDirectory() as folder:
        sales = retrain.sales(Path(folder))
        _say("article: first shelfcast's own ingest and standard retrain")
        ours = retrain.retrain(sales, Path(folder) / "home")
        published = _published(sales, runs) * RUNS / runs
    measured = f"{RUNS} runs" if runs == RUNS else f"measured {runs} of {RUNS} runs, scaled by {RUNS / runs:g}"
    built = f"{len(ours['variants'])} variants x {ours['variants'][0]['runs']} runs"
    print(f"\narticle: its procedure in plain Keras, 7 models x {RUNS} runs: {published:,.0f} s ({measured})")
    print(f"{published / ours['wall']:.1f}x shelfcast's ingest and retrain, {built}, all in all ({ours['wall']:.0f} s)")
    print(f"{published / ours['seconds']:.1f}x the retrain as it counts itself ({ours['seconds']:.0f} s)")


class Windows(NamedTuple):
    """Scaled windows `(n, 14, 1)` and targets `(n, 1)`."""

    inputs: Floats
    targets: Floats


class Data(NamedTuple):
    """The article's windows, split by date, and the scale of all series."""

    training: Windows
    validation: Windows
    holdout: Windows
    low: float
    span: float

    def mape(self, model: Any) -> float:
        forecast, actual = (
            values[:, 0] * self.span + self.low
            for values in (model.predict(self.holdout.inputs, verbose=0), self.holdout.targets)
        )
        sold = actual > 0.5
        return float(100 * np.mean(np.abs(forecast[sold] / actual[sold] - 1)))


def _published(sales: str, runs: int) -> float:
    """Seconds of the whole procedure, from the file to the errors of all models; prints the table to stderr."""
    _say("plain Keras, a line a fit")
    start = time.perf_counter()
    data = _read(sales)
    errors = [_run(data, run, start) for run in range(runs)]
    for name in errors[0]:
        _say(f"{name:12} MAPE {mean(each[name] for each in errors):.2f} %")
    return time.perf_counter() - start


def _read(sales: str) -> Data:
    """The first 80 % of the windows of each series to learn from, the last tenth of these to stop by."""
    frame = pd.read_csv(sales, parse_dates=["date"])
    days = frame.pivot(index=["store", "item"], columns="date", values="sales").to_numpy(np.float32)
    length = days.shape[1] - WINDOW
    holdout = int(0.8 * length)
    validation = int(0.9 * holdout)
    learned = days[:, : holdout + WINDOW]
    low, span = float(learned.min()), float(learned.max() - learned.min())
    cut = np.lib.stride_tricks.sliding_window_view((days - low) / span, WINDOW + 1, axis=1)
    parts = (slice(validation), slice(validation, holdout), slice(holdout, length))
    rows = (cut[:, part].reshape(-1, WINDOW + 1) for part in parts)
    return Data(*(Windows(each[:, :-1, None], each[:, -1:]) for each in rows), low=low, span=span)


def _run(data: Data, run: int, start: float) -> dict[str, float]:
    """MAPE of each model of one run, in percent."""
    import keras

    keras.utils.set_random_seed(run)
    models = {f"LSTM-{units}": _model(units) for units in UNITS}
    for name, model in models.items():
        _fit(model, data, f"run {run + 1}, {name}", start)
    weights = models["LSTM-32"].get_weights()
    for sparsity in SPARSITIES:
        name = f"Pruned-{sparsity:.0%}"
        models[name] = _pruned(weights, sparsity)
        _fit(models[name], data, f"run {run + 1}, {name}", start)
    models["INT8"] = _model(32)
    models["INT8"].set_weights([_rounded(array) for array in weights])
    return {name: data.mape(model) for name, model in models.items()}


def _model(units: int, masks: list[Floats] | None = None) -> Any:
    """The article's network; a mask holds pruned weights at 0 while it learns."""
    import keras

    class Hold(keras.constraints.Constraint):
        def __init__(self, mask: Floats) -> None:
            self.mask = mask

        def __call__(self, kernel: Any) -> Any:
            return kernel * self.mask

    kernel, recurrent, _, head, _ = map(Hold, masks) if masks else [None] * 5
    lstm = keras.layers.LSTM(units, activation="tanh", kernel_constraint=kernel, recurrent_constraint=recurrent)
    dense = keras.layers.Dense(1, kernel_constraint=head)
    model = keras.Sequential([keras.Input((WINDOW, 1)), lstm, keras.layers.Dropout(0.2), dense])
    model.compile(optimizer="adam", loss="mse")
    return model


def _fit(model: Any, data: Data, what: str, start: float) -> None:
    import keras

    began = time.perf_counter()
    done = model.fit(
        *data.training,
        batch_size=32,
        epochs=EPOCHS,
        validation_data=data.validation,
        callbacks=[keras.callbacks.EarlyStopping(patience=PATIENCE)],
        verbose=0,
    )
    now = time.perf_counter()
    _say(f"{now - start:7,.0f} s  {what}: {len(done.epoch)} epoch(s), {now - began:,.0f} s")


def _pruned(weights: list[Floats], sparsity: float) -> Any:
    """A model whose kernels lack the weights with magnitudes below a percentile; biases stay."""
    masks = [
        (np.abs(array) >= (np.percentile(np.abs(array), 100 * sparsity) if array.ndim == 2 else 0)).astype(np.float32)
        for array in weights
    ]
    model = _model(32, masks)
    model.set_weights([array * mask for array, mask in zip(weights, masks, strict=True)])
    return model


def _rounded(array: Floats) -> Floats:
    """Values rounded to 255 steps from the smallest to the largest, with a rounded zero point."""
    low, high = float(array.min()), float(array.max())
    if low == high:
        return array
    step = (high - low) / 255
    zero = np.round(-low / step)
    return (np.clip(np.round(array / step + zero), 0, 255) - zero) * step


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
