"""Accuracy against LightGBM, against forecasts without a network, and against the noise floor, on the same holdout."""

import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import retrain
from tasks.forecasting.synthetic import noise_floor

Floats = NDArray[np.float64]

WINDOW = 14
LAGS = [f"lag {back}" for back in range(WINDOW, 0, -1)]
KNOWN = 7
"""Number of days of a window that must be known, as in shelfcast."""
SETTINGS = """
[profiles.peers]
recipe = "production"
runs = 1
variants = ["lstm-16", "lstm-4"]
"""


class Row(NamedTuple):
    """A line of the table; MAPE and bias in percent."""

    name: str
    mape: float
    bias: float
    seconds: float | None = None
    size: int | None = None


def main() -> None:
    """Print a row a forecaster, the noise floor last."""
    with TemporaryDirectory() as folder:
        sales = retrain.sales(Path(folder))
        rows = [*_shelfcast(sales, Path(folder)), *_lightgbm(_series(sales))]
        floor, how = _floor(sales)
    print("\npeers: forecasts of the last 20 % of the windows, of days that training never saw")
    print(f"{'':42} {'MAPE %':>7} {'/ floor':>8} {'bias %':>7} {'s':>6} {'bytes':>10}")
    for row in [*rows, floor]:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
        size = "" if row.size is None else f"{row.size:,}"
        print(f"{row.name:42} {row.mape:7.2f} {row.mape / floor.mape:8.3f} {row.bias:+7.2f} {seconds:>6} {size:>10}")
    print(f"noise floor: {how}; s: training, with what it loads and compiles, a network on one core, LightGBM on all")


def _shelfcast(sales: str, folder: Path) -> list[Row]:
    """References and networks, as a retrain by command line reports them."""
    (folder / "peers.toml").write_text(SETTINGS)
    result = retrain.retrain(sales, folder / "home", "peers", SHELFCAST_SETTINGS=str(folder / "peers.toml"))
    took = seconds_of_training(result["log"])
    references = [Row(each["name"], each["mape"], each["bias_pct"]) for each in result["references"]]
    networks = [
        Row(each["name"], each["mape"], each["bias_pct"], took.get(each["name"]), each["file_bytes"])
        for each in result["variants"]
    ]
    return references + networks


def seconds_of_training(log: str) -> dict[str, float]:
    """Seconds of each variant's training, by what a retrain logs."""
    return {name: float(seconds) for name, seconds in re.findall(r"trained (\S+): .*, ([\d.]+) s", log)}


def _series(sales: str) -> pd.DataFrame:
    """Sales with a row for each series and a column for each day; NaN where a day is missing."""
    frame = pd.read_csv(sales, parse_dates=["date"])
    table = frame.pivot(index=["store", "item"], columns="date", values="sales")
    return table.reindex(columns=pd.date_range(table.columns[0], table.columns[-1]))


class _Lags(NamedTuple):
    """What LightGBM learns from, a row for each window: features, the day's sales, their divisor, and the day."""

    features: pd.DataFrame
    sales: Floats
    unit: Floats
    day: NDArray[np.int64]


def _split(days: int) -> tuple[int, int]:
    """Indices of the first day of validation and of the holdout."""
    holdout = WINDOW + int(0.8 * (days - WINDOW))
    return WINDOW + int(0.9 * (holdout - WINDOW)), holdout


def _lightgbm(table: pd.DataFrame) -> list[Row]:
    """LightGBM with the lags as they are, and with lags and target divided by the window's mean."""
    lags, split = _lags(table), _split(table.shape[1])
    return [
        _boosted("LightGBM, 14 lags and calendar", lags, split),
        _boosted("LightGBM, lags over their mean and calendar", _relative(lags), split),
    ]


