"""What a candidate's `prepared.json` has: all that is known before training."""

from pydantic import Field

from tasks.forecasting.model.smoothing import Levels
from tasks.state.arrays import SeriesRecord
from tasks.state.manifest import HoldoutRecord, ReferenceRecord, SnapshotRecord, ValidationRecord
from tasks.state.record import Document
from tasks.state.scaling_record import ScalingRecord


class Prepared(Document):
    """What a retrain learned from its snapshot before training."""

    snapshot: SnapshotRecord
    series: SeriesRecord
    scaling: ScalingRecord
    levels: Levels | None = Field(description="level of each series after the last day, where the recipe keeps one")
    validation: ValidationRecord
    holdout: HoldoutRecord
    references: tuple[ReferenceRecord, ...] = Field(description="forecasts without a network, the gate's first")
    training_windows: int = Field(description="number of windows that are learned from")
