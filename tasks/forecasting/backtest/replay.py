"""What a replay of history is made of: trained models, decisions on them, and the accuracy of what stores ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.metrics import Accuracy
from tasks.forecasting.data.panel import Floats
from tasks.forecasting.gate.evidence import File
from tasks.forecasting.gate.verdict import Verdict


@dataclass(frozen=True)
class Trained:
    """What a retrain on one day made, and its forecasts from the start of its holdout to the end of all sales.

    Attributes:
        start: Column of all sales at which the holdout begins.
        files: The file of each variant, the baseline's first, each after its parent's; the last is the one that would
            ship.
        units: Units that the last file forecasts, shape `(series, days)` of all sales from `start` on; NaN where it
            forecasts nothing.
        reference: Units of the forecast without a network, shape `(series, days)`.
        label: What the forecast without a network is, in words.
        others: Units that the other files forecast on the holdout alone, by variant.
        age_days: Days from the last sales to the retrain.
    """

    start: int
    files: tuple[File, ...]
    units: Floats
    reference: Floats
    label: str
    others: Mapping[str, Floats]
    age_days: int

    def at(self, table: Floats, series: NDArray[np.integer], column: NDArray[np.integer]) -> Floats:
        """Units of a table at rows and columns of all sales, shape of `column`; NaN outside the table."""
        place = column - self.start
        inside = (place >= 0) & (place < table.shape[1])
        return np.where(inside, table[series, np.where(inside, place, 0)], np.nan)

    @property
    def tables(self) -> dict[str, Floats]:
        """What each file forecasts, by variant."""
        return {**self.others, self.files[-1].variant: self.units}


@dataclass(frozen=True)
class Decision:
    """What became of one retrain.

    Attributes:
        day: The day on which it ran.
        promoted: Whether stores run its model from that day on.
        verdict: The gate's verdict. Defaults to `None`, no gate.
    """

    day: date
    promoted: bool
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Replay:
    """The decisions of a replay, in order."""

    decisions: tuple[Decision, ...] = ()

    def runs_on(self, day: date) -> date | None:
        """The day on which the model was trained that stores run on `day`; `None` before the first promotion."""
        return next((each.day for each in reversed(self.decisions) if each.promoted and each.day <= day), None)

    @property
    def promoted(self) -> tuple[date, ...]:
        """Days of the retrains whose model was promoted."""
        return tuple(each.day for each in self.decisions if each.promoted)

    @property
    def refused(self) -> tuple[Decision, ...]:
        """Decisions that promoted nothing."""
        return tuple(each for each in self.decisions if not each.promoted)


@dataclass(frozen=True)
class ReplayScore:
    """The accuracy of what stores ran.

    Attributes:
        overall: Errors over all days.
        months: Errors by month, as YYYY-MM.
        four_weeks: Errors of each four weeks, by their first day.
        without_a_model: Number of days before the first promotion, on which the forecast without a network is scored.
    """

    overall: Accuracy
    months: Mapping[str, Accuracy]
    four_weeks: Mapping[str, Accuracy]
    without_a_model: int
