"""The gate's rules. Each compares what was measured of a variant with its limit; NaN and what is missing never pass."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.gate import drivers, groups
from tasks.forecasting.gate.checks import NAN, Check, Counterfactual, Devices, Fault, Files, Gap, Outcome, Runs
from tasks.forecasting.gate.comparison import Comparison, Estimate
from tasks.forecasting.gate.drivers import Bar
from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE, Evidence, File
from tasks.forecasting.gate.groups import Worst
from tasks.forecasting.gate.limits import Limits


@dataclass(frozen=True)
class Case:
    """A variant before the gate.

    Attributes:
        comparison: The evidence, and answers from it.
        file: The variant's shipped file.
        parent: The file of the variant that it was made from; `None` for the baseline.
        baseline: The baseline's name.
    """

    comparison: Comparison
    file: File
    parent: File | None
    baseline: str

    @property
    def limits(self) -> Limits:
        return self.comparison.limits

    @property
    def evidence(self) -> Evidence:
        return self.comparison.evidence

    @property
    def enough_days(self) -> bool:
        """Whether the holdout has the days that bounds need to be meant."""
        return self.comparison.days >= self.limits.min_days


def ask(case: Case) -> Iterator[Check]:
    """Every question that the limits set, in the order in which a reader wants the answers."""
    yield from _about_the_file(case)
    yield from _about_accuracy(case)
    yield from _about_parts_and_runs(case)


def _about_the_file(case: Case) -> Iterator[Check]:
    limits = case.limits
    yield loads(case)
    yield enough_days(case)
    yield enough_coverage(case)
    if limits.smaller_than_parent:
        yield smaller_than_parent(case)
    if limits.fit_a_device:
        yield fits_a_device(case)
    if limits.max_age_days is not None:
        yield fresh(case, limits.max_age_days)


def _about_accuracy(case: Case) -> Iterator[Check]:
    limits = case.limits
    if limits.max_mape is not None:
        yield accurate(case, limits.max_mape)
    if limits.max_worse_than_baseline_pp is not None:
        yield as_good_as_baseline(case, limits.max_worse_than_baseline_pp)
    if limits.max_worse_than_parent_pp is not None:
        yield as_good_as_parent(case, limits.max_worse_than_parent_pp)
    if limits.max_worse_than_champion_pp is not None:
        yield as_good_as_champion(case, limits.max_worse_than_champion_pp)
    if limits.max_worse_than_last_year_pp is not None:
        yield as_good_as_last_year(case, limits.max_worse_than_last_year_pp)
    if limits.max_worse_in_a_year_pp is not None:
        yield within_the_years_budget(case, limits.max_worse_in_a_year_pp)


def _about_parts_and_runs(case: Case) -> Iterator[Check]:
    limits = case.limits
    if limits.max_worse_in_a_store_pp is not None:
        yield good_in_every_group(case, "store", case.evidence.stores, limits.max_worse_in_a_store_pp)
    if limits.max_worse_in_a_class_pp is not None:
        yield good_in_every_group(case, "item class", case.evidence.classes, limits.max_worse_in_a_class_pp)
    if limits.max_bias_pct is not None:
        yield unbiased(case, limits.max_bias_pct)
    if limits.max_spread_pp is not None:
        yield alike_in_every_run(case, limits.max_spread_pp)
    if limits.beat_reference:
        yield beats_reference(case)
    if limits.max_better_than_reference is not None:
        yield believable(case, limits.max_better_than_reference)


def loads(case: Case) -> Check:
    """The file loads and answers its golden samples."""
    faults = 0.0 if case.file.fault is None else 1.0
    return Check("file", faults, 0.0, "faults", _pass_or_fail(faults == 0), facts=Fault(case.file.fault))


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
    """The file is smaller than its parent's, on disk or in transfer, and larger in neither."""
    own, parent = case.file, case.parent
    if parent is None:
        return Check("size", own.file_bytes, NAN, "bytes", "not applicable", gap="no parent")
    sizes, limits = (own.file_bytes, own.transfer_bytes), (parent.file_bytes, parent.transfer_bytes)
    no_larger = all(size <= limit for size, limit in zip(sizes, limits, strict=True))
    outcome = _pass_or_fail(no_larger and sizes != limits)
    return Check("size", own.file_bytes, parent.file_bytes, "bytes", outcome, facts=Files(own, parent))


