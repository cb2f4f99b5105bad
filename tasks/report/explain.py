"""Why the variants of a release passed or were refused, in words."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from tasks.forecasting.gate.comparison import names
from tasks.forecasting.gate.verdict import Verdict
from tasks.state.variant_record import (
    CheckRecord,
    HasVariants,
    Judged,
    StoreDifference,
    VariantRecord,
    VerdictRecord,
)

REFUSING = ("fail", "abstain")
LISTED = 3
"""Variants refused for the same reason with other figures, above which only the nearest to passing is told of."""


def verdict_record(verdict: Verdict) -> VerdictRecord:
    """The gate's verdict as manifests and the command line have it."""
    return VerdictRecord(
        verdict=verdict.outcome,
        reasons=tuple(verdict.reasons),
        checks=tuple(CheckRecord.model_validate(check) for check in verdict.checks),
        worst_off=tuple(StoreDifference.model_validate(store) for store in verdict.worst_off),
    )


def smallest(manifest: HasVariants) -> VariantRecord | None:
    """The variant with the smallest file that passed the gate; `None` if none did."""
    passed = [variant for variant in manifest.variants if variant.passed]
    return min(passed, key=lambda variant: (variant.file_bytes, variant.transfer_bytes, variant.name), default=None)


def subject(manifest: HasVariants) -> VariantRecord:
    """Whom a report speaks of: the smallest that passed, else the nearest to it, which has the fewest refusals."""
    measured = [variant for variant in manifest.variants if variant.mape is not None]
    nearest = min(measured, key=lambda variant: (len(refusals(variant)), variant.mape), default=manifest.variants[0])
    return smallest(manifest) or nearest


def refusals(variant: Judged) -> list[CheckRecord]:
    """The checks that keep a variant from passing, those that failed before those that cannot be answered."""
    refused = [check for check in variant.checks if check.outcome in REFUSING]
    return sorted(refused, key=lambda check: REFUSING.index(check.outcome))


def because(check: CheckRecord) -> str:
    """What a check found, and with what it would have passed."""
    would = check.counterfactual
    return f"{check.sentence}; {would.sentence}" if would else check.sentence


def first_reason(variant: Judged) -> str | None:
    """The first reason of a refusal, and how many more there are; `None` where there is none."""
    return _first(variant, lambda check: check.sentence)


def why(variant: Judged) -> str | None:
    """The same with what would have passed."""
    return _first(variant, because)


def _first(variant: Judged, say: Callable[[CheckRecord], str]) -> str | None:
    refused = refusals(variant)
    if not refused:
        return None
    more = len(refused) - 1
    return say(refused[0]) + (f"; and {more} more {'reasons' if more > 1 else 'reason'}" if more else "")


def reasons(variants: Sequence[Judged]) -> list[str]:
    """Every reason once, with who was refused for it; where one check found many unlike figures, the nearest alone."""
    by_check: dict[str, list[tuple[CheckRecord, str]]] = defaultdict(list)
    for variant in variants:
        for check in refusals(variant):
            by_check[check.name].append((check, variant.name))
    return [line for found in by_check.values() for line in _lines(found)]


def _lines(found: list[tuple[CheckRecord, str]]) -> list[str]:
    said: dict[str, list[str]] = defaultdict(list)
    for check, name in found:
        said[because(check)].append(name)
    if len(said) <= LISTED:
        return [f"{names(of, LISTED)}: {sentence}" for sentence, of in said.items()]
    check, name = min(found, key=lambda each: _missed_by(each[0]))
    return [f"{len(found)} variants refused by the check {check.name}, the nearest {name}: {because(check)}"]


def _missed_by(check: CheckRecord) -> tuple[float, float]:
    """What was needed, then what was measured; the least known is the furthest."""
    needed = check.counterfactual.needed if check.counterfactual else None
    return _or_infinite(needed), _or_infinite(check.value)


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else value


def worst_off(variant: Judged) -> str | None:
    """The stores that come off worst, against what they would keep; `None` where it is not known."""
    stores = ", ".join(f"store {store.name} {_signed(store.difference)} pp" for store in variant.worst_off)
    return f"{stores} against {kept(variant)}" if stores else None


def _signed(value: float | None) -> str:
    return "undefined" if value is None else f"{round(value, 2) + 0.0:+.2f}"


def kept(variant: Judged) -> str:
    """What stores would keep without it."""
    champion = next((check for check in variant.checks if check.name == "champion"), None)
    known = champion is not None and champion.outcome != "not applicable"
    return "what runs there" if known else "the reference forecast"
