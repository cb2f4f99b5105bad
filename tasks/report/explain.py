"""Why the variants of a release passed or were refused, in words."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from tasks.forecasting.gate.verdict import Verdict
from tasks.report.sentences import checks
from tasks.report.text import listed, plural, signed
from tasks.state.manifest import Manifest
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
        reasons=tuple(checks.reasons(verdict.checks)),
        checks=tuple(checks.check_record(check) for check in verdict.checks),
        worst_off=tuple(StoreDifference.model_validate(store) for store in verdict.worst_stores),
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


def given(manifest: Manifest) -> list[VariantRecord]:
    """What stores get: the variants chosen for device classes, else the smallest that passed; none if none passed."""
    chosen, best = {choice.variant for choice in manifest.choices}, smallest(manifest)
    return [variant for variant in manifest.variants if variant.name in chosen] or ([best] if best else [])


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
    """The first reason of a refusal with what would have passed, and how many more there are."""
    return _first(variant, because)


def _first(variant: Judged, say: Callable[[CheckRecord], str]) -> str | None:
    refused = refusals(variant)
    if not refused:
        return None
    more = len(refused) - 1
    return say(refused[0]) + (f"; and {plural(more, 'more reason')}" if more else "")


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
        return [f"{listed(of, LISTED)}: {sentence}" for sentence, of in said.items()]
    check, name = min(found, key=lambda each: _missed_by(each[0]))
    return [f"{len(found)} variants refused by the check {check.name}, the nearest {name}: {because(check)}"]


def _missed_by(check: CheckRecord) -> tuple[float, float]:
    """What was needed, then what was measured; the least known is the furthest."""
    needed = check.counterfactual.needed if check.counterfactual else None
    return _or_infinite(needed), _or_infinite(check.value)


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else value


def worst_stores(variant: Judged) -> str | None:
    """Where MAPE rises most against what stores would keep, or falls least; `None` where it is not known."""
    worse = [store for store in variant.worst_off if round(store.difference or 0, 2) > 0]
    shown = worse or variant.worst_off[:1]
    stores = ", ".join(f"store {store.name} ({signed(store.difference)} pp)" for store in shown)
    if worse:
        return f"MAPE rises most in {stores}, against {kept(variant)}"
    if not shown:
        return None
    least = f", and falls least in {stores}" if round(shown[0].difference or 0, 2) else ""
    return f"MAPE rises in no store against {kept(variant)}{least}"


def kept(variant: Judged) -> str:
    """What stores would keep without it."""
    champion = next((check for check in variant.checks if check.name == "champion"), None)
    known = champion is not None and champion.outcome != "not applicable"
    return "what runs there" if known else "the reference forecast"