def fits_a_device(case: Case) -> Check:
    """The file fits one device class at least."""
    misfits = case.file.misfits or {}
    fitting = sum(why is None for why in misfits.values())
    check = Check("device", fitting, 1, "device classes", _pass_or_fail(fitting >= 1), facts=Devices(misfits))
    return check if misfits else replace(check, outcome="abstain", gap="no device class")


def fresh(case: Case, limit: int) -> Check:
    """The last sales are young enough, and not of the future."""
    age = case.evidence.age_days
    if age is None:
        return Check("freshness", NAN, limit, "days", "abstain", gap="unknown age")
    return Check("freshness", age, limit, "days", _pass_or_fail(0 <= age <= limit))


def accurate(case: Case, limit: float) -> Check:
    """MAPE is within an absolute limit."""
    return _at_most(case, "absolute", case.comparison.mape(case.file.variant), limit, "%", None, None)


def as_good_as_baseline(case: Case, limit: float) -> Check:
    """MAPE is not much above the baseline's."""
    return _not_worse(case, "baseline", case.baseline, limit, case.baseline)


def as_good_as_parent(case: Case, limit: float) -> Check:
    """MAPE is not much above that of the variant that it was made from."""
    if case.parent is None:
        return _not_asked("parent", limit, "no parent")
    return _not_worse(case, "parent", case.parent.variant, limit, case.parent.variant)


def as_good_as_champion(case: Case, limit: float) -> Check:
    """MAPE is not much above that of what the stores run; a first release needs another limit instead."""
    if case.comparison.has(CHAMPION):
        return _not_worse(case, "champion", CHAMPION, limit)
    if case.limits.max_mape is None and not case.limits.beat_reference:
        return Check("champion", NAN, limit, "pp", "abstain", gap="no limit for a first release")
    return _not_asked("champion", limit, "no champion")


def as_good_as_last_year(case: Case, limit: float) -> Check:
    """MAPE is not much above that of the release of the same season last year."""
    if not case.comparison.has(LAST_YEAR):
        return _not_asked("last year", limit, "no release last year")
    return _not_worse(case, "last year", LAST_YEAR, limit)


def within_the_years_budget(case: Case, limit: float) -> Check:
    """MAPE is not much above that of any model of the year; the check is against the one that it is worst against."""
    earlier = [name for name in case.evidence.errors if name.startswith(f"{BUDGET} ")]
    if not earlier:
        return _not_asked("budget", limit, "no earlier model")
    high = {name: case.comparison.difference(case.file.variant, name).high for name in earlier}
    return _not_worse(case, "budget", max(high, key=lambda name: _undefined_first(high[name])), limit)


def good_in_every_group(case: Case, kind: str, of_segment: NDArray[np.str_], limit: float) -> Check:
    """In no store, or item class, is MAPE significantly over the limit above that of what the stores would keep."""
    if not case.comparison.has(case.file.variant, INCUMBENT):
        return _undefined(kind, limit, "pp")
    worst = groups.worst(case.comparison, case.file.variant, INCUMBENT, of_segment, limit)
    label = case.evidence.errors[INCUMBENT].label
    if worst.undefined or not worst.groups:
        return replace(_undefined(kind, limit, "pp"), facts=worst)
    outcome = _pass_or_fail(not worst.flagged)
    check = replace(_measured(case, kind, worst.estimate, limit, "pp", outcome, label), facts=worst)
    return replace(check, counterfactual=_with_another_limit(worst, limit, kind)) if check.outcome == "fail" else check


def unbiased(case: Case, limit: float) -> Check:
    """Forecasts are not much above or below sales in all.

    The bound on the side of the bias counts, so that a larger bias is never taken for a smaller one.
    """
    bias = case.comparison.bias(case.file.variant)
    if not all(map(math.isfinite, bias)):
        return _undefined("bias", limit, "%")
    furthest = bias.high if bias.value >= 0 else -bias.low
    return _measured(case, "bias", bias, limit, "%", _pass_or_fail(furthest <= limit))


def alike_in_every_run(case: Case, limit: float) -> Check:
    """The standard deviation of MAPE over the runs is within the limit."""
    mapes = case.file.run_mapes
    if not mapes or not all(map(math.isfinite, mapes)):
        return _undefined("spread", limit, "pp")
    if len(mapes) == 1:
        return _not_asked("spread", limit, "one run")
    spread = Estimate(statistics.stdev(mapes), NAN, NAN)
    check = _measured(case, "spread", spread, limit, "pp", _pass_or_fail(spread.value <= limit))
    return replace(check, facts=Runs(len(mapes)))


