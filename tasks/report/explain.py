"""Why the variants of a release passed or were refused, in words."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from tasks.report.text import listed, signed

Record = dict[str, Any]

REFUSING = ("fail", "abstain")
LISTED = 3
"""Variants refused for the same reason with other figures, above which only the nearest to passing is told of."""


def smallest(manifest: Record) -> Record | None:
    """The variant with the smallest file that passed the gate; `None` if none did."""
    passed = [variant for variant in manifest["variants"] if variant["verdict"] == "pass"]
    return min(
        passed, key=lambda variant: (variant["file_bytes"], variant["transfer_bytes"], variant["name"]), default=None
    )


def subject(manifest: Record) -> Record:
    """Whom a report speaks of: the smallest that passed, else the nearest to it, which has the fewest refusals."""
    measured = [variant for variant in manifest["variants"] if variant["mape"] is not None]
    nearest = min(measured, key=lambda each: (len(refusals(each)), each["mape"]), default=manifest["variants"][0])
    return smallest(manifest) or nearest


def refusals(variant: Record) -> list[Record]:
    """The checks that keep a variant from passing, those that failed before those that cannot be answered."""
    refused = [check for check in variant["checks"] if check["outcome"] in REFUSING]
    return sorted(refused, key=lambda check: REFUSING.index(check["outcome"]))


def because(check: Record) -> str:
    """What a check found, and with what it would have passed."""
    would = check.get("counterfactual")
    return f"{check['sentence']}; {would['sentence']}" if would else str(check["sentence"])


def first_reason(variant: Record) -> str | None:
    """The first reason of a refusal, and how many more there are; `None` where there is none."""
    return _first(variant, lambda check: str(check["sentence"]))


def why(variant: Record) -> str | None:
    """The same with what would have passed."""
    return _first(variant, because)


def _first(variant: Record, say: Callable[[Record], str]) -> str | None:
    refused = refusals(variant)
    if not refused:
        return None
    more = len(refused) - 1
    return say(refused[0]) + (f"; and {more} more {'reasons' if more > 1 else 'reason'}" if more else "")


def reasons(variants: Sequence[Record]) -> list[str]:
    """Every reason once, with who was refused for it; where one check found many unlike figures, the nearest alone."""
    by_check: dict[str, list[tuple[Record, str]]] = defaultdict(list)
    for variant in variants:
        for check in refusals(variant):
            by_check[check["name"]].append((check, variant["name"]))
    return [line for found in by_check.values() for line in _lines(found)]


def _lines(found: list[tuple[Record, str]]) -> list[str]:
    said: dict[str, list[str]] = defaultdict(list)
    for check, name in found:
        said[because(check)].append(name)
    if len(said) <= LISTED:
        return [f"{listed(of, LISTED)}: {sentence}" for sentence, of in said.items()]
    check, name = min(found, key=lambda each: _missed_by(each[0]))
    return [f"{len(found)} variants refused by the check {check['name']}, the nearest {name}: {because(check)}"]


def _missed_by(check: Record) -> tuple[float, float]:
    """What was needed, then what was measured; the least known is the furthest."""
    needed, value = (check.get("counterfactual") or {}).get("needed"), check["value"]
    return tuple(math.inf if each is None else each for each in (needed, value))  # type: ignore[return-value]


def worst_stores(variant: Record) -> str | None:
    """Where MAPE rises most against what stores would keep, or falls least; `None` where it is not known."""
    found = variant.get("worst_off", ())
    worse = [each for each in found if round(each["difference"], 2) > 0]
    stores = ", ".join(f"store {each['name']} ({signed(each['difference'])} pp)" for each in worse or found[:1])
    if worse:
        return f"MAPE rises most in {stores}, against {kept(variant)}"
    return f"MAPE rises in no store against {kept(variant)}, and falls least in {stores}" if stores else None


def kept(variant: Record) -> str:
    """What stores would keep without it."""
    champion = next((check for check in variant["checks"] if check["name"] == "champion"), None)
    known = champion is not None and champion["outcome"] != "not applicable"
    return "what runs there" if known else "the reference forecast"
