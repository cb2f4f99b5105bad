"""The gate: whether a variant may reach a store, check by check, with a sentence for each."""

from dataclasses import dataclass

from tasks.forecasting.gate.checks import Check, Checks, Outcome
from tasks.forecasting.gate.comparison import Comparison, Group
from tasks.forecasting.gate.evidence import INCUMBENT, Evidence, File
from tasks.forecasting.gate.limits import Limits

WORST_OFF = 3
"""Stores named that come off worst."""


@dataclass(frozen=True)
class Verdict:
    """The gate's answer for one variant: `fail` if a check fails, else `abstain` if one abstains, else `pass`.

    Attributes:
        variant: Its name.
        outcome: What may happen to it.
        checks: All that was asked.
        worst_off: The stores where it is worse than what they would keep, or least better, the worst first, in
            percentage points.
    """

    variant: str
    outcome: Outcome
    checks: tuple[Check, ...]
    worst_off: tuple[Group, ...] = ()

    @property
    def reasons(self) -> list[str]:
        """A sentence for each check that did not pass."""
        return [check.sentence for check in self.checks if check.outcome in ("fail", "abstain")]


def judge(evidence: Evidence, limits: Limits) -> list[Verdict]:
    """A verdict for each variant. Every question that `limits` sets is asked; NaN and what is missing never pass.

    A comparison passes if the upper bound of the difference is within the limit, at `limits.confidence`. As every one
    of them has to pass, asking many makes no false pass more likely. Making any error of a variant larger never turns a
    failed check of it into one that passes; for bias and spread, which errors of opposite kinds make smaller, the error
    is the bias or the spread itself.
    """
    comparison = Comparison(evidence, limits)
    files = {file.variant: file for file in evidence.files}
    return [_verdict(comparison, file, files) for file in evidence.files]


def _verdict(comparison: Comparison, file: File, files: dict[str, File]) -> Verdict:
    baseline = next(iter(files))
    parent = files[file.parent] if file.parent else None
    checks = tuple(Checks(comparison, file, parent, baseline).ask())
    outcomes = {check.outcome for check in checks}
    outcome: Outcome = "fail" if "fail" in outcomes else "abstain" if "abstain" in outcomes else "pass"
    unanswered = {check.name for check in checks if check.outcome == "abstain"} - {"too good"}
    if unanswered and comparison.limits.abstain == "refuse":
        outcome = "fail"
    return Verdict(file.variant, outcome, checks, _worst_off(comparison, file.variant))


def _worst_off(comparison: Comparison, variant: str) -> tuple[Group, ...]:
    if not {variant, INCUMBENT} <= set(comparison.evidence.errors):
        return ()
    return comparison.ranked(variant, INCUMBENT, comparison.evidence.stores)[:WORST_OFF]
