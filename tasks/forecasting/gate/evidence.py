"""What the gate sees of a candidate: the errors of every forecaster by day, and facts about every file."""

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
"""Days that the year's budget looks back, in words too; of a store that ran nothing then, its first model counts."""

SAME_WEEKDAY_YEAR, SAME_SEASON = 364, 45
"""Days back to the same weekday a year ago, and how many days off that a release of the same season may be."""


class Forecast(NamedTuple):
    """What one forecaster says of the days to measure on.

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
        percentage: Absolute percentage errors in percent, shape `(segments, days)`; NaN where the forecast is NaN.
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
        run_mapes: MAPE of every run in percent, NaN where undefined. Defaults to none.
        misfits: Why the file does not fit each device class; `None` for a class that it fits. Defaults to `None`, where
            no device class is known.
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
        holdout: EvaluationSet,
        files: Sequence[File],
        forecasts: Mapping[str, Forecast],
        age_days: int | None = None,
    ) -> "Evidence":
        """Measure forecasts on the same days.

        Args:
            holdout: The days to measure on.
            files: The file of each variant, the baseline's first, each after its parent's.
            forecasts: Units that each forecaster forecasts, by variant or by what variants are compared with.
            age_days: Days from the last sales to the retrain. Defaults to `None`, not known.
        """
        segments, days = holdout.segments
        stores, classes = (np.array(each, str) for each in zip(*segments, strict=True))
        shared = holdout.daily(np.zeros(len(holdout.windows)))
        return cls(
            policy=holdout.policy.hash,
            min_coverage=holdout.policy.min_coverage,
            stores=stores,
            classes=classes,
            days=days,
            forecasts=shared.forecasts,
            counted=shared.counted,
            sold=shared.sold,
            files=tuple(files),
            errors={name: _errors(holdout, stores, each) for name, each in forecasts.items()},
            age_days=age_days,
        )

    def to_bytes(self) -> bytes:
        """The evidence as compressed numpy arrays; equal evidence gives equal bytes."""
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
        """Read what `to_bytes` gave."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            facts: dict[str, Any] = json.loads(str(arrays["facts"]))
            labels = enumerate(facts.pop("errors").items())
            errors = {name: _stored_errors(arrays, number, label) for number, (name, label) in labels}
            shared = {name: arrays[name] for name in _ARRAYS}
        files = tuple(File(**each | {"run_mapes": tuple(each["run_mapes"])}) for each in facts.pop("files"))
        return cls(**facts, **shared, files=files, errors=errors)

    def mape(self, name: str) -> float:
        """MAPE of a forecaster over the segments that it forecasts, in percent; NaN where it is undefined."""
        if name not in self.errors:
            return float("nan")
        errors = self.errors[name]
        counted = float(self.counted[errors.covers].sum())
        return float(errors.percentage[errors.covers].sum()) / counted if counted else float("nan")


_ARRAYS = ("stores", "classes", "days", "forecasts", "counted", "sold")


def _errors(holdout: EvaluationSet, stores: NDArray[np.str_], forecast: Forecast) -> Errors:
    totals = holdout.daily(forecast.units)
    covers = np.ones(len(stores), bool) if forecast.stores is None else np.isin(stores, list(forecast.stores))
    return Errors(forecast.label, _stored(totals.percentage), _stored(totals.signed), covers)


def _stored_errors(arrays: Mapping[str, NDArray[Any]], number: int, label: str) -> Errors:
    percentage, signed = (arrays[f"{kind}{number}"].astype(np.float64) for kind in ("percentage", "signed"))
    return Errors(label, percentage, signed, arrays[f"runs{number}"])


def _stored(values: Floats) -> Floats:
    """Values as they are read back later, so that the verdict is the same then; NaN in place of infinite ones."""
    with np.errstate(over="ignore"):
        stored = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(stored), stored, np.nan)
