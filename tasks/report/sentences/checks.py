"""One sentence for each check of the gate, and one for what would have passed; without a full stop, to be joined."""

from collections.abc import Callable
from typing import TypeVar

from tasks.forecasting.gate.checks import Check, Counterfactual, Devices, Fault, Files, Gap, Runs
from tasks.forecasting.gate.groups import Worst
from tasks.report.text import listed, number, percent, plural, signed
from tasks.state.variant_record import CheckRecord, CounterfactualRecord

Facts = TypeVar("Facts")

GAPS: dict[Gap, str] = {
    "unknown age": "it is not known how old the last sales are",
    "no device class": "no device class is known that it could fit",
    "no limit for a first release": "no store runs a model yet, so there is no champion to compare with, and neither "
    "max_mape nor beat_reference is set for a first release",
    "no parent": "the baseline was made from no other variant",
    "no champion": "no store runs a model yet, so there is no champion to compare with: a first release goes by the "
    "absolute limit and the reference forecast",
    "no release last year": "there is no release of the same season last year",
    "no earlier model": "no store ran a model yet",
    "one run": "one run has no spread; profiles with more runs have",
}
"""Why a question has no answer, where that is all there is to say."""


def sentence(check: Check) -> str:
    """What a check found."""
    if check.gap in GAPS:
        return GAPS[check.gap]
    if check.gap == "undefined":
        return _undefined(check)
    found = _SENTENCES[check.name](check)
    return f"{found}; but the holdout has too few days to be confident" if check.gap == "few days" else found


def would_have_passed(check: Check) -> str | None:
    """The smallest change with which a refused variant would have passed; `None` where that is not known."""
    if check.counterfactual is None:
        return None
    if isinstance(check.facts, Worst):
        return _another_limit(check, check.facts, check.counterfactual.needed)
    return _another_mape(check.counterfactual)


def reasons(checks: tuple[Check, ...]) -> list[str]:
    """A sentence for each check that keeps a variant from passing."""
    return [sentence(check) for check in checks if check.refuses]


def check_record(check: Check) -> CheckRecord:
    """A check as manifests and the command line have it, with its sentences."""
    return CheckRecord(
        name=check.name,
        value=check.value,
        limit=check.limit,
        unit=check.unit,
        outcome=check.outcome,
        sentence=sentence(check),
        low=check.low,
        high=check.high,
        counterfactual=_counterfactual_record(check),
    )


def _counterfactual_record(check: Check) -> CounterfactualRecord | None:
    would, words = check.counterfactual, would_have_passed(check)
    if would is None or words is None:
        return None
    return CounterfactualRecord(needed=would.needed, stores=would.stores, weeks=would.weeks, sentence=words)


def _file(check: Check) -> str:
    fault = _facts(check, Fault).why
    return "the file loads and answers its golden samples" if fault is None else f"the file is not usable: {fault}"


def _days(check: Check) -> str:
    return f"the holdout has {plural(int(check.value), 'day')}, {check.limit:g} are needed"


def _coverage(check: Check) -> str:
    return f"MAPE covers {number(check.value, 1)} % of the days, {check.limit:g} % are needed"


def _size(check: Check) -> str:
    files = _facts(check, Files)
    own, parent = files.own, files.parent
    verb = "smaller" if check.outcome == "pass" else "no smaller"
    return (
        f"the file ({own.file_bytes:,} bytes on disk, {own.transfer_bytes:,} in transfer) "
        f"is {verb} than {parent.variant}'s ({parent.file_bytes:,} and {parent.transfer_bytes:,})"
    )


def _device(check: Check) -> str:
    misfits = _facts(check, Devices).misfits
    fitting = [f"a {name}" for name, why in misfits.items() if why is None]
    unfit = [f"a {name} cannot have it: it {why}" for name, why in misfits.items() if why]
    return "; ".join([f"it fits {listed(fitting)}" if fitting else "it fits no device class", *unfit])


def _freshness(check: Check) -> str:
    age = int(check.value)
    if age < 0:
        return f"the last sales are {plural(-age, 'day')} in the future"
    return f"the last sales are {plural(age, 'day')} old, {_within(check, check.outcome == 'pass')}"


def _absolute(check: Check) -> str:
    return f"MAPE is {number(check.value)} %; its {_upper_bound(check)}"


def _difference(check: Check) -> str:
    return f"MAPE is {_apart(check.value)} {_whose(check)}; the {_upper_bound(check, signed)}"


def _reference(check: Check) -> str:
    own = f"MAPE of {number(check.value)} %"
    theirs = f"the {number(check.limit)} % of the reference forecast ({check.against})"
    if check.high < check.limit:
        return f"{own} is below {theirs}, with {percent(check.confidence)} confidence"
    if check.value < check.limit:
        bound = f"{percent(check.confidence)} upper bound, {number(check.high)} %"
        return f"{own} is below {theirs}, but its {bound}, is not"
    return f"{own} is not below {theirs}, which needs no network"


def _too_good(check: Check) -> str:
    side = "below" if check.value >= 0 else "above"
    found = f"MAPE is {number(abs(check.value), 0)} % {side} the reference forecast's"
    if check.value <= check.limit:
        return f"{found}, which is believable"
    return f"{found}, over the limit of {check.limit:g} %: check whether sales of the holdout leaked into training"


