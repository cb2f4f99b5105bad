"""Seasonal indices: how much a weekday or a month sells against the average day."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.sales import Panel

YEAR = 365
"""Days of history below which no month index is learned."""


@dataclass(frozen=True)
class SeasonalIndex:
    """Multiplicative indices, 1 on the average training day.

    Attributes:
        weekday: Monday to Sunday, 7 factors.
        month: January to December, 12 factors.
    """

    weekday: tuple[float, ...] = (1.0,) * 7
    month: tuple[float, ...] = (1.0,) * 12

    def at(self, dates: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """The index of each day, the shape of `dates`."""
        factors = np.asarray(self.weekday)[weekday(dates)] * np.asarray(self.month)[month(dates)]
        return np.asarray(factors, dtype=np.float32)

    def to_dict(self) -> dict[str, list[float]]:
        return {name: list(values) for name, values in asdict(self).items()}


def weekday(dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """0 for Monday to 6 for Sunday (1970-01-01 was a Thursday)."""
    return (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7


def month(dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """0 for January to 11 for December."""
    return dates.astype("datetime64[M]").astype(np.int64) % 12


def learn(training: Panel, weekdays: bool = True, months: bool = True) -> SeasonalIndex:
    """Indices by least squares on the log of the mean sales of each day, beside a linear trend.

    Every series counts alike: it is divided by its own mean first. Without enough history an index falls
    back to 1: weekdays need 14 days, months a year in which each month was seen. A weekday without sales
    (closed stores) keeps 1 too.

    Args:
        training: Days that may be learned from; nothing later may be in it.
        weekdays: Learn the weekday index. Defaults to `True`.
        months: Learn the month index. Defaults to `True`.

    Source:
        Multiplicative decomposition, Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", ch. 3.
    """
    days, level = _mean_day(training)
    if weekdays and len(days) >= 14:
        seen_all_months = len(days) >= YEAR and len(np.unique(month(days))) == 12
        return _fit(days, level, months and seen_all_months)
    return SeasonalIndex()


def _mean_day(training: Panel) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Days with sales, and on each the mean over series of sales / the series' own mean."""
    known = np.isfinite(training.sales)
    count = known.sum(axis=1)
    mean = np.where(known, training.sales, 0).sum(axis=1, dtype=float) / np.maximum(count, 1)
    sold = mean > 0
    share = np.where(known, training.sales, 0)[sold] / mean[sold, None]
    level = share.sum(axis=0, dtype=float) / np.maximum(known[sold].sum(axis=0), 1)
    return training.dates[level > 0], level[level > 0]


def _fit(days: NDArray[np.datetime64], level: NDArray[np.float64], months: bool) -> SeasonalIndex:
    by_weekday = np.eye(7)[weekday(days)]
    by_month = np.eye(12)[month(days)][:, 1:] if months else np.empty((len(days), 0))
    trend = np.linspace(-0.5, 0.5, len(days))[:, None]
    effects, *_ = np.linalg.lstsq(np.hstack([by_weekday, by_month, trend]), np.log(level), rcond=None)
    on_weekday = np.exp(effects[:7])
    in_month = np.exp(np.append(0.0, effects[7:18])) if months else np.ones(12)
    on_weekday /= on_weekday[weekday(days)].mean()
    on_weekday[np.setdiff1d(np.arange(7), weekday(days))] = 1.0
    in_month /= in_month[month(days)].mean()
    return SeasonalIndex(tuple(on_weekday.tolist()), tuple(in_month.tolist()))
