"""Learning seasonal indices from sales by least squares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tasks.forecasting.data.days import Dates, month, weekday
from tasks.forecasting.data.holidays import SpecialDays
from tasks.forecasting.data.panel import Floats64, Panel
from tasks.forecasting.model.seasonal_index import SeasonalIndex, Seasons, waves

DAYS_A_YEAR = 365
"""Days of history below which nothing is learned of the time of year."""

MIN_DAYS = 14
"""Days of history below which nothing is learned at all."""

HARMONICS = 3
"""Harmonics of a smooth year: waves of 12, 6 and 4 months."""

SIGNIFICANT = 2.0
"""Number of standard errors by which the effect of a special day must differ from zero."""


@dataclass(frozen=True)
class SeasonalSpec:
    """What an index is made of; its text is part of a reference forecast's name.

    Attributes:
        weekday: Whether weekdays differ; if they do not, no days do.
        annual: How the time of year counts: not at all, by month, or in smooth waves.
        special_days: Whether holidays and events count.
        groups: Whether groups of items have indices of their own.
    """

    weekday: bool = True
    annual: Literal["none", "month", "smooth"] = "month"
    special_days: bool = False
    groups: bool = False

    def __str__(self) -> str:
        parts = {
            "weekday": self.weekday,
            "month": self.annual == "month",
            "time of year": self.annual == "smooth",
            "special day": self.special_days,
        }
        named = _enumerated([part for part, counts in parts.items() if counts]) or "no"
        return f"{named} index by item group" if self.groups else f"{named} index"


def _enumerated(parts: Sequence[str]) -> str:
    """Parts as English lists them: "weekday", "weekday and month", "weekday, month and special day"."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def candidate_specs(special_days: SpecialDays) -> list[SeasonalSpec]:
    """Every specification that these special days and groups allow, simple ones first."""
    extras = [
        (special, grouped)
        for grouped in ([False, True] if special_days.groups else [False])
        for special in ([False, True] if special_days.by_name else [False])
    ]
    annual: list[Literal["none", "month", "smooth"]] = ["none", "month", "smooth"]
    return [SeasonalSpec(False, "none"), *(SeasonalSpec(True, year, *extra) for extra in extras for year in annual)]


def learn(training: Panel, spec: SeasonalSpec, special_days: SpecialDays) -> Seasons:
    """Learn the indices of all items, and of each group that has sales.

    Args:
        training: Days that may be learned from; nothing later may be in it.
        spec: What the indices are made of.
        special_days: Holidays, events and item groups.
    """
    by_name = special_days.by_name if spec.special_days else {}
    index = learn_index(training, spec, by_name)
    groups = []
    for items in special_days.groups.values() if spec.groups else ():
        rows = np.isin(training.items, list(items))
        if rows.any():
            members = replace(
                training, stores=training.stores[rows], items=training.items[rows], sales=training.sales[rows]
            )
            groups.append((tuple(items), learn_index(members, spec, by_name)))
    return Seasons(index, tuple(groups))


def learn_index(training: Panel, spec: SeasonalSpec, special_days: Mapping[str, Dates]) -> SeasonalIndex:
    """Learn an index by least squares on the log of the mean sales of each day, together with a linear trend.

    All series count alike, as each is divided by its own mean first. An index is 1 where the history is too short to
    learn it: weekdays need 14 days, the time of year needs a year in which each month was seen, a special day needs two
    of its days and an effect of two standard errors. It is also 1 for a weekday without sales, when stores are closed.

    Args:
        training: Days that may be learned from; nothing later may be in it.
        spec: What the index is made of; its `groups` is ignored.
        special_days: Dates of each holiday or event, by name.

    Source:
        Multiplicative decomposition, Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", ch. 3; dummy
        variables and Fourier terms for seasons, ch. 7.
    """
    days, level = _mean_day(training)
    if not spec.weekday or len(days) < MIN_DAYS:
        return SeasonalIndex()
    if len(days) < DAYS_A_YEAR or len(np.unique(month(days))) < 12:
        spec = replace(spec, annual="none")
    known = {name: dates for name, dates in special_days.items() if np.isin(days, dates).sum() > 1}
    return _fit(days, np.log(level), spec, known)


