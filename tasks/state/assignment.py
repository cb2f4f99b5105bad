"""A store's assignment in the channel: all that its device needs to forecast."""

from tasks.state.manifest import ScalingRecord
from tasks.state.record import Document, Record


class ModelFile(Record):
    """The model's file.

    Attributes:
        path: Where the file is in the channel.
        sha256: Hash of its bytes.
        bytes: Its size.
    """

    path: str
    sha256: str
    bytes: int


class Level(Record):
    """The smoothed level of an item, which the device continues.

    Attributes:
        units: The level, in units a day.
        days: Days that it was learned from.
    """

    units: float
    days: int


class Levels(Record):
    """The levels of a store's items.

    Attributes:
        day: The day after which they hold.
        of: The level of each item.
    """

    day: str
    of: dict[str, Level]


class Sample(Record):
    """A forecast that the device must be able to repeat.

    Attributes:
        day: The day that is forecast.
        item: The item's code.
        history: The 14 days of sales before it; `None` for a day that is not known.
        level: The item's level before the day; `None` where the recipe keeps none.
        forecast: The forecast, in units.
    """

    day: str
    item: str
    history: tuple[float | None, ...]
    level: float | None = None
    forecast: float


class Golden(Record):
    """Forecasts by which a device proves that it runs the model as it was gated.

    Attributes:
        tolerance: How far off a forecast may be, as a share of it.
        samples: The forecasts.
    """

    tolerance: float
    samples: tuple[Sample, ...]


class StoreAssignment(Document):
    """What a store runs: which file, how to check it, and how to get from 14 daily sales to a forecast in units.

    Attributes:
        store: The store's code.
        release: The release that the store runs.
        variant: The variant of that release.
        model: The model's file.
        window: Days of sales that the model takes.
        scaling: How sales become the model's inputs and its output becomes units, as in the release's manifest.
        levels: Levels to continue; `None` where the recipe keeps none.
        items: Codes of the items that it forecasts; `None` of a release that does not say it.
        golden: Forecasts that the device must be able to repeat.
    """

    store: str
    release: str
    variant: str
    model: ModelFile
    window: int
    scaling: ScalingRecord
    levels: Levels | None = None
    items: tuple[str, ...] | None = None
    golden: Golden

    def to_bytes(self) -> bytes:
        """The assignment as it is kept in the channel; a key without a value is left out."""
        return (self.model_dump_json(indent=1, exclude_none=True) + "\n").encode()