def beats_reference(case: Case) -> Check:
    """The upper bound of MAPE is below that of the forecast without a network."""
    own, reference = (case.comparison.mape(name).value for name in (case.file.variant, REFERENCE))
    difference, bar = case.comparison.difference(case.file.variant, REFERENCE), Bar(0.0, strict=True)
    if not difference.known:
        return Check("reference", own, reference, "%", "abstain", gap="undefined")
    shifted = Estimate(own, reference + difference.low, reference + difference.high)
    outcome, label = _pass_or_fail(bar.clears(difference.high)), case.evidence.errors[REFERENCE].label
    check = _measured(case, "reference", shifted, reference, "%", outcome, label)
    return _explained(case, check, REFERENCE, difference, bar)


def believable(case: Case, limit: float) -> Check:
    """MAPE is not so far below the reference forecast's that it looks like a leak; else a person must look."""
    own, reference = (case.comparison.mape(name).value for name in (case.file.variant, REFERENCE))
    if not (math.isfinite(own) and math.isfinite(reference)):
        return _undefined("too good", limit, "%")
    better = 100 * (1 - own / reference) if reference else 0.0
    if better <= limit:
        return _measured(case, "too good", Estimate(better, NAN, NAN), limit, "%", "pass")
    return Check("too good", better, limit, "%", "abstain")


def _not_worse(case: Case, name: str, other: str, limit: float, label: str | None = None) -> Check:
    """The upper bound of the difference of MAPE is within the limit."""
    difference = case.comparison.difference(case.file.variant, other)
    against = label or (case.evidence.errors[other].label if case.comparison.has(other) else None)
    return _at_most(case, name, difference, limit, "pp", other, against)


def _at_most(
    case: Case, name: str, estimate: Estimate, limit: float, unit: str, other: str | None, against: str | None
) -> Check:
    if not estimate.known:
        return replace(_undefined(name, limit, unit), against=against)
    bar = Bar(limit)
    check = _measured(case, name, estimate, limit, unit, _pass_or_fail(bar.clears(estimate.high)), against)
    return _explained(case, check, other, estimate, bar)


def _measured(
    case: Case,
    name: str,
    estimate: Estimate,
    limit: float,
    unit: str,
    outcome: Outcome,
    against: str | None = None,
) -> Check:
    """An answer from the draws of days, which counts only if there are days enough to draw from."""
    confidence = case.limits.confidence if math.isfinite(estimate.high) else NAN
    check = Check(name, estimate.value, limit, unit, outcome, *estimate[1:], confidence, against)
    return check if case.enough_days else replace(check, outcome="abstain", gap="few days")


def _undefined(name: str, limit: float, unit: str) -> Check:
    return Check(name, NAN, limit, unit, "abstain", gap="undefined")


def _not_asked(name: str, limit: float, gap: Gap) -> Check:
    return Check(name, NAN, limit, "pp", "not applicable", gap=gap)


def _explained(case: Case, check: Check, other: str | None, estimate: Estimate, bar: Bar) -> Check:
    """The check with what its refusal came from."""
    if check.outcome != "fail":
        return check
    variant, several = case.file.variant, len(set(case.evidence.stores)) > 1
    stores = drivers.stores(case.comparison, variant, other, bar)
    weeks = drivers.weeks(case.comparison, variant, other, bar)
    most = stores.most if several and not stores.fewest else None
    return replace(check, counterfactual=Counterfactual(_needed(estimate.high, bar), stores.fewest, weeks.fewest, most))


def _with_another_limit(worst: Worst, limit: float, kind: str) -> Counterfactual:
    """The limit that would have flagged no group, as a change of the limit asked for."""
    return Counterfactual(_up(worst.enough - limit), worst.flagged if kind == "store" else ())


def _needed(high: float, bar: Bar) -> float:
    """By how much a bound must fall to clear the bar, rounded up to two decimals so that it suffices."""
    over = high - bar.limit
    return (math.floor(100 * over) + 1) / 100 if bar.strict else _up(over)


def _up(value: float) -> float:
    return math.ceil(100 * value) / 100


def _pass_or_fail(passes: bool) -> Outcome:
    return "pass" if passes else "fail"


def _undefined_first(high: float) -> float:
    return math.inf if math.isnan(high) else high
