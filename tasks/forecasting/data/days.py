"""Days of the calendar, and codes of stores and items in order."""

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from tasks.forecasting.data.codes import Code

Dates = NDArray[np.datetime64]

WEEK = 7
"""Days of a week."""


def _not_empty(stores: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if stores is not None and not stores:
        raise ValueError("the list of stores is empty; name at least one, or leave the key out for all stores")
    return stores


SomeStores = Annotated[tuple[Code, ...] | None, AfterValidator(_not_empty)]
"""Codes of stores in the settings; `None` is all stores."""


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
