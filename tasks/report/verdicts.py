"""The gate's answers on a release, those that are the same told once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tasks.report.explain import REFUSING, reasons, refusals, why
from tasks.state.record import Number
from tasks.state.variant_record import CheckOutcome, CheckRecord, VariantRecord, VerdictOutcome

Part = TypeVar("Part")
Key = TypeVar("Key")


@dataclass(frozen=True)
class Answer:
    """What a check found, in words, and the variants that it found it of.

    Attributes:
        sentence: What it found.
        would: What would have passed; `None` where that is not known, or nothing was refused.
        variants: Names.
    """

    sentence: str
    would: str | None
    variants: list[str]


@dataclass(frozen=True)
class Question:
    """A check of all variants of a group that it has the same outcome for.

    Attributes:
        name: Of the check.
        outcome: Its outcome.
        unit: Of values, bounds and limits.
        answers: In the order of the variants.
        values: What was measured, of each variant.
        bounds: The lower and the upper bounds of the values.
        limits: What the values may be at most.
    """

    name: str
    outcome: CheckOutcome
    unit: str
    answers: list[Answer]
    values: list[Number]
    bounds: list[Number]
    limits: list[Number]


@dataclass(frozen=True)
class Group:
    """Variants that have one verdict for the same checks.

    Attributes:
        verdict: The gate's.
        variants: Names.
        reasons: Why they were refused, a sentence each; empty where they passed.
        asked: The checks that apply, those that refused first, else in the order of the gate.
        unasked: The checks that do not apply.
    """

    verdict: VerdictOutcome
    variants: list[str]
    reasons: list[str]
    asked: list[Question]
    unasked: list[Question]


def groups(variants: Sequence[VariantRecord]) -> list[Group]:
    """All variants in groups: what failed, then what could not be answered, then what passed."""
    found = _by(variants, lambda each: (each.verdict, *(check.name for check in refusals(each)))).values()
    return sorted(map(_group, found), key=lambda group: ("fail", "abstain", "pass").index(group.verdict))


def _group(variants: list[VariantRecord]) -> Group:
    pairs = _by(
        ((check, variant.name) for variant in variants for check in variant.checks),
        lambda pair: (pair[0].name, pair[0].outcome),
    )
    order = [check.name for check in variants[0].checks]
    questions = sorted(
        map(_question, pairs.values()), key=lambda each: (each.outcome not in REFUSING, _place(each, order))
    )
    one = why(variants[0]) if len(variants) == 1 else None
    return Group(
        variants[0].verdict,
        [variant.name for variant in variants],
        [one] if one else reasons(variants),
        [each for each in questions if each.outcome != "not applicable"],
        [each for each in questions if each.outcome == "not applicable"],
    )


def _place(question: Question, order: Sequence[str]) -> int:
    return order.index(question.name) if question.name in order else len(order)


def _question(pairs: list[tuple[CheckRecord, str]]) -> Question:
    checks = [check for check, _ in pairs]
    said = _by(pairs, lambda pair: (pair[0].sentence, pair[0].counterfactual))
    return Question(
        checks[0].name,
        checks[0].outcome,
        checks[0].unit,
        [
            Answer(words, would.sentence if would else None, [name for _, name in those])
            for (words, would), those in said.items()
        ],
        [check.value for check in checks],
        [bound for check in checks for bound in (check.low, check.high)],
        [check.limit for check in checks],
    )


def _by(parts: Iterable[Part], key: Callable[[Part], Key]) -> dict[Key, list[Part]]:
    """The parts by a key, in the order in which keys come first."""
    found: dict[Key, list[Part]] = {}
    for part in parts:
        found.setdefault(key(part), []).append(part)
    return found