def _mean_day(training: Panel) -> tuple[Dates, Floats64]:
    """Days with sales, and for each the mean over all series of the day's sales over the series' own mean."""
    total, count = np.zeros(len(training.dates)), np.zeros(len(training.dates), np.int64)
    for block in training.blocks():
        sales = training.sales[block]
        known = np.isfinite(sales)
        units = np.where(known, sales, 0)
        mean = units.sum(axis=1, dtype=float) / np.maximum(known.sum(axis=1), 1)
        sold = mean > 0
        total += (units[sold] / mean[sold, None]).sum(axis=0)
        count += known[sold].sum(axis=0)
    level = total / np.maximum(count, 1)
    return training.dates[level > 0], level[level > 0]


def _fit(days: Dates, logs: Floats64, spec: SeasonalSpec, special_days: Mapping[str, Dates]) -> SeasonalIndex:
    """Regress the logs on blocks of a design matrix: weekday, time of year, special days and trend."""
    blocks = [
        np.eye(7)[weekday(days)],
        _year(days, spec),
        _on_special_days(days, special_days),
        np.linspace(-0.5, 0.5, len(days))[:, None],
    ]
    design = np.hstack(blocks)
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    effects, *_ = np.linalg.lstsq(design, logs, rcond=None)
    on_weekday, in_year, on_special_day, _ = np.split(effects, ends)
    _, _, error, _ = np.split(_standard_errors(design, logs - design @ effects), ends)
    significant = np.where(np.abs(on_special_day) >= SIGNIFICANT * error, on_special_day, 0)
    annual = in_year.reshape(-1, 2).tolist() if spec.annual == "smooth" else []
    return SeasonalIndex(
        _weekday_index(on_weekday, days),
        _month_index(in_year if spec.annual == "month" else np.zeros(11), days),
        tuple((cosine, sine) for cosine, sine in annual),
        _day_factors(special_days, significant),
    )


def _year(days: Dates, spec: SeasonalSpec) -> Floats64:
    """Columns of the time of year, shape `(days, columns)`: 11 months but January, 6 waves, or none."""
    by_month = np.eye(12)[month(days)][:, 1:]
    return {"none": by_month[:, :0], "month": by_month, "smooth": waves(days, HARMONICS)}[spec.annual]


def _on_special_days(days: Dates, special_days: Mapping[str, Dates]) -> Floats64:
    """A column for each holiday or event, 1 on its days, shape `(days, special days)`."""
    columns = [np.isin(days, dates).astype(float)[:, None] for dates in special_days.values()]
    return np.hstack([np.empty((len(days), 0)), *columns])


def _weekday_index(effects: Floats64, days: Dates) -> tuple[float, ...]:
    """Factors of 7 weekdays, 1 on average over the days, from effects in logs."""
    index = np.exp(effects)
    index /= index[weekday(days)].mean()
    index[np.setdiff1d(np.arange(7), weekday(days))] = 1.0
    return tuple(index.tolist())


def _month_index(effects: Floats64, days: Dates) -> tuple[float, ...]:
    """Factors of 12 months, 1 on average over the days, from effects in logs of all months but January."""
    index = np.exp(np.append(0.0, effects))
    index /= index[month(days)].mean()
    return tuple(index.tolist())


def _day_factors(special_days: Mapping[str, Dates], effects: Floats64) -> dict[str, float]:
    """Factor of each special day that has an effect, by ISO date; factors of the same date are multiplied."""
    factors: dict[str, float] = {}
    for dates, effect in zip(special_days.values(), effects.tolist(), strict=True):
        for day in dates if effect else ():
            factors[str(day)] = factors.get(str(day), 1.0) * float(np.exp(effect))
    return factors


def _standard_errors(design: Floats64, residuals: Floats64) -> Floats64:
    """Standard errors of effects that were fitted by least squares, from the residuals."""
    variance = float(residuals @ residuals) / max(len(residuals) - design.shape[1], 1)
    return np.sqrt(variance * np.diag(np.linalg.pinv(design.T @ design)))
