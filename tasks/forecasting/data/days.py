"""Days of the calendar, and the order of codes that people expect."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Dates = NDArray[np.datetime64]

WEEK = 7
"""Days of a week."""


def weekday(dates: Dates) -> NDArray[np.int64]:
    """0 for Monday to 6 for Sunday (1970-01-01 was a Thursday)."""
    return (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7


def month(dates: Dates) -> NDArray[np.int64]:
    """0 for January to 11 for December."""
    return dates.astype("datetime64[M]").astype(np.int64) % 12


def mondays(days: Dates) -> Dates:
    """The first day of each day's week."""
    return days - weekday(days)


def natural(codes: Iterable[str]) -> list[str]:
    """Codes of stores or items in the order that people expect, "2" before "10"."""
    return sorted(codes, key=lambda code: (len(code), code))
