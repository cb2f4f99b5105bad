"""Each question that the gate asks of a variant, with its answer, how sure it is, and a sentence."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.gate.comparison import Comparison, Estimate, names
from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE, File
from tasks.forecasting.gate.limits import Limits

Outcome = Literal["pass", "fail", "abstain", "not applicable"]

NAN = math.nan
BELOW_ZERO = -math.ulp(0.0)
"""The largest number below zero: `at most` this is `less than` zero."""


@dataclass(frozen=True)
class Counterfactual:
    """What a refusal came from, and what would have passed.

    Attributes:
        needed: The smallest change of the value, in the check's unit, with which it would have passed.
        stores: The fewest stores, worst first, without which it would have; none if it takes over half of them, or over
            20.
        weeks: The same of weeks, by their Mondays; none if it takes over a quarter of them, or over 20.
        sentence: All that in words.
    """

    needed: float
    stores: tuple[str, ...]
    weeks: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Check:
    """One question the gate asked.

    Attributes:
        name: What was compared.
        value: What was measured; NaN where it is undefined.
        low: Lower bound of it; NaN where there is none.
        high: Upper bound, which must be within the limit.
        limit: What it may be at most; NaN where nothing can be compared.
        unit: Of all four.
        outcome: `abstain` where the value or the limit is undefined: it never passes.
        sentence: The same in words.
        counterfactual: Of a refusal on accuracy.
    """

    name: str
    value: float
    limit: float
    unit: str
    outcome: Outcome
    sentence: str
    low: float = NAN
    high: float = NAN
    counterfactual: Counterfactual | None = None


@dataclass(frozen=True)
class Checks:
    """The questions about one variant's shipped file."""

    comparison: Comparison
    file: File
    parent: File | None
    baseline: str

    @property
    def limits(self) -> Limits:
        return self.comparison.limits

    def ask(self) -> Iterator[Check]:
        """Every question that the limits set, in the order in which a reader wants the answers."""
        yield self._file()
        yield self._days()
        yield self._coverage()
        for name, answer in {
            "smaller_than_parent": self._smaller,
            "fit_a_device": self._device,
            "max_age_days": self._fresh,
            "max_mape": self._absolute,
            "max_worse_than_baseline_pp": self._baseline,
            "max_worse_than_parent_pp": self._parent,
            "max_worse_than_champion_pp": self._champion,
            "max_worse_than_last_year_pp": self._last_year,
            "max_worse_in_a_year_pp": self._budget,
            "max_worse_in_a_store_pp": self._store,
            "max_worse_in_a_class_pp": self._class,
            "max_bias_pct": self._bias,
            "max_spread_pp": self._spread,
            "beat_reference": self._reference,
            "max_better_than_reference": self._too_good,
        }.items():
            limit = getattr(self.limits, name)
            if limit is not None and limit is not False:
                yield answer(limit)

    def _file(self) -> Check:
        if self.file.fault is None:
            return Check("file", 0.0, 0.0, "faults", "pass", "the file loads and answers its golden samples")
        return Check("file", 1.0, 0.0, "faults", "fail", f"the file is not usable: {self.file.fault}")

    def _smaller(self, _: bool) -> Check:
        disk, transfer = self.file.file_bytes, self.file.transfer_bytes
        if self.parent is None:
            said = "the baseline has no parent to be smaller than"
            return Check("size", disk, NAN, "bytes", "not applicable", said)
        other = self.parent
        no_larger = disk <= other.file_bytes and transfer <= other.transfer_bytes
        smaller = no_larger and (disk < other.file_bytes or transfer < other.transfer_bytes)
        verb = "is smaller than" if smaller else "saves nothing against"
        sentence = (
            f"the file ({disk:,} bytes on disk, {transfer:,} in transfer) "
            f"{verb} {other.variant}'s ({other.file_bytes:,} and {other.transfer_bytes:,})"
        )
        return Check("size", disk, other.file_bytes, "bytes", "pass" if smaller else "fail", sentence)

    def _device(self, _: bool) -> Check:
        misfits = self.file.misfits or {}
        fits = [name for name, why in misfits.items() if why is None]
        unfit = "; ".join(f"a {name} cannot have it: it {why}" for name, why in misfits.items() if why)
        outcome: Outcome = "pass" if fits else "fail" if misfits else "abstain"
        said = f"it fits {names(f'a {name}' for name in fits)}" if fits else "it fits no device class"
        if not misfits:
            said = "no device class is known that it could fit"
        return Check("device", len(fits), 1, "device classes", outcome, f"{said}{'; ' if unfit else ''}{unfit}")

    def _days(self) -> Check:
        days, needed = self.comparison.days, self.limits.min_days
        sentence = f"the holdout has {days} days, {needed} are needed"
        return Check("days", days, needed, "days", "pass" if self._enough else "abstain", sentence)

    @property
    def _enough(self) -> bool:
        return self.comparison.days >= self.limits.min_days

    def _coverage(self) -> Check:
        evidence = self.comparison.evidence
        measured, needed = evidence.forecasts.sum(), evidence.min_coverage
        covered = float(100 * evidence.counted.sum() / measured) if measured else NAN
        sentence = f"MAPE covers {covered:.1f} % of the days, {needed:g} % are needed"
        return Check("coverage", covered, needed, "%", "pass" if covered >= needed else "abstain", sentence)

    def _fresh(self, limit: int) -> Check:
        age = self.comparison.evidence.age_days
        if age is None:
            return Check("freshness", NAN, limit, "days", "abstain", "it is not known how old the last sales are")
        outcome: Outcome = "pass" if 0 <= age <= limit else "fail"
        within = "within" if outcome == "pass" else "which is not within"
        said = f"the last sales are {age} days old, {within} {limit} days"
        return Check("freshness", age, limit, "days", outcome, said)

    def _absolute(self, limit: float) -> Check:
        return self._at_most("absolute", "MAPE", self.comparison.mape(self.file.variant), limit, "%", against=None)

    def _baseline(self, limit: float) -> Check:
        return self._worse("baseline", "the baseline's", self.baseline, limit)

    def _parent(self, limit: float) -> Check:
        if self.parent is None:
            return self._nothing_to_compare("parent", limit, "the baseline was made from no other variant")
        whose = f"that of {self.parent.variant}, which it was made from,"
        return self._worse("parent", whose, self.parent.variant, limit)

    def _champion(self, limit: float) -> Check:
        if CHAMPION in self.comparison.evidence.errors:
            return self._worse("champion", "the champion's", CHAMPION, limit)
        said = "no store runs a model yet, so there is no champion to compare with"
        if self.limits.max_mape is None and not self.limits.beat_reference:
            said += ", and neither max_mape nor beat_reference is set for a first release"
            return Check("champion", NAN, limit, "pp", "abstain", said)
        said += ": a first release goes by the absolute limit and the reference forecast"
        return self._nothing_to_compare("champion", limit, said)

    def _last_year(self, limit: float) -> Check:
        if LAST_YEAR in self.comparison.evidence.errors:
            label = self.comparison.evidence.errors[LAST_YEAR].label
            return self._worse("last year", f"that of {label}", LAST_YEAR, limit)
        return self._nothing_to_compare("last year", limit, "there is no release of the same season last year")

    def _budget(self, limit: float) -> Check:
        """The one of the year's models that it comes off worst against: it must keep to the limit against them all."""
        earlier = [name for name in self.comparison.evidence.errors if name.startswith(f"{BUDGET} ")]
        if not earlier:
            return self._nothing_to_compare("budget", limit, "no store ran a model yet")
        found = {name: self.comparison.difference(self.file.variant, name) for name in earlier}
        worst = max(found, key=lambda name: math.inf if math.isnan(found[name].high) else found[name].high)
        what = f"MAPE above that of {self.comparison.evidence.errors[worst].label}"
        return self._at_most("budget", what, found[worst], limit, "pp", worst)

    def _reference(self, _: bool) -> Check:
        """Below the reference for sure."""
        ours, other = (self.comparison.mape(name) for name in (self.file.variant, REFERENCE))
        difference = self.comparison.difference(self.file.variant, REFERENCE)
        if not (math.isfinite(difference.value) and math.isfinite(difference.high)):
            said = "MAPE of the variant or of the reference forecast is undefined"
            return Check("reference", ours.value, other.value, "%", "abstain", said)
        surely = f"{100 * self.limits.confidence:g} % sure"
        label = self.comparison.evidence.errors[REFERENCE].label
        bounds = (other.value + difference.low, other.value + difference.high)
        if difference.high < 0:
            said = f"MAPE of {ours.value:.2f} % beats the reference forecast's {other.value:.2f} %, {surely}"
            return self._decided("reference", ours.value, bounds, other.value, "%", "pass", said)
        if difference.value < 0:
            said = f"MAPE of {ours.value:.2f} % beats the {other.value:.2f} % of a {label}, but not {surely}"
        else:
            said = f"MAPE of {ours.value:.2f} % does not beat the {other.value:.2f} % of a {label}, without any network"
        check = self._decided("reference", ours.value, bounds, other.value, "%", "fail", said)
        return self._explained(check, REFERENCE, difference, BELOW_ZERO)

    def _too_good(self, limit: float) -> Check:
        """It abstains, whatever abstaining means otherwise: a person must look."""
        ours, other = (self.comparison.mape(name).value for name in (self.file.variant, REFERENCE))
        if not (math.isfinite(ours) and math.isfinite(other)):
            said = "MAPE of the variant or of the reference forecast is undefined"
            return Check("too good", NAN, limit, "%", "abstain", said)
        better = 100 * (1 - ours / other) if other else 0.0
        said = f"MAPE is {better:.0f} % below the reference forecast's"
        if better <= limit:
            said += ", which is believable"
            return self._decided("too good", better, (NAN, NAN), limit, "%", "pass", said)
        said += f", over {limit:g} %: too good to believe; look whether sales of the holdout leaked into training"
        return Check("too good", better, limit, "%", "abstain", said)

    def _store(self, limit: float) -> Check:
        return self._worst("store", "stores", self.comparison.evidence.stores, limit)

    def _class(self, limit: float) -> Check:
        return self._worst("item class", "item classes", self.comparison.evidence.classes, limit)

    def _bias(self, limit: float) -> Check:
        bias = self.comparison.bias(self.file.variant)
        if not all(map(math.isfinite, bias)):
            return self._undefined("bias", "the bias", limit, "%")
        # on the side that it is on, so that a larger bias is never taken for a smaller one
        furthest = bias.high if bias.value >= 0 else -bias.low
        outcome: Outcome = "pass" if furthest <= limit else "fail"
        said = f"forecasts are {bias.value:+.2f} % of sales off in all, {bias.low:+.2f} to {bias.high:+.2f} %"
        said += f", within {limit:g} %" if outcome == "pass" else f", over the limit of {limit:g} %"
        return self._decided("bias", bias.value, (bias.low, bias.high), limit, "%", outcome, said)

    def _spread(self, limit: float) -> Check:
        mapes = self.file.run_mapes
        if not mapes or not all(map(math.isfinite, mapes)):
            return self._undefined("spread", "the spread of MAPE over runs", limit, "pp")
        if len(mapes) == 1:
            return self._nothing_to_compare("spread", limit, "one run has no spread; profiles with more runs have")
        spread = statistics.stdev(mapes)
        outcome: Outcome = "pass" if spread <= limit else "fail"
        within = "within" if outcome == "pass" else "over the limit of"
        said = f"the standard deviation of MAPE over {len(mapes)} runs is {spread:.3f} pp, {within} {limit:g} pp"
        return self._decided("spread", spread, (NAN, NAN), limit, "pp", outcome, said)

    def _worst(self, kind: str, kinds: str, groups: NDArray[np.str_], limit: float) -> Check:
        what = f"MAPE of an {kind}" if kind[0] in "aeiou" else f"MAPE of a {kind}"
        measured = {self.file.variant, INCUMBENT} <= set(self.comparison.evidence.errors)
        if not measured:
            return self._undefined(kind, what, limit, "pp")
        worst = self.comparison.worst(self.file.variant, INCUMBENT, groups, limit)
        short = f"; not judged for want of days: {names(worst.short)}" if worst.short else ""
        if worst.undefined or not worst.groups:
            which = f" in {names(worst.undefined)}" if worst.undefined else ""
            return self._undefined(kind, what + which, limit, "pp")
        value, low, high = worst.estimate
        label = self.comparison.evidence.errors[INCUMBENT].label
        if worst.flagged:
            outcome: Outcome = "fail"
            said = (
                f"in {kind} {worst.flagged[0]} MAPE is {value:.2f} pp above that of {label}, at least {low:.2f} pp, "
                f"over the limit of {limit:g} pp"
            )
            said += f"; also in {names(worst.flagged[1:])}" if worst.flagged[1:] else ""
        else:
            outcome = "pass"
            said = (
                f"none of {len(worst.groups)} {kinds} is surely over {limit:g} pp worse than {label}; "
                f"the worst, {worst.groups[0].name}, {value:+.2f} pp"
            )
        check = self._decided(kind, value, (low, high), limit, "pp", outcome, said + short)
        if check.outcome != "fail":
            return check
        words = f"it would have passed with a limit of {_up(worst.enough):.2f} pp"
        words += f", or without {kind} {names(worst.flagged)}" if len(worst.flagged) < len(worst.groups) else ""
        stores = worst.flagged if kind == "store" else ()
        return replace(check, counterfactual=Counterfactual(_up(worst.enough - limit), stores, (), words))

    def _worse(self, name: str, whose: str, other: str, limit: float) -> Check:
        difference = self.comparison.difference(self.file.variant, other)
        return self._at_most(name, f"MAPE above {whose}", difference, limit, "pp", other)

    def _at_most(self, name: str, what: str, estimate: Estimate, limit: float, unit: str, against: str | None) -> Check:
        if not (math.isfinite(estimate.value) and math.isfinite(estimate.high)):
            return self._undefined(name, what, limit, unit)
        possible, surely = f"{_number(estimate.high)} {unit}", f"{100 * self.limits.confidence:g} % sure"
        said = f"{what} is {_number(estimate.value)} {unit}"
        if estimate.high <= limit:
            said, outcome = f"{said}, at most {possible} ({surely}), within {limit:g} {unit}", "pass"
        elif estimate.value <= limit:
            said, outcome = f"{said}, but not surely within {limit:g} {unit}: it may be {possible}", "fail"
        else:
            said, outcome = f"{said}, over the limit of {limit:g} {unit}", "fail"
        check = self._decided(name, estimate.value, estimate[1:], limit, unit, outcome, said)  # type: ignore[arg-type]
        return self._explained(check, against, estimate, limit) if outcome == "fail" else check

    def _decided(
        self, name: str, value: float, bounds: tuple[float, float], limit: float, unit: str, outcome: Outcome, said: str
    ) -> Check:
        """An answer from the draws, which counts only if there are days enough to draw from."""
        if not self._enough:
            outcome, said = "abstain", f"{said}; but {self.comparison.days} days are too few to be sure"
        return Check(name, value, limit, unit, outcome, said, *bounds)

    def _undefined(self, name: str, what: str, limit: float, unit: str) -> Check:
        said = f"{what} is undefined, so the limit of {limit:g} {unit} cannot be checked"
        return Check(name, NAN, limit, unit, "abstain", said)

    def _nothing_to_compare(self, name: str, limit: float, why: str) -> Check:
        return Check(name, NAN, limit, "pp", "not applicable", why)

    def _explained(self, check: Check, against: str | None, estimate: Estimate, limit: float) -> Check:
        """The check with what its refusal came from."""
        if check.outcome != "fail":
            return check
        comparison, variant = self.comparison, self.file.variant
        needed = _up(estimate.high - limit)
        stores = comparison.drivers(variant, against, comparison.evidence.stores, limit)
        weeks = comparison.weeks(variant, against, limit).fewest
        passing = [f"it would have passed with a MAPE {needed:.2f} pp lower"]
        passing += [f"without store {names(stores.fewest)}"] if stores.fewest else []
        passing += [f"without the weeks of {names(sorted(weeks))}"] if weeks else []
        said = ", or ".join(passing)
        if not stores.fewest and len(set(comparison.evidence.stores)) > 1:
            said += f"; no few stores explain it, store {stores.most} adds most"
        return replace(check, counterfactual=Counterfactual(needed, stores.fewest, weeks, said))


def _number(value: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _up(value: float) -> float:
    """Rounded up to two decimals, so that it suffices."""
    return math.ceil(100 * value) / 100