def _group(check: Check) -> str:
    worst, groups = _facts(check, Worst), "stores" if check.name == "store" else "item classes"
    said = _flagged(check, worst) if worst.flagged else _not_flagged(check, worst, groups)
    return f"{said}; too few days to judge {listed(worst.short)}" if worst.short else said


def _flagged(check: Check, worst: Worst) -> str:
    others = worst.flagged[1:]
    also = f"; so {'is' if len(others) == 1 else 'are'} {listed(others)}" if others else ""
    bound = f"{percent(check.confidence)} lower bound for all at once, {signed(check.low)} pp"
    return (
        f"{check.name} {worst.flagged[0]} is significantly worse: MAPE is {_apart(check.value)} {check.against}, "
        f"and the {bound}, is over the limit of {check.limit:g} pp{also}"
    )


def _not_flagged(check: Check, worst: Worst, groups: str) -> str:
    name, difference = worst.groups[0]
    said = f"none of {len(worst.groups):,} {groups} is significantly more than {check.limit:g} pp worse than"
    if difference < 0:
        least = f"{check.name} {name} by the least ({number(-difference)} pp)"
        return f"{said} {check.against}; all have a lower MAPE, {least}"
    return f"{said} {check.against}; the largest difference is {signed(difference)} pp, in {check.name} {name}"


def _bias(check: Check) -> str:
    bound = check.high if check.value >= 0 else check.low
    said = f"the bias is {signed(check.value)} % of sales; its {percent(check.confidence)} bound, {signed(bound)} %"
    return f"{said}, is {_within(check, abs(bound) <= check.limit)}"


def _spread(check: Check) -> str:
    said = f"the standard deviation of MAPE over {_facts(check, Runs).count} runs is {number(check.value, 3)} pp"
    return f"{said}, {_within(check, check.value <= check.limit)}"


_SENTENCES: dict[str, Callable[[Check], str]] = {
    "file": _file,
    "days": _days,
    "coverage": _coverage,
    "size": _size,
    "device": _device,
    "freshness": _freshness,
    "absolute": _absolute,
    **dict.fromkeys(("baseline", "parent", "champion", "last year", "budget"), _difference),
    "store": _group,
    "item class": _group,
    "bias": _bias,
    "spread": _spread,
    "reference": _reference,
    "too good": _too_good,
}


def _undefined(check: Check) -> str:
    if check.name in ("reference", "too good"):
        return "MAPE of the variant or of the reference forecast is undefined"
    where = ""
    if isinstance(check.facts, Worst) and check.facts.undefined:
        where = f" in {listed(check.facts.undefined)}"
    return f"{_subject(check)}{where} is undefined, so the limit of {check.limit:g} {check.unit} cannot be checked"


def _subject(check: Check) -> str:
    if check.name in ("store", "item class"):
        return f"the difference of MAPE by {check.name}"
    if check.name in ("absolute", "bias", "spread"):
        return {"absolute": "MAPE", "bias": "the bias", "spread": "the spread of MAPE over runs"}[check.name]
    return f"the difference of MAPE from {_whose(check)}"


def _whose(check: Check) -> str:
    """Whom a check compares with."""
    label = check.against or check.name
    return {"baseline": f"the baseline {label}", "parent": f"its parent {label}"}.get(check.name, label)


def _apart(difference: float) -> str:
    """How far a MAPE is from another's: an improvement is below it."""
    if not round(difference, 2):
        return "the same as that of"
    return f"{number(abs(difference))} pp {'above' if difference > 0 else 'below'} that of"


def _upper_bound(check: Check, shown: Callable[[float], str] = number) -> str:
    bound = f"{percent(check.confidence)} upper bound, {shown(check.high)} {check.unit}"
    return f"{bound}, is {_within(check, check.high <= check.limit)}"


def _within(check: Check, keeps: bool) -> str:
    return f"{'within' if keeps else 'over'} the limit of {check.limit:g} {check.unit}"


def _another_mape(would: Counterfactual) -> str:
    ways = [f"with a MAPE {number(would.needed)} pp lower (the bound counts, not the mean)"]
    ways += [f"without store {listed(would.stores)}"] if would.stores else []
    ways += [f"without the weeks of {listed(sorted(would.weeks))}"] if would.weeks else []
    spread = f"; the error is spread over many stores, of which store {would.most} adds most" if would.most else ""
    return f"it would have passed {', or '.join(ways)}{spread}"


def _another_limit(check: Check, worst: Worst, needed: float) -> str:
    said = f"it would have passed with a limit of {check.limit + needed:g} pp"
    if len(worst.flagged) == len(worst.groups):
        return said
    return f"{said}, or without {check.name} {listed(worst.flagged)}"


def _facts(check: Check, kind: type[Facts]) -> Facts:
    """The facts of a check, which are of the kind that its rule gives."""
    if not isinstance(check.facts, kind):
        raise TypeError(f"the check {check.name} needs facts of the kind {kind.__name__}. Received: {check.facts}")
    return check.facts
