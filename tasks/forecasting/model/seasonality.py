"""Seasonal indices: how much a weekday, a time of year or a special day sells against the average day."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.days import Dates, month, weekday
from tasks.forecasting.data.holidays import SpecialDays
from tasks.forecasting.data.panel import Panel

YEAR = 365
"""Days of history below which nothing is learned of the time of year."""

HARMONICS = 3
"""Of a smooth year: waves of 12, 6 and 4 months."""

SURE = 2.0
"""Standard errors by which the effect of a special day must differ from none."""


@dataclass(frozen=True)
class SeasonalIndex:
    """Multiplicative indices, 1 on the average training day.

    Attributes:
        weekday: Monday to Sunday, 7 factors.
        month: January to December, 12 factors.
        annual: Cosine and sine of each harmonic of the year, in the logarithm of the index.
        days: Factors of single days, by ISO date.
    """

    weekday: tuple[float, ...] = (1.0,) * 7
    month: tuple[float, ...] = (1.0,) * 12
    annual: tuple[tuple[float, float], ...] = ()
    days: Mapping[str, float] = field(default_factory=dict)

    def at(self, dates: Dates) -> NDArray[np.float32]:
        """The index of each day, the shape of `dates`."""
        factors = np.asarray(self.weekday)[weekday(dates)] * np.asarray(self.month)[month(dates)]
        if self.annual:
            factors = factors * np.exp(_waves(dates, len(self.annual)) @ np.asarray(self.annual).reshape(-1))
        if self.days:
            special = np.array(sorted(self.days), "datetime64[D]")
            place = np.minimum(np.searchsorted(special, dates), len(special) - 1)
            own = np.array([self.days[str(day)] for day in special])[place]
            factors = factors * np.where(special[place] == dates, own, 1.0)
        return np.asarray(factors, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        return {
            "weekday": list(self.weekday),
            "month": list(self.month),
            "annual": [list(pair) for pair in self.annual],
            "days": dict(self.days),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "SeasonalIndex":
        """What `to_dict` gave; a record without `annual` and `days` has none."""
        annual = tuple((cosine, sine) for cosine, sine in record.get("annual", ()))
        return cls(tuple(record["weekday"]), tuple(record["month"]), annual, record.get("days", {}))


@dataclass(frozen=True)
class Seasons:
    """The indices of all items.

    Attributes:
        index: Of items that are in no group.
        groups: Items of each group, and the group's index.
    """

    index: SeasonalIndex = SeasonalIndex()  # frozen
    groups: tuple[tuple[tuple[str, ...], SeasonalIndex], ...] = ()

    def table(self, items: NDArray[np.str_], dates: Dates) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Indices of each group by day, shape `(groups + 1, days)`, and the row of each item, shape `(items,)`."""
        indices = [self.index, *(index for _, index in self.groups)]
        of = {item: row for row, (members, _) in enumerate(self.groups, 1) for item in members}
        return np.stack([index.at(dates) for index in indices]), np.array([of.get(str(item), 0) for item in items])

    def to_dict(self) -> dict[str, Any]:
        groups = [{"items": list(items), **index.to_dict()} for items, index in self.groups]
        return self.index.to_dict() | ({"groups": groups} if groups else {})

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Seasons":
        """What `to_dict` gave."""
        groups = tuple((tuple(each["items"]), SeasonalIndex.from_dict(each)) for each in record.get("groups", ()))
        return cls(SeasonalIndex.from_dict(record), groups)


@dataclass(frozen=True)
class Form:
    """What an index is made of.

    Attributes:
        weekday: Whether weekdays differ; without it nothing does.
        annual: How the time of year counts: not at all, by steps from month to month, or in smooth waves.
        special_days: Whether holidays and events count.
        groups: Whether groups of items have indices of their own.
    """

    weekday: bool = True
    annual: Literal["none", "month", "smooth"] = "month"
    special_days: bool = False
    groups: bool = False

    def __str__(self) -> str:
        parts = ["weekday"] * self.weekday + {"none": [], "month": ["month"], "smooth": ["time of year"]}[self.annual]
        parts += ["special day"] * self.special_days
        named = " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part) or "no"
        return f"{named} index" + (" by item group" if self.groups else "")


PLAIN = SpecialDays()
"""No special days and no groups."""


def forms(calendar: SpecialDays) -> list[Form]:
    """Every form that a calendar allows, simple ones first."""
    extras = [
        (special, grouped)
        for grouped in ([False, True] if calendar.groups else [False])
        for special in ([False, True] if calendar.by_name else [False])
    ]
    annual: list[Literal["none", "month", "smooth"]] = ["none", "month", "smooth"]
    return [Form(False, "none"), *(Form(True, year, *extra) for extra in extras for year in annual)]


