"""The gate's rules. Each compares what was measured of a variant with a limit; what is NaN or missing never passes."""

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.gate import groups
from tasks.forecasting.gate.case import (
    Case,
    at_most,
    explained,
    measured,
    not_asked,
    not_worse,
    pass_or_fail,
    undefined,
)
from tasks.forecasting.gate.checks import NAN, Check, Counterfactual, Devices, Fault, Files, Runs
from tasks.forecasting.gate.comparison import Estimate
from tasks.forecasting.gate.drivers import Bar, rounded_up
from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE


def loads(case: Case) -> Check:
    """The file loads and answers its golden samples."""
    faults = 0.0 if case.file.fault is None else 1.0
    return Check("file", faults, 0.0, "faults", pass_or_fail(faults == 0), facts=Fault(case.file.fault))


def enough_days(case: Case) -> Check:
    """Enough days of the holdout count in MAPE."""
    days, needed = case.comparison.days, case.limits.min_days
    return Check("days", days, needed, "days", "pass" if case.enough_days else "abstain")


def enough_coverage(case: Case) -> Check:
    """MAPE covers enough of the days."""
    measured, needed = case.evidence.forecasts.sum(), case.evidence.min_coverage
    covered = float(100 * case.evidence.counted.sum() / measured) if measured else NAN
    return Check("coverage", covered, needed, "%", "pass" if covered >= needed else "abstain")


def smaller_than_parent(case: Case) -> Check:
    """The file is smaller than its parent's on disk or in transfer, and larger in neither."""
    own, parent = case.file, case.parent
    if parent is None:
        return Check("size", own.file_bytes, NAN, "bytes", "not applicable", gap="no parent")
    sizes, limits = (own.file_bytes, own.transfer_bytes), (parent.file_bytes, parent.transfer_bytes)
    no_larger = all(size <= limit for size, limit in zip(sizes, limits, strict=True))
    outcome = pass_or_fail(no_larger and sizes != limits)
    return Check("size", own.file_bytes, parent.file_bytes, "bytes", outcome, facts=Files(own, parent))


def fits_a_device(case: Case) -> Check:
    """The file fits at least one device class."""
    misfits = case.file.misfits or {}
    fitting = sum(why is None for why in misfits.values())
    check = Check("device", fitting, 1, "device classes", pass_or_fail(fitting >= 1), facts=Devices(misfits))
    return check if misfits else replace(check, outcome="abstain", gap="no device class")


def fresh(case: Case, limit: int) -> Check:
    """The last sales are recent enough, and not of a future day."""
    age = case.evidence.age_days
    if age is None:
        return Check("freshness", NAN, limit, "days", "abstain", gap="unknown age")
    return Check("freshness", age, limit, "days", pass_or_fail(0 <= age <= limit))


def accurate(case: Case, limit: float) -> Check:
    """MAPE is within an absolute limit."""
    return at_most(case, "absolute", case.comparison.mape(case.file.variant), limit, "%", None, None)


def as_good_as_baseline(case: Case, limit: float) -> Check:
    """MAPE is not much above the baseline's."""
    return not_worse(case, "baseline", case.baseline, limit, case.baseline)


def as_good_as_parent(case: Case, limit: float) -> Check:
    """MAPE is not much above that of the variant that it was made from."""
    if case.parent is None:
        return not_asked("parent", limit, "no parent")
    return not_worse(case, "parent", case.parent.variant, limit, case.parent.variant)


def as_good_as_champion(case: Case, limit: float) -> Check:
    """MAPE is not much above that of what the stores run; a first release needs another limit instead."""
    if case.comparison.has(CHAMPION):
        return not_worse(case, "champion", CHAMPION, limit)
    if case.limits.max_mape is None and not case.limits.beat_reference:
        return Check("champion", NAN, limit, "pp", "abstain", gap="no limit for a first release")
    return not_asked("champion", limit, "no champion")


def as_good_as_last_year(case: Case, limit: float) -> Check:
    """MAPE is not much above that of the release of the same season last year."""
    if not case.comparison.has(LAST_YEAR):
        return not_asked("last year", limit, "no release last year")
    return not_worse(case, "last year", LAST_YEAR, limit)


def within_the_years_budget(case: Case, limit: float) -> Check:
    """MAPE is not much above that of any model of the year; the check names the one that it is worst against."""
    earlier = [name for name in case.evidence.errors if name.startswith(f"{BUDGET} ")]
    if not earlier:
        return not_asked("budget", limit, "no earlier model")
    high = {name: case.comparison.difference(case.file.variant, name).high for name in earlier}
    return not_worse(case, "budget", max(high, key=lambda name: np.nan_to_num(high[name], nan=math.inf)), limit)


def good_in_every_store(case: Case, limit: float) -> Check:
    """In no store is MAPE significantly more than the limit above that of what the store would keep."""
    return _good_in_every_group(case, "store", case.evidence.stores, limit)