def _lags(table: pd.DataFrame) -> _Lags:
    """Windows by the 14 days before, weekday, month, day of the year, store and item."""
    cut = np.lib.stride_tricks.sliding_window_view(table.to_numpy(float), WINDOW + 1, axis=1)
    usable = np.isfinite(cut[:, :, -1]) & (np.isfinite(cut[:, :, :-1]).sum(axis=2) >= KNOWN)
    series, offset = np.nonzero(usable)
    date = table.columns[offset + WINDOW]
    features = pd.DataFrame(cut[usable][:, :-1], columns=LAGS).assign(
        weekday=date.weekday, month=date.month, day_of_year=date.dayofyear, **_codes(table, series)
    )
    return _Lags(features, cut[usable][:, -1], np.ones(len(features)), offset + WINDOW)


def _relative(lags: _Lags) -> _Lags:
    level = lags.features[LAGS].mean(axis=1).to_numpy()
    sold = level > 0
    features = lags.features[sold]
    divided = features[LAGS].div(level[sold], axis=0)
    return _Lags(features.assign(**divided), lags.sales[sold], level[sold], lags.day[sold])


def _codes(table: pd.DataFrame, series: NDArray[np.int64]) -> dict[str, Any]:
    return {name: pd.Categorical(table.index.get_level_values(name)[series]) for name in ("store", "item")}


def _boosted(name: str, lags: _Lags, split: tuple[int, int]) -> Row:
    """Boost until the error on the validation days has not fallen for 50 rounds; each row counts by its unit."""
    start = time.perf_counter()
    import lightgbm

    def dataset(rows: NDArray[np.bool_]) -> lightgbm.Dataset:
        unit = lags.unit[rows]
        return lightgbm.Dataset(lags.features[rows], lags.sales[rows] / unit, weight=unit)

    validation, holdout = split
    measured = lags.day >= holdout
    model = lightgbm.train(
        {"learning_rate": 0.05, "seed": 0, "verbose": -1},
        dataset(lags.day < validation),
        num_boost_round=5000,
        valid_sets=[dataset((lags.day >= validation) & ~measured)],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )
    seconds = time.perf_counter() - start
    forecast = np.maximum(np.asarray(model.predict(lags.features[measured])) * lags.unit[measured], 0)
    return _row(name, lags.sales[measured], forecast, seconds, len(model.model_to_string().encode()))


def _row(name: str, actual: Floats, forecast: Floats, seconds: float | None = None, size: int | None = None) -> Row:
    sold = actual > 0
    mape = 100 * np.mean(np.abs(forecast[sold] / actual[sold] - 1))
    return Row(name, float(mape), float(100 * (forecast.sum() / actual.sum() - 1)), seconds, size)


def _floor(sales: str) -> tuple[Row, str]:
    """The error that the noise leaves to any forecaster, and how it is known."""
    if not retrain.given():
        return Row("noise floor", noise_floor(retrain.CHAIN, last=0.2), 0.0), "the true mean of the made-up sales"
    table = _series(sales)
    _, holdout = _split(table.shape[1])
    actual, fitted = table.to_numpy(float), _factors(table)
    measured = np.isfinite(actual) & (np.arange(table.shape[1]) >= holdout)
    row = _row("noise floor", actual[measured], fitted[measured])
    return row, "factors fitted on all days including the holdout, so no forecaster"


def _factors(table: pd.DataFrame, rounds: int = 100) -> Floats:
    """Poisson maximum likelihood of series x weekday x month x year, shape `(series, days)`.

    Source:
        Deming & Stephan (1940), "On a Least Squares Adjustment of a Sampled Frequency Table" (iterative proportional
        fitting).
    """
    sales = table.to_numpy(float)
    known = np.isfinite(sales)
    sold = np.where(known, sales, 0)
    mean = known.astype(float)
    calendar = [pd.factorize(each)[0] for each in (table.columns.weekday, table.columns.month, table.columns.year)]
    for _ in range(rounds):
        mean *= (sold.sum(axis=1) / mean.sum(axis=1))[:, None]
        for codes in calendar:
            mean *= (_total(codes, sold) / np.maximum(_total(codes, mean), 1e-12))[codes]
    return mean


def _total(codes: NDArray[np.int64], values: Floats) -> Floats:
    return np.bincount(codes, weights=values.sum(axis=0))
