"""The gate: whether a variant may reach a store, check by check."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.forecasting.gate.case import Case
from tasks.forecasting.gate.checks import Check, Outcome
from tasks.forecasting.gate.comparison import Comparison
from tasks.forecasting.gate.evidence import INCUMBENT, Evidence, File
from tasks.forecasting.gate.groups import Group, ranked
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.rules import ask

NAMED = 3
"""Number of stores named as the worst."""


@dataclass(frozen=True)
class Verdict:
    """The gate's answer for one variant: `fail` if a check fails, else `abstain` if one abstains, else `pass`.

    Attributes:
        variant: The variant's name.
        outcome: What may happen to it.
        checks: The answers to all questions that were asked.
        worst_stores: The stores where its MAPE is furthest above, or least below, that of what they would keep, the
            worst first. Defaults to none.
    """

    variant: str
    outcome: Outcome
    checks: tuple[Check, ...]
    worst_stores: tuple[Group, ...] = ()


def judge(evidence: Evidence, limits: Limits) -> list[Verdict]:
    """A verdict for each variant. Every question that `limits` sets is asked; what is NaN or missing never passes.

    A comparison passes if the upper bound of the difference is within the limit, at `limits.confidence`. As each of
    them has to pass, asking many makes no false pass more likely. A larger error of a variant never turns a failed
    check of it into one that passes. For bias and spread, which errors of opposite kinds make smaller, that holds for
    the bias or the spread itself.
    """
    comparison = Comparison(evidence, limits)
    files = {file.variant: file for file in evidence.files}
    return [_verdict(comparison, file, files) for file in evidence.files]


def _verdict(comparison: Comparison, file: File, files: dict[str, File]) -> Verdict:
    parent = files[file.parent] if file.parent else None
    checks = tuple(ask(Case(comparison, file, parent, baseline=next(iter(files)))))
    outcome = _overall(checks, refuse_unanswered=comparison.limits.abstain == "refuse")
    return Verdict(file.variant, outcome, checks, _worst_stores(comparison, file.variant))


def _overall(checks: Iterable[Check], refuse_unanswered: bool) -> Outcome:
    """The worst of the outcomes. A result that is too good to believe abstains in any case: a person must look."""
    abstaining = {check.name for check in checks if check.outcome == "abstain"}
    if any(check.outcome == "fail" for check in checks) or (refuse_unanswered and abstaining - {"too good"}):
        return "fail"
    return "abstain" if abstaining else "pass"


def _worst_stores(comparison: Comparison, variant: str) -> tuple[Group, ...]:
    if not comparison.has(variant, INCUMBENT):
        return ()
    return ranked(comparison, variant, INCUMBENT, comparison.evidence.stores)[:NAMED]
