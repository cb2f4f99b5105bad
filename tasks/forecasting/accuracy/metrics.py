"""Forecast errors, each written once. An undefined error is NaN, never 0."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def mape(actual: Floats, forecast: Floats) -> float:
    """Mean absolute percentage error in percent, over days with sales above zero; NaN without such a day.

    Source:
        Hyndman & Koehler (2006), "Another look at measures of forecast accuracy".
    """
    sold = actual > 0
    if not sold.any():
        return float("nan")
    return float(100 * np.mean(np.abs(forecast[sold] - actual[sold]) / actual[sold], dtype=float))


def wape(actual: Floats, forecast: Floats) -> float:
    """Weighted absolute percentage error in percent: all absolute errors over all sales; NaN without sales."""
    sold = float(np.sum(actual, dtype=float))
    return 100 * float(np.sum(np.abs(forecast - actual), dtype=float)) / sold if sold > 0 else float("nan")
