"""Golden samples: windows with every variant's forecast, for a device to check a file by after it arrived."""

from tasks.state.record import Number, Record, to_json


class GoldenSample(Record):
    """A window, and what each variant's file forecasts from it.

    Attributes:
        store: The store.
        item: The item.
        day: ISO date of the day that is forecast.
        history: Units sold on the days before, the oldest first; `None` for a missing day.
        level: Running level before the day in units a day; unset where the recipe keeps none.
        forecast: Units that each variant forecasts.
    """

    store: str
    item: str
    day: str
    history: tuple[Number, ...]
    level: float | None = None
    forecast: dict[str, Number]


class Golden(Record):
    """The golden samples of a release.

    Attributes:
        tolerance: Difference that a device may have, in units.
        samples: The samples.
    """

    tolerance: float
    samples: tuple[GoldenSample, ...]

    def to_bytes(self) -> bytes:
        """The file that devices read; what is not set is left out."""
        return to_json(self.model_dump(exclude_unset=True))
