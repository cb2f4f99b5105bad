"""Forecast errors, each written once. An undefined error is NaN, never 0."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tasks.forecasting.data.panel import Floats


def mape(actual: Floats, forecast: Floats) -> float:
    """Mean absolute percentage error over the days with sales, in percent; NaN without such a day.

    Source:
        Hyndman & Koehler (2006), "Another look at measures of forecast accuracy".
    """
    sold = actual > 0
    if not sold.any():
        return float("nan")
    return float(100 * np.mean(np.abs(forecast[sold] - actual[sold]) / actual[sold], dtype=float))


def wape(actual: Floats, forecast: Floats) -> float:
    """Weighted absolute percentage error, in percent: all absolute errors over all sales; NaN without sales."""
    sold = float(np.sum(actual, dtype=float))
    return 100 * float(np.sum(np.abs(forecast - actual), dtype=float)) / sold if sold > 0 else float("nan")


@dataclass(frozen=True)
class Accuracy:
    """How well one forecaster did on one set of days. An undefined error is NaN, never 0.

    Attributes:
        mape: Mean absolute percentage error over the days that count in it, in percent.
        coverage: Share of the days that MAPE covers, in percent.
        wape: Absolute errors over sales, in percent.
        bias_pct: Forecast minus sales, in percent of sales; it is below zero where forecasts are too low.
        mase: Mean absolute scaled error. The scale is the mean absolute change from the same weekday a week before, on
            the days before the holdout; below 1 is better than repeating last week.
        rmsse: Root mean squared scaled error. The scale is the mean squared change of the same days.
        days: Number of forecasts measured, one for each day of each series.

    Source:
        Hyndman & Koehler (2006), "Another look at measures of forecast accuracy"; Hyndman & Athanasopoulos,
        "Forecasting: Principles and Practice" (3rd ed.), 5.8, for the seasonal RMSSE.
    """

    mape: float
    coverage: float
    wape: float
    bias_pct: float
    mase: float
    rmsse: float
    days: int


class ErrorTotals(NamedTuple):
    """Sums of errors over groups of forecasts; every metric is a ratio of two. All arrays have the groups' shape.

    Attributes:
        forecasts: Number of forecasts that were measured.
        counted: Number of forecasts that count in MAPE.
        sold: Units sold.
        scaled: Number of forecasts that have a scale for MASE and RMSSE.
        percentage: Absolute percentage errors, in percent.
        absolute: Absolute errors, in units.
        signed: Forecasts minus sales, in units.
        scaled_absolute: Absolute errors over the series' scale.
        scaled_squared: Squared errors over the series' squared scale.
    """

    forecasts: Floats
    counted: Floats
    sold: Floats
    scaled: Floats
    percentage: Floats
    absolute: Floats
    signed: Floats
    scaled_absolute: Floats
    scaled_squared: Floats

    def accuracy(self, min_coverage: float) -> list[Accuracy]:
        """The errors of each group.

        Args:
            min_coverage: Share of the days that MAPE must cover, in percent; with a smaller share it is NaN.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            coverage = 100 * self.counted / self.forecasts
            mape = np.where(coverage >= min_coverage, self.percentage / positive(self.counted), np.nan)
            sold, scaled = positive(self.sold), positive(self.scaled)
            errors = (
                mape,
                coverage,
                100 * self.absolute / sold,
                100 * self.signed / sold,
                self.scaled_absolute / scaled,
                np.sqrt(self.scaled_squared / scaled),
            )
        columns = [np.ravel(error).tolist() for error in errors]
        days = np.ravel(self.forecasts).astype(int).tolist()
        return [Accuracy(*row) for row in zip(*columns, days, strict=True)]


def positive(values: Floats) -> Floats:
    """The values above zero, which may be divided by, and NaN in place of all others."""
    return np.where(values > 0, values, np.nan)
