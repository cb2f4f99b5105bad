"""Which variant a device class gets: of those that passed the gate and fit it, the one that costs a store least."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

DIGITS = 2
"""Decimals of MAPE, in percent, that count, as tables show them: less than 0.01 pp is the spread over runs, and free.

The sd over runs is not used for it: it is measured on the holdout, which chooses nothing, and one run has none.
"""

REFUSED = "did not pass the gate"


class DeviceClass(BaseModel):
    """What a kind of store device can carry, and the link that it gets its updates over."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    flash_kb: float = Field(gt=0, description="room for the model file, in KB of 1,024 bytes")
    ram_kb: float = Field(gt=0, description="room for the loaded file, its state and activations, in KB")
    latency_us: float = Field(gt=0, description="time one forecast may take, in us as the retrain measures it")
    link_kbps: float | None = Field(
        None, gt=0, description="speed of its link, in 1,000 bits a second; without it, an update takes no time"
    )
    update_s: float = Field(60.0, gt=0, description="time that an update may take over the link, in seconds")


class CostModel(BaseModel):
    """What a variant costs a store in a year, all in one currency; a retrain sends every store a new file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    currency: str = Field("EUR", min_length=1, description="of all costs; a word for reports, nothing is converted")
    per_mb_sent: float = Field(
        1.0, ge=0, description="of 1 MB (10^6 bytes) over the link to one store; 1 is a dear tariff for mobile data"
    )
    per_mape_pp: float = Field(
        100.0,
        ge=0,
        description="of one percentage point of MAPE, per store and year, in stock-outs and waste; 100 is 1 % of "
        "100,000 units a year at 0.10 each",
    )
    per_retrain: float = Field(
        5.0, ge=0, description="of one retrain, shared by all stores; 5 is a machine's hour and a look at the report"
    )
    retrains_per_year: float = Field(52.0, ge=0, description="retrains in a year; 52 is weekly, as deployments do")


@dataclass(frozen=True)
class Candidate:
    """A variant of a release, as far as a device cares.

    Attributes:
        name: Of the variant.
        passed: Whether the gate passed it.
        file_bytes: On disk.
        transfer_bytes: Compressed, as it is sent.
        ram_bytes: Of the loaded file, its state and activations.
        latency_us: Of one forecast; `None` where there is no figure.
        validation_mape: In percent, on the days before the holdout; `None` where it is not known.
    """

    name: str
    passed: bool
    file_bytes: int
    transfer_bytes: int
    ram_bytes: int
    latency_us: float | None
    validation_mape: float | None = None

    @property
    def mape(self) -> float | None:
        """The validation MAPE to the decimals that count; `None` where it is not known."""
        value = self.validation_mape
        return round(value, DIGITS) if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Cost:
    """What a variant costs one store in a year.

    Attributes:
        sending: Of its files, one a retrain.
        errors: Of its MAPE above the lowest that passed.
        retraining: The store's share of the retrains, which is the same for all variants of a release.
        total: Of all three.
    """

    sending: float
    errors: float
    retraining: float
    total: float


@dataclass(frozen=True)
class Row:
    """A variant's place in a ranking.

    Attributes:
        name: Of the variant.
        passed: Whether the gate passed it.
        misfit: Why the device class cannot have it, which begins with a verb; `None` where it can.
        file_bytes: On disk.
        transfer_bytes: Compressed, as it is sent.
        validation_mape: In percent, to the decimals that count; `None` where it is not known.
        cost: A year; `None` where the gate did not pass it or its MAPE is not known.
        front: Whether it is on the Pareto front.
        dominated_by: The variant that dominates it, if one does.
    """

    name: str
    passed: bool
    misfit: str | None
    file_bytes: int
    transfer_bytes: int
    validation_mape: float | None
    cost: Cost | None
    front: bool
    dominated_by: str | None


@dataclass(frozen=True)
class Choice:
    """The variant for a device class, or why there is none."""

    variant: str | None
    reason: str


@dataclass(frozen=True)
class Ranking:
    """All measured variants, the best for a device class first, and which one it gets."""

    rows: tuple[Row, ...]
    choice: Choice


def rank(candidates: Iterable[Candidate], name: str, device: DeviceClass, costs: CostModel, stores: int) -> Ranking:
    """Variants by what they cost a store, those that the device class cannot have last.

    A variant whose validation MAPE is not known comes after all that fit and have one. Of equal costs the smaller
    file comes first, then the smaller transfer, the lower MAPE, the name.

    Args:
        candidates: Measured variants, passed or not.
        name: Of the device class.
        device: What it can carry.
        costs: What a store pays.
        stores: How many share the cost of a retrain.
    """
    measured = list(candidates)
    best = min((each.mape for each in measured if each.passed and each.mape is not None), default=None)
    better = dominated_by(measured)
    rows = sorted(
        (
            Row(
                each.name,
                each.passed,
                misfit(each, device) if each.passed else REFUSED,
                each.file_bytes,
                each.transfer_bytes,
                each.mape,
                _cost(each, best, costs, stores) if each.passed else None,
                each.mape is not None and better[each.name] is None,
                better[each.name],
            )
            for each in measured
        ),
        key=_place,
    )
    return Ranking(tuple(rows), _choice(rows, name, costs.currency))


def choose(candidates: Iterable[Candidate], name: str, device: DeviceClass, costs: CostModel, stores: int) -> Choice:
    """The cheapest variant that passed the gate and fits the device class `name`, and why; arguments as for `rank`."""
    return rank(candidates, name, device, costs, stores).choice


def dominated_by(candidates: Sequence[Candidate]) -> dict[str, str | None]:
    """For each variant the most accurate one that is no larger, on disk and in transfer, no worse, and in one better.

    Variants whose validation MAPE is not known are compared with none. Who dominates is never dominated itself.
    """
    figures = {
        each.name: (each.mape, each.file_bytes, each.transfer_bytes) for each in candidates if each.mape is not None
    }
    return {each.name: _dominator(each.name, figures) for each in candidates}


def _dominator(name: str, figures: Mapping[str, tuple[float, ...]]) -> str | None:
    if name not in figures:
        return None
    own = figures[name]
    better = [
        (theirs, other)
        for other, theirs in figures.items()
        if theirs != own and all(one <= two for one, two in zip(theirs, own, strict=True))
    ]
    return min(better)[1] if better else None


def _cost(candidate: Candidate, best: float | None, costs: CostModel, stores: int) -> Cost | None:
    if candidate.mape is None or best is None:
        return None
    sending = costs.per_mb_sent * candidate.transfer_bytes / 1e6 * costs.retrains_per_year
    errors = costs.per_mape_pp * round(candidate.mape - best, DIGITS)
    retraining = costs.per_retrain * costs.retrains_per_year / stores
    return Cost(sending, errors, retraining, sending + errors + retraining)


def misfit(candidate: Candidate, device: DeviceClass) -> str | None:
    """Why a device class cannot have a variant, beginning with a verb; `None` where it can."""
    flash, ram = candidate.file_bytes / 1024, candidate.ram_bytes / 1024
    if not flash <= device.flash_kb:
        return f"needs {flash:.1f} KB of flash, the device has {device.flash_kb:g}"
    if not ram <= device.ram_kb:
        return f"needs {ram:.1f} KB of RAM, the device has {device.ram_kb:g}"
    if candidate.latency_us is None or math.isnan(candidate.latency_us):
        return "has no figure for its latency, as its measurement broke a rule"
    if not candidate.latency_us <= device.latency_us:
        return f"takes {candidate.latency_us:.0f} us, the device allows {device.latency_us:g}"
    if device.link_kbps is not None:
        seconds = candidate.transfer_bytes * 8 / 1000 / device.link_kbps
        if not seconds <= device.update_s:
            return f"takes {seconds:.1f} s over {device.link_kbps:g} kbit/s, the device allows {device.update_s:g}"
    return None


def _place(row: Row) -> tuple[bool, bool, float, int, int, float, str]:
    total = row.cost.total if row.cost else math.inf
    mape = math.inf if row.validation_mape is None else row.validation_mape
    return (
        not row.passed,
        row.misfit is not None,
        total,
        row.file_bytes,
        row.transfer_bytes,
        mape,
        row.name,
    )


def _choice(rows: Sequence[Row], name: str, currency: str) -> Choice:
    passed = [row for row in rows if row.passed]
    if not passed:
        return Choice(None, "no variant passed the gate")
    best, smallest = passed[0], min(passed, key=_size)
    if best.misfit:
        return Choice(None, f"no variant fits a {name} device; the smallest, {smallest.name}, {smallest.misfit}")
    fitting = [row for row in passed if row.misfit is None]
    if best.cost is None:
        ground = "chosen by size alone, as no variant that fits has a known MAPE on validation days"
        return Choice(best.name, f"{best.name}: smallest of {_fit(fitting, name)}; {ground}")
    own = f"{_money(best.cost.sending + best.cost.errors)} {currency} a year and store"
    shared = f"beside {_money(best.cost.retraining)} for retraining"
    cheapest = f"{best.name}: {own} {shared}, cheapest of {_fit(fitting, name)}"
    return Choice(best.name, "; ".join([cheapest, *_alternatives(best, fitting, passed)]))


def _fit(fitting: Sequence[Row], name: str) -> str:
    return f"{len(fitting)} variant{'s' if len(fitting) > 1 else ''} that passed and fit a {name} device"


def _alternatives(best: Row, fitting: Sequence[Row], passed: Sequence[Row]) -> list[str]:
    """What the next, the smallest and the most accurate variant would cost or save, each variant once."""
    known = [row for row in passed if row.validation_mape is not None]
    titles: dict[str, list[str]] = {}
    for title, row in (
        ("next", fitting[1] if len(fitting) > 1 else None),
        ("smallest", min(passed, key=lambda row: (*_size(row)[:2], row is not best, row.name))),
        ("most accurate", min(known, key=lambda row: (row.validation_mape, row is not best, *_place(row)))),
    ):
        if row:
            titles.setdefault(row.name, []).append(title)
    own = titles.pop(best.name, [])
    others = [(row, titles[row.name]) for row in passed if row.name in titles]
    return [f"it is also the {' and '.join(own)}"] * bool(own) + [
        f"the {' and '.join(named)}, {row.name}, {_against(row, best)}" for row, named in others
    ]


def _against(other: Row, best: Row) -> str:
    if other.misfit:
        return f"does not fit: it {other.misfit}"
    if other.cost is None or best.cost is None:
        return "has no known MAPE on validation days, and so comes last"
    errors, sending = other.cost.errors - best.cost.errors, other.cost.sending - best.cost.sending
    gap = round((other.validation_mape or 0) - (best.validation_mape or 0), DIGITS)
    accuracy = f"{'saves' if gap < 0 else 'loses'} {abs(gap):.{DIGITS}f} pp of MAPE, worth {_money(abs(errors))},"
    more = (
        f"costs {_money(sending)} more" if sending > 0 else f"saves {_money(-sending)}" if sending else "costs as much"
    )
    return f"{accuracy if gap else 'is as accurate'} and {more} to send"


def _size(row: Row) -> tuple[int, int, str]:
    return row.file_bytes, row.transfer_bytes, row.name


def _money(amount: float) -> str:
    return "less than 0.01" if 0 < amount < 0.005 else f"{amount:,.2f}"
