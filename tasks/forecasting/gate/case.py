"""A variant before the gate, and how a question about it is answered: measured, undefined, or not asked."""

import math
from dataclasses import dataclass, replace

from tasks.forecasting.gate.checks import NAN, Check, Gap, Outcome
from tasks.forecasting.gate.comparison import Comparison, Estimate
from tasks.forecasting.gate.drivers import Bar, counterfactual
from tasks.forecasting.gate.evidence import Evidence, File
from tasks.forecasting.gate.limits import Limits


@dataclass(frozen=True)
class Case:
    """A variant before the gate.

    Attributes:
        comparison: The evidence, and the answers that it gives.
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
        """Whether the holdout has as many days as confident bounds need."""
        return self.comparison.days >= self.limits.min_days


def not_worse(case: Case, name: str, other: str, limit: float, label: str | None = None) -> Check:
    """Whether the upper bound of the difference of MAPE from another forecaster's is within the limit."""
    difference = case.comparison.difference(case.file.variant, other)
    against = label or (case.evidence.errors[other].label if case.comparison.has(other) else None)
    return at_most(case, name, difference, limit, "pp", other, against)


def at_most(
    case: Case, name: str, estimate: Estimate, limit: float, unit: str, other: str | None, against: str | None
) -> Check:
    """Whether the upper bound of what was measured is within the limit, and if it is not, where that came from.

    Args:
        case: The variant.
        name: Name of the check.
        estimate: What was measured, with its bounds.
        limit: The greatest upper bound allowed.
        unit: Unit of the estimate and the limit.
        other: The forecaster that the estimate compares with; `None` for the variant's own MAPE.
        against: What that forecaster is, in words; `None` for the variant's own MAPE.
    """
    if not estimate.known:
        return replace(undefined(name, limit, unit), against=against)
    bar = Bar(limit)
    check = measured(case, name, estimate, limit, unit, pass_or_fail(bar.clears(estimate.high)), against)
    return explained(case, check, other, estimate, bar)


def measured(
    case: Case,
    name: str,
    estimate: Estimate,
    limit: float,
    unit: str,
    outcome: Outcome,
    against: str | None = None,
) -> Check:
    """An answer from the draws of days, which counts only if there are enough days to draw from."""
    confidence = case.limits.confidence if math.isfinite(estimate.high) else NAN
    check = Check(name, estimate.value, limit, unit, outcome, *estimate[1:], confidence, against)
    return check if case.enough_days else replace(check, outcome="abstain", gap="few days")


def undefined(name: str, limit: float, unit: str) -> Check:
    """The answer where an error is NaN or missing."""
    return Check(name, NAN, limit, unit, "abstain", gap="undefined")


def not_asked(name: str, limit: float, gap: Gap) -> Check:
    """The answer where the question does not arise."""
    return Check(name, NAN, limit, "pp", "not applicable", gap=gap)


def explained(case: Case, check: Check, other: str | None, estimate: Estimate, bar: Bar) -> Check:
    """The check, with what its refusal came from."""
    if check.outcome != "fail":
        return check
    why = counterfactual(case.comparison, case.file.variant, other, estimate.high, bar)
    return replace(check, counterfactual=why)


def pass_or_fail(passes: bool) -> Outcome:
    """The outcome of a question that has an answer."""
    return "pass" if passes else "fail"
