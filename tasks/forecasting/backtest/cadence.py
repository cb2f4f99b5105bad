"""Cadences: the days on which a forecaster is retrained."""

from collections.abc import Iterable
from datetime import date, timedelta

NONE, QUARTERLY, MONTHLY, SEASONAL = "none", "quarterly", "monthly", "before each season"


def retrain_days(first: date, last: date, before_seasons: Iterable[date]) -> dict[str, tuple[date, ...]]:
    """The days on which each cadence retrains, in order. Every cadence starts with a model on the first day.

    Args:
        first: First day of the replay.
        last: Last day of the replay.
        before_seasons: A day for each season, on whose month and day of every year the forecaster is retrained.
    """
    later = [first + timedelta(number) for number in range(1, (last - first).days + 1)]
    seasonal = {(day.month, day.day) for day in before_seasons}
    cadences = {
        NONE: [],
        QUARTERLY: [day for day in later if day.day == 1 and day.month % 3 == 1],
        MONTHLY: [day for day in later if day.day == 1],
        SEASONAL: [day for day in later if (day.month, day.day) in seasonal],
    }
    return {name: (first, *days) for name, days in cadences.items()}
