"""Which variant a device class gets and why, in words; a reason has no full stop, to be joined."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tasks.forecasting.rollout.costs import DIGITS
from tasks.forecasting.rollout.devices import DeviceClass, Misfit
from tasks.forecasting.rollout.selection import Ranking, Row
from tasks.report.text import number, plural
from tasks.state.variant_record import ChoiceRecord, RankingRow

REFUSED = "did not pass the gate"


@dataclass(frozen=True)
class Choice:
    """The variant for a device class, `None` where there is none, and why."""

    variant: str | None
    reason: str


def choice(ranking: Ranking, device: str, currency: str) -> Choice:
    """What a device class gets by a ranking.

    Args:
        ranking: All measured variants, ranked for the device class.
        device: Name of the device class.
        currency: Currency of the costs.
    """
    best = ranking.chosen
    if best is None:
        return Choice(None, _none(ranking.passed, device))
    if best.cost is None:
        ground = "chosen by size alone, as no variant that fits has a known MAPE on validation days"
        return Choice(best.name, f"{best.name}: the smallest of {_fitting(ranking, device)}; {ground}")
    own = f"{money(best.cost.sending + best.cost.errors)} {currency} per store and year"
    shared = f"retraining costs {money(best.cost.retraining)} with any variant"
    cheapest = f"{best.name}: the cheapest of {_fitting(ranking, device)}, {own} ({shared})"
    return Choice(best.name, "; ".join([cheapest, *_alternatives(best, ranking)]))


def choice_record(ranking: Ranking, name: str, device: DeviceClass, currency: str) -> ChoiceRecord:
    """What a device class gets as manifests have it, and how all variants rank for it, with each misfit in words.

    Args:
        ranking: All measured variants, ranked for the device class.
        name: Name of the device class.
        device: What the device class can carry.
        currency: Currency of the costs.
    """
    chosen = choice(ranking, name, currency)
    rows = tuple(RankingRow.model_validate(asdict(row) | {"misfit": _why_not(row)}) for row in ranking.rows)
    return ChoiceRecord(device=name, **device.model_dump(), variant=chosen.variant, reason=chosen.reason, ranking=rows)


def misfit(found: Misfit | None) -> str | None:
    """Why a device class cannot have a variant, beginning with a verb; `None` where it can."""
    if found is None:
        return None
    if found.resource == "no latency":
        return "has no figure for its latency, as its measurement broke a rule"
    if found.resource == "latency":
        return f"takes {number(found.needed, 0)} us, the device allows {found.allowed:g}"
    if found.resource == "link":
        link = f"{found.link_kbps:g} kbit/s"
        return f"takes {number(found.needed, 1)} s over {link}, the device allows {found.allowed:g}"
    return f"needs {number(found.needed, 1)} KB of {found.resource}, the device has {found.allowed:g}"


def money(amount: float) -> str:
    """An amount of money, in which a little is not nothing."""
    return "less than 0.01" if 0 < amount < 0.005 else number(amount)


def _none(passed: Sequence[Row], device: str) -> str:
    if not passed:
        return "no variant passed the gate"
    smallest = min(passed, key=lambda row: (row.size, row.name))
    return f"no variant fits a {device} device; the smallest, {smallest.name}, {misfit(smallest.misfit)}"


def _why_not(row: Row) -> str | None:
    return misfit(row.misfit) if row.passed else REFUSED


def _fitting(ranking: Ranking, device: str) -> str:
    return f"{plural(len(ranking.eligible), 'variant')} that passed and fit a {device} device"


def _alternatives(best: Row, ranking: Ranking) -> list[str]:
    """What the next, the smallest and the most accurate variant would cost or save, each variant once."""
    titles = _titles(best, ranking)
    own = titles.pop(best.name, [])
    also = [f"it is also the {' and '.join(own)}"] if own else []
    others = [row for row in ranking.passed if row.name in titles]
    return also + [f"the {' and '.join(titles[row.name])}, {row.name}, {_against(row, best)}" for row in others]


def _titles(best: Row, ranking: Ranking) -> dict[str, list[str]]:
    """By variant, in which respects it comes next to the best or first; where the best ties, it is the best."""
    known = [row for row in ranking.passed if row.validation_mape is not None]
    first = {
        "next": next(iter(ranking.eligible[1:]), None),
        "smallest": min(ranking.passed, key=lambda row: (row.size, row is not best, row.name)),
        "most accurate": min(known, key=lambda row: (row.validation_mape, row is not best)),
    }
    titles: dict[str, list[str]] = {}
    for title, row in first.items():
        if row is not None:
            titles.setdefault(row.name, []).append(title)
    return titles


def _against(other: Row, best: Row) -> str:
    """What another variant would cost or save beside the best."""
    if other.misfit is not None:
        return f"does not fit: it {misfit(other.misfit)}"
    if other.cost is None or best.cost is None:
        return "has no known MAPE on validation days, and so comes last"
    gap = round((other.validation_mape or 0) - (best.validation_mape or 0), DIGITS)
    errors, sending = other.cost.errors - best.cost.errors, other.cost.sending - best.cost.sending
    return f"{_accuracy(gap, errors)} and {_sending(sending)} to send"


def _accuracy(gap: float, errors: float) -> str:
    if not gap:
        return "is as accurate"
    return f"{'saves' if gap < 0 else 'loses'} {number(abs(gap), DIGITS)} pp of MAPE, worth {money(abs(errors))},"


def _sending(more: float) -> str:
    if not more:
        return "costs as much"
    return f"costs {money(more)} more" if more > 0 else f"saves {money(-more)}"
