"""What the gate sees of a candidate: errors of every forecaster by day, and facts about every file."""

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.data.panel import Floats

REFERENCE, CHAMPION, INCUMBENT, LAST_YEAR, BUDGET = "reference", "champion", "incumbent", "last year", "budget"
"""Forecasters that variants are compared with.

The reference is the forecast without a network, the champion is what stores run, and the incumbent is what a store
would keep: its champion, else the reference. `last year` is the release of the same season last year, and `budget`
with a number of days is what stores ran so many days ago.
"""

QUARTERS = {91: "3 months", 182: "6 months", 273: "9 months", 364: "12 months"}
"""How far back the yearly drift budget looks, in days; it looks at a store's first model where it ran none then."""

SAME_WEEKDAY_YEAR, SAME_SEASON = 364, 45
"""Days back to the same weekday a year ago, and how many days off that a release of the same season may be."""


class Forecast(NamedTuple):
    """What one forecaster says of the holdout.

    Attributes:
        label: What the forecaster is, in words.
        units: Units forecast for each window, shape `(windows,)`; NaN where undefined.
        stores: The stores that it forecasts for. Defaults to `None`, all.
    """

    label: str
    units: Floats
    stores: Collection[str] | None = None


@dataclass(frozen=True)
class Errors:
    """One forecaster's errors, summed by segment and day.

    Attributes:
        label: What the forecaster is, in words.
        percentage: Absolute percentage errors in percent, shape `(segments, days)`; NaN where the forecast is.
        signed: Forecast minus sales in units, shape `(segments, days)`.
        covers: Mask of the segments that it forecasts, shape `(segments,)`.
    """

    label: str
    percentage: Floats
    signed: Floats
    covers: NDArray[np.bool_]


@dataclass(frozen=True)
class File:
    """What is known of a variant's file, which is that of the shipped run.

    Attributes:
        variant: The variant's name.
        parent: The variant that it was made from; `None` for the baseline.
        fault: Why the file does not load or answer its golden samples; `None` where it does.
        file_bytes: Size on disk.
        transfer_bytes: Size compressed by zstd.
        run_mapes: MAPE of every run in percent, NaN where undefined.
        misfits: Why the file does not fit each device class; `None` where it does. Defaults to `None`, no class known.
    """

    variant: str
    parent: str | None
    fault: str | None
    file_bytes: int
    transfer_bytes: int
    run_mapes: tuple[float, ...] = ()
    misfits: Mapping[str, str | None] | None = None


@dataclass(frozen=True)
class Evidence:
    """All that the gate sees. A segment is an item class in a store; arrays have shape `(segments, days)`.

    Attributes:
        policy: Hash of the MAPE policy that everything was measured under.
        min_coverage: Least share of the days that MAPE must cover, in percent.
        stores: The store of each segment, shape `(segments,)`.
        classes: The item class of each segment, shape `(segments,)`.
        days: Consecutive days of the holdout, shape `(days,)`.
        forecasts: Number of forecasts measured.
        counted: Number of forecasts that count in MAPE.
        sold: Units sold.
        files: One file for each variant, the baseline first, each after its parent.
        errors: Errors by variant or by what it is compared with. A variant without errors was not measured.
        age_days: Days from the last sales to the retrain; `None` where it is not known.
    """

    policy: str
    min_coverage: float
    stores: NDArray[np.str_]
    classes: NDArray[np.str_]
    days: NDArray[np.datetime64]
    forecasts: Floats
    counted: Floats
    sold: Floats
    files: tuple[File, ...]
    errors: Mapping[str, Errors]
    age_days: int | None = None

    @classmethod
    def of(
        cls,
        yardstick: EvaluationSet,
        files: Sequence[File],
        forecasts: Mapping[str, Forecast],
        age_days: int | None = None,
    ) -> "Evidence":
        """Measure forecasts on the same days.

        Args:
            yardstick: The holdout.
            files: One a variant.
            forecasts: Of each forecaster, by variant or by what it is compared with.
            age_days: Days from the last sales to the retrain. Defaults to `None`, not known.
        """
        cells, days = yardstick.segments
        stores, classes = (np.array(each, str) for each in zip(*cells, strict=True))
        shared = yardstick.daily(np.zeros(len(yardstick.windows)))
        return cls(
            yardstick.policy.hash,
            yardstick.policy.min_coverage,
            stores,
            classes,
            days,
            shared.forecasts,
            shared.counted,
            shared.sold,
            tuple(files),
            {name: _errors(yardstick, stores, each) for name, each in forecasts.items()},
            age_days,
        )

    def to_bytes(self) -> bytes:
        """Everything, as compressed numpy arrays; the same evidence gives the same bytes."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for number, each in enumerate(self.errors.values()):
            arrays |= {f"percentage{number}": each.percentage.astype(np.float32)}
            arrays |= {f"signed{number}": each.signed.astype(np.float32), f"runs{number}": each.covers}
        facts = {
            "policy": self.policy,
            "min_coverage": self.min_coverage,
            "age_days": self.age_days,
            "files": [asdict(file) for file in self.files],
            "errors": {name: each.label for name, each in self.errors.items()},
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Evidence":
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            facts: dict[str, Any] = json.loads(str(arrays["facts"]))
            errors = {
                name: Errors(
                    label,
                    arrays[f"percentage{number}"].astype(np.float64),
                    arrays[f"signed{number}"].astype(np.float64),
                    arrays[f"runs{number}"],
                )
                for number, (name, label) in enumerate(facts["errors"].items())
            }
            kept = {name: arrays[name] for name in _ARRAYS}
        files = tuple(File(**each | {"run_mapes": tuple(each["run_mapes"])}) for each in facts["files"])
        return cls(
            policy=facts["policy"],
            min_coverage=facts["min_coverage"],
            age_days=facts["age_days"],
            files=files,
            errors=errors,
            **kept,
        )

    def mape(self, name: str) -> float:
        """MAPE of a forecaster over the cells where it runs, in percent; NaN where undefined."""
        if name not in self.errors:
            return float("nan")
        each = self.errors[name]
        counted = float(self.counted[each.covers].sum())
        return float(each.percentage[each.covers].sum()) / counted if counted else float("nan")


_ARRAYS = ("stores", "classes", "days", "forecasts", "counted", "sold")


def _errors(yardstick: EvaluationSet, stores: NDArray[np.str_], forecast: Forecast) -> Errors:
    sums = yardstick.daily(forecast.units)
    covers = np.ones(len(stores), bool) if forecast.stores is None else np.isin(stores, list(forecast.stores))
    return Errors(forecast.label, _stored(sums.percentage), _stored(sums.signed), covers)


def _stored(values: Floats) -> Floats:
    """As they are read back, so that a verdict is the same then; NaN for infinite."""
    with np.errstate(over="ignore"):
        stored = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(stored), stored, np.nan)