def learn(training: Panel, form: Form = Form(), calendar: SpecialDays = PLAIN) -> Seasons:  # frozen
    """The indices of all items, and of each group that has sales.

    Args:
        training: Days that may be learned from; nothing later may be in it.
        form: What the indices are made of. Defaults to weekday and month.
        calendar: Special days and groups. Defaults to none.
    """
    special_days = calendar.by_name if form.special_days else {}
    index = learn_index(training, form, special_days)
    groups = []
    for items in calendar.groups.values() if form.groups else ():
        members = np.isin(training.items, list(items))
        if members.any():
            own = replace(training, **{name: getattr(training, name)[members] for name in ("stores", "items", "sales")})
            groups.append((tuple(items), learn_index(own, form, special_days)))
    return Seasons(index, tuple(groups))


def learn_index(
    training: Panel,
    form: Form = Form(),  # frozen
    special_days: Mapping[str, Dates] | None = None,
) -> SeasonalIndex:
    """Indices by least squares on the log of the mean sales of each day, beside a linear trend.

    Every series counts alike: it is divided by its own mean first. Without enough history an index falls back to 1:
    weekdays need 14 days, the time of year a year in which each month was seen, a special day two of its days and an
    effect of two standard errors. A weekday without sales (closed stores) keeps 1 too.

    Args:
        training: Days that may be learned from; nothing later may be in it.
        form: What the index is made of; of no use to it is `groups`. Defaults to weekday and month.
        special_days: Days by the name of what they have in common. Defaults to none.

    Source:
        Multiplicative decomposition, Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", ch. 3; dummy
        variables and Fourier terms for seasons, ch. 7.
    """
    days, level = _mean_day(training)
    if not form.weekday or len(days) < 14:
        return SeasonalIndex()
    if len(days) < YEAR or len(np.unique(month(days))) < 12:
        form = replace(form, annual="none")
    known = {name: own for name, own in (special_days or {}).items() if np.isin(days, own).sum() > 1}
    return _fit(days, np.log(level), form, known)


def _mean_day(training: Panel) -> tuple[Dates, NDArray[np.float64]]:
    """Days with sales, and on each the mean over series of sales / the series' own mean."""
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


def _fit(days: Dates, logs: NDArray[np.float64], form: Form, special_days: Mapping[str, Dates]) -> SeasonalIndex:
    by_weekday = np.eye(7)[weekday(days)]
    by_month = np.eye(12)[month(days)][:, 1:]
    of_year = {"none": by_month[:, :0], "month": by_month, "smooth": _waves(days, HARMONICS)}[form.annual]
    special = [np.isin(days, own).astype(float)[:, None] for own in special_days.values()]
    trend = np.linspace(-0.5, 0.5, len(days))[:, None]
    design = np.hstack([by_weekday, of_year, *special, trend])
    effects, *_ = np.linalg.lstsq(design, logs, rcond=None)
    on_weekday = np.exp(effects[:7])
    on_weekday /= on_weekday[weekday(days)].mean()
    on_weekday[np.setdiff1d(np.arange(7), weekday(days))] = 1.0
    yearly = effects[7 : 7 + of_year.shape[1]]
    in_month = np.exp(np.append(0.0, yearly)) if form.annual == "month" else np.ones(12)
    in_month /= in_month[month(days)].mean()
    annual = yearly.reshape(-1, 2).tolist() if form.annual == "smooth" else []
    own = effects[7 + of_year.shape[1] : -1]
    sure = np.abs(own) >= SURE * _errors(design, logs - design @ effects)[7 + of_year.shape[1] : -1]
    factors: dict[str, float] = {}
    for its_days, effect in zip(special_days.values(), np.where(sure, own, 0).tolist(), strict=True):
        for day in its_days if effect else ():
            factors[str(day)] = factors.get(str(day), 1.0) * float(np.exp(effect))
    return SeasonalIndex(
        tuple(on_weekday.tolist()),
        tuple(in_month.tolist()),
        tuple((cosine, sine) for cosine, sine in annual),
        factors,
    )


def _errors(design: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors of effects by least squares, from what they leave unexplained."""
    variance = float(left @ left) / max(len(left) - design.shape[1], 1)
    return np.sqrt(variance * np.diag(np.linalg.pinv(design.T @ design)))


def _waves(dates: Dates, harmonics: int) -> NDArray[np.float64]:
    """Cosine and sine of each harmonic of the year, a last axis of `2 * harmonics`; 1 January has phase 0."""
    day = (dates.astype("datetime64[D]") - dates.astype("datetime64[Y]")).astype(float)
    angles = 2 * np.pi * day[..., None] / 365.25 * np.arange(1, harmonics + 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(*dates.shape, 2 * harmonics)