def good_in_every_class(case: Case, limit: float) -> Check:
    """In no item class is MAPE significantly more than the limit above that of what stores would keep."""
    return _good_in_every_group(case, "item class", case.evidence.classes, limit)


def _good_in_every_group(case: Case, kind: str, of_segment: NDArray[np.str_], limit: float) -> Check:
    if not case.comparison.has(case.file.variant, INCUMBENT):
        return undefined(kind, limit, "pp")
    worst = groups.worst(case.comparison, case.file.variant, INCUMBENT, of_segment, limit)
    label = case.evidence.errors[INCUMBENT].label
    if worst.undefined or not worst.groups:
        return replace(undefined(kind, limit, "pp"), facts=worst)
    outcome = pass_or_fail(not worst.flagged)
    check = replace(measured(case, kind, worst.estimate, limit, "pp", outcome, label), facts=worst)
    if check.outcome != "fail":
        return check
    more = rounded_up(worst.enough - limit)  # by how much a limit that flags no group is above this one
    return replace(check, counterfactual=Counterfactual(more, worst.flagged if kind == "store" else ()))


def unbiased(case: Case, limit: float) -> Check:
    """Forecasts are not much above or below sales in all.

    The bound on the side of the bias decides, so that a larger bias never passes where a smaller one does not.
    """
    bias = case.comparison.bias(case.file.variant)
    if not all(map(math.isfinite, bias)):
        return undefined("bias", limit, "%")
    furthest = bias.high if bias.value >= 0 else -bias.low
    return measured(case, "bias", bias, limit, "%", pass_or_fail(furthest <= limit))


def alike_in_every_run(case: Case, limit: float) -> Check:
    """The standard deviation of MAPE over the runs is within the limit."""
    mapes = case.file.run_mapes
    if not mapes or not all(map(math.isfinite, mapes)):
        return undefined("spread", limit, "pp")
    if len(mapes) == 1:
        return not_asked("spread", limit, "one run")
    spread = Estimate(statistics.stdev(mapes), NAN, NAN)
    check = measured(case, "spread", spread, limit, "pp", pass_or_fail(spread.value <= limit))
    return replace(check, facts=Runs(len(mapes)))


def beats_reference(case: Case) -> Check:
    """The upper bound of MAPE is below that of the forecast without a network."""
    own, reference = (case.comparison.mape(name).value for name in (case.file.variant, REFERENCE))
    difference, bar = case.comparison.difference(case.file.variant, REFERENCE), Bar(0.0, strict=True)
    if not difference.known:
        return Check("reference", own, reference, "%", "abstain", gap="undefined")
    shifted = Estimate(own, reference + difference.low, reference + difference.high)
    outcome, label = pass_or_fail(bar.clears(difference.high)), case.evidence.errors[REFERENCE].label
    check = measured(case, "reference", shifted, reference, "%", outcome, label)
    return explained(case, check, REFERENCE, difference, bar)


def believable(case: Case, limit: float) -> Check:
    """MAPE is not so far below the reference forecast's that it looks like a leak; else a person must look."""
    own, reference = (case.comparison.mape(name).value for name in (case.file.variant, REFERENCE))
    if not (math.isfinite(own) and math.isfinite(reference)):
        return undefined("too good", limit, "%")
    better = 100 * (1 - own / reference) if reference else 0.0
    if better <= limit:
        return measured(case, "too good", Estimate(better, NAN, NAN), limit, "%", "pass")
    return Check("too good", better, limit, "%", "abstain")


Rule = Callable[[Case, Any], Check]

RULES: dict[str, Rule] = {
    "smaller_than_parent": lambda case, _: smaller_than_parent(case),
    "fit_a_device": lambda case, _: fits_a_device(case),
    "max_age_days": fresh,
    "max_mape": accurate,
    "max_worse_than_baseline_pp": as_good_as_baseline,
    "max_worse_than_parent_pp": as_good_as_parent,
    "max_worse_than_champion_pp": as_good_as_champion,
    "max_worse_than_last_year_pp": as_good_as_last_year,
    "max_worse_in_a_year_pp": within_the_years_budget,
    "max_worse_in_a_store_pp": good_in_every_store,
    "max_worse_in_a_class_pp": good_in_every_class,
    "max_bias_pct": unbiased,
    "max_spread_pp": alike_in_every_run,
    "beat_reference": lambda case, _: beats_reference(case),
    "max_better_than_reference": believable,
}
"""The rule of each limit, in the order in which a reader wants the answers."""


def ask(case: Case) -> Iterator[Check]:
    """Every question that the limits set, and those that are always asked."""
    yield from (loads(case), enough_days(case), enough_coverage(case))
    for name, rule in RULES.items():
        limit = getattr(case.limits, name)
        if limit is not None and limit is not False:
            yield rule(case, limit)
