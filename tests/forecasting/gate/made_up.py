"""Evidence made up for the gate's tests: by hand, where every day is like any other, and noisy, of ten stores."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.synthetic_gate import SyntheticGate
from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, LAST_YEAR, REFERENCE, Errors, Evidence, File
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

NAN, INF = math.nan, math.inf

BUDGET = "budget 3 months ago"
STORES, DAYS = ("1", "2", "3", "4"), 56

ASKED = 10.0
"""Forecasts of a cell and day, all of which count; they sell 100 units."""

MAPES = {"own": 14.0, "lstm-64": 14.0, CHAMPION: 14.0, INCUMBENT: 14.0, LAST_YEAR: 14.0, BUDGET: 14.0, REFERENCE: 18.0}

PARENT = File("lstm-64", None, None, 68_000, 63_000, (14.0, 14.0))

OWN = File("own", "lstm-64", None, 18_000, 16_000, (14.0, 14.0), {"tablet": None, "scale": "is too large"})

LIMITS = Limits(max_mape=16.0, max_age_days=7)


def made(
    mapes: Mapping[str, Any] = MAPES,
    days: int = DAYS,
    counted: float = ASKED,
    sold: float = 100.0,
    bias: float = 0.0,
    file: Mapping[str, Any] | None = None,
    age_days: int | None = 3,
) -> Evidence:
    """Two item classes in each of four stores, where every day is like any other unless a MAPE has a shape."""
    stores, classes = np.repeat(STORES, 2), np.tile(["A", "B"], 4)
    shape = (len(stores), DAYS)
    counts = np.zeros(shape)
    counts[:, :days] = counted
    signed = np.full(shape, bias / 100 * sold)
    errors = {
        name: Errors(name, np.where(counts > 0, np.broadcast_to(mape, shape) * counts, 0), signed, np.ones(8, bool))
        for name, mape in mapes.items()
    }
    return Evidence(
        "a policy",
        25.0,
        stores,
        classes,
        np.datetime64("2024-01-01") + np.arange(DAYS),
        np.full(shape, ASKED),
        counts,
        np.full(shape, sold),
        (PARENT, replace(OWN, **(file or {}))),
        errors,
        age_days,
    )


def without(*names: str) -> dict[str, Any]:
    return {name: mape for name, mape in MAPES.items() if name not in names}


def own(evidence: Evidence, limits: Limits = LIMITS) -> Verdict:
    return judge(evidence, limits)[1]


def asked(name: str, evidence: Evidence, limits: Limits = LIMITS) -> Check:
    (check,) = [check for check in own(evidence, limits).checks if check.name == name]
    return check


BAD_STORES = np.array([0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0])

CHAIN = SyntheticGate(stores=10, items=4, days=182, seed=3)

NOISY = CHAIN.evidence({"equal": 0.0, "worse": 1.5, "bad stores": BAD_STORES})


def of(variant: str, name: str, evidence: Evidence = NOISY, **limits: Any) -> Check:
    (verdict,) = [each for each in judge(evidence, Limits(**limits)) if each.variant == variant]
    (check,) = [each for each in verdict.checks if each.name == name]
    return check


def leave_out(evidence: Evidence, cells: Any = (), days: Any = ()) -> Evidence:
    """As if some cells or days, chosen by masks, had not been measured."""
    kept = np.ones(evidence.counted.shape, bool)
    kept[np.flatnonzero(cells)] = False
    kept[:, np.flatnonzero(days)] = False
    errors = {
        name: replace(each, percentage=np.where(kept, each.percentage, 0), signed=np.where(kept, each.signed, 0))
        for name, each in evidence.errors.items()
    }
    shared = {name: getattr(evidence, name) * kept for name in ("forecasts", "counted", "sold")}
    return replace(evidence, errors=errors, **shared)


def without_stores(evidence: Evidence, stores: tuple[str, ...]) -> Evidence:
    return leave_out(evidence, cells=np.isin(evidence.stores, stores))


def without_weeks(evidence: Evidence, mondays: tuple[str, ...]) -> Evidence:
    first = np.array(mondays, "datetime64[D]")
    return leave_out(evidence, days=((evidence.days[:, None] - first).astype(int) // 7 == 0).any(axis=1))


def new_store(days: int) -> Evidence:
    """Store 7 and its sales are there for the last days only."""
    absent = np.zeros(NOISY.counted.shape, bool)
    absent[NOISY.stores == "7", : len(NOISY.days) - days] = True
    kept = {name: np.where(absent, 0, getattr(NOISY, name)) for name in ("forecasts", "counted", "sold")}
    errors = {
        name: replace(each, percentage=np.where(absent, 0, each.percentage), signed=np.where(absent, 0, each.signed))
        for name, each in NOISY.errors.items()
    }
    return replace(NOISY, errors=errors, **kept)
