"""Cadences: on which days a forecaster is retrained."""

from collections.abc import Iterable
from datetime import date, timedelta

NONE, QUARTERLY, MONTHLY, SEASONAL = "none", "quarterly", "monthly", "before each season"


def retrain_days(first: date, last: date, before_seasons: Iterable[date]) -> dict[str, tuple[date, ...]]:
    """The days of each cadence's retrains, in order. Every cadence starts with a model on the first day.

    Args:
        first: First day of the replay.
        last: Last day of it.
        before_seasons: A day for each season, of which only month and day mean something.
    """
    later = [first + timedelta(number) for number in range(1, (last - first).days + 1)]
    seasonal = {(day.month, day.day) for day in before_seasons}
    chosen = {
        NONE: [],
        QUARTERLY: [day for day in later if day.day == 1 and day.month % 3 == 1],
        MONTHLY: [day for day in later if day.day == 1],
        SEASONAL: [day for day in later if (day.month, day.day) in seasonal],
    }
    return {name: (first, *days) for name, days in chosen.items()}
