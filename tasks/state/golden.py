"""Golden samples: windows with every variant's forecast, for a device to check a file by after it arrived."""

from pydantic import Field

from tasks.state.record import Number, Record, to_json


class GoldenSample(Record):
    """A window, and what each variant's file forecasts from it."""

    store: str
    item: str
    day: str = Field(description="ISO date of the day that is forecast")
    history: tuple[Number, ...] = Field(description="units on the days before, the oldest first")
    level: float | None = Field(None, description="running level before the day, where the recipe keeps one")
    forecast: dict[str, Number] = Field(description="units that each variant forecasts")


class Golden(Record):
    """The golden samples of a release."""

    tolerance: float = Field(description="difference that a device may have, in units")
    samples: tuple[GoldenSample, ...]

    def to_bytes(self) -> bytes:
        """The file that devices read; what is not set is left out."""
        return to_json(self.model_dump(exclude_unset=True))
