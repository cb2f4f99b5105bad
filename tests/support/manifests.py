"""Manifests made by hand of the real records, for tests of what is said and drawn of a release.

`manifest()` is a release of eleven variants that all passed. Its parts are made by `variant`, `check` and `samples`;
`changed` gives any of them other values. What cannot be in a real manifest cannot be made here either.
"""

from datetime import date, timedelta
from typing import Any, TypeVar

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.model.recipe import RECIPES
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import dominated_by, rank
from tasks.report.charts.comparison import Sample
from tasks.report.sentences.choice import choice_record
from tasks.state.arrays import SeriesRecord
from tasks.state.manifest import CalendarRecord, Manifest, PolicyRecord, Prepared
from tasks.state.record import Record
from tasks.state.variant_record import CheckRecord, ChoiceRecord, CounterfactualRecord, VariantRecord, candidates

Part = TypeVar("Part", bound=Record)

HOSTILE = '"><script src="https://evil.example/x.js"></script>|[a](javascript:b)'
"""What must stay text wherever people's words are shown."""

FILES = {  # KB as the article counts, bytes on disk, bytes in transfer
    "lstm-64": (66.25, 69172, 62653),
    "lstm-32": (17.13, 18868, 16610),
    "lstm-16": (4.57, 6004, 4890),
    "lstm-32-p30": (11.99, 18868, 12900),
    "lstm-32-p50": (8.56, 18868, 9900),
    "lstm-32-p70": (5.14, 18868, 6700),
    "lstm-32-int8": (4.28, 6544, 4720),
    "lstm-16-int8": (1.14, 3136, 2010),
    "lstm-32-p50-int8": (2.14, 6544, 3400),
    "lstm-16-p50": (2.29, 6004, 3100),
    "lstm-16-p50-int8": (0.57, 3136, 1600),
}

COSTS = CostModel()
DEVICES = {
    "shelf-label": DeviceClass(flash_kb=4, ram_kb=8.5, latency_us=5000, link_kbps=20, update_s=2),
    "till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=5000),
}

WOULD = CounterfactualRecord(
    needed=0.31,
    stores=(),
    weeks=("2017-12-18",),
    sentence="it would have passed with a MAPE 0.31 pp lower, or without the weeks of 2017-12-18",
)

NO_SEASONS = {"weekday": [1.0] * 7, "month": [1.0] * 12, "annual": [], "days": {}}


def changed(part: Part, **changes: Any) -> Part:
    """A record with other values, which are checked as those of any record are."""
    return type(part).model_validate(dict(part) | changes)


def check(name: str, value: float | None, limit: float | None, outcome: str = "pass", **changes: Any) -> CheckRecord:
    known = value is not None and outcome != "not applicable"
    made = {
        "name": name,
        "value": value,
        "low": value - 0.2 if known else None,
        "high": value + 0.2 if known else None,
        "limit": limit,
        "unit": "pp",
        "outcome": outcome,
        "sentence": f"{outcome}: {name} against {limit}",
        "counterfactual": WOULD if outcome == "fail" else None,
    }
    return CheckRecord.model_validate(made | changes)


def variant(name: str, mape: float | None = 13.36, verdict: str = "pass", runs: int = 3) -> VariantRecord:
    verdict = "abstain" if mape is None else verdict
    kb, disk, transfer = FILES[name]
    unbounded = {"unit": "bytes", "low": None, "high": None}
    checks = (
        check("size", disk, None, "not applicable", sentence="no parent", **unbounded),
        check("absolute", mape, 30.0, verdict, unit="%", sentence=f"{verdict}: MAPE against 30 %"),
        check("baseline", None if mape is None else mape - 13.36, 1.0, "abstain" if mape is None else "pass"),
        check("champion", None if mape is None else 0.12, 0.5, "abstain" if mape is None else "pass"),
        check("reference", mape, 14.15, "abstain" if mape is None else "pass", unit="%"),
    )
    return VariantRecord(
        name=name,
        parent=None if name == "lstm-64" else "lstm-64",
        runs=runs,
        mape=mape,
        mape_std=0.002,
        coverage=99.9,
        wape=10.81,
        bias_pct=-0.2,
        mase=0.76,
        rmsse=0.74,
        delta_mape=None if mape is None else mape - 13.36,
        weights_kb=kb,
        file_bytes=disk,
        transfer_bytes=transfer,
        ram_bytes=disk + 5000,
        latency_us=60.1,
        latency_fault=None,
        operations=("UNIDIRECTIONAL_SEQUENCE_LSTM", "FULLY_CONNECTED"),
        shipped_run=2,
        shipped_mape=mape,
        validation_mape=mape,
        dominated_by=None,
        verdict=verdict,
        reasons=tuple(each.sentence for each in checks if each.outcome in ("fail", "abstain")),
        checks=checks,
        worst_off=[{"name": "3", "difference": 0.12}, {"name": "1", "difference": -0.4}],
        policy=MapePolicy().hash,
        by_store={"1": 13.2, "2": 13.9, "3": None},
        file=f"{name}.tflite",
    )


def with_check(one: VariantRecord, place: int, **changes: Any) -> VariantRecord:
    """A variant with another answer to one of its checks."""
    checks = list(one.checks)
    checks[place] = changed(checks[place], **changes)
    return changed(one, checks=tuple(checks))


def reference(name: str, mape: float, wape: float, bias_pct: float) -> dict[str, Any]:
    known = {"name": name, "mape": mape, "wape": wape, "bias_pct": bias_pct, "coverage": 99.9}
    return known | {"mase": 0.8, "rmsse": 0.8, "policy": MapePolicy().hash, "days": 18_150}


def choices(variants: tuple[VariantRecord, ...]) -> tuple[ChoiceRecord, ...]:
    facts = candidates(variants)
    return tuple(
        choice_record(rank(facts, device, COSTS, 5), name, device, COSTS.currency) for name, device in DEVICES.items()
    )


HISTORY = History.model_validate(
    {
        "days": 730,
        "held_back_days": 7,
        "min_days": 28,
        "exclude": [
            {"first": "2017-03-06", "last": "2017-03-12", "stores": None, "reason": "strike"},
            {"first": "2017-05-01", "last": "2017-05-01", "stores": ["2", "3"], "reason": "roof | wet"},
        ],
    }
)


def manifest(recipe: str = "production", variants: list[VariantRecord] | None = None, **changes: Any) -> Manifest:
    given = variants or [variant(name) for name in FILES]
    better = dominated_by(candidates(given))
    shown = tuple(changed(one, dominated_by=better.get(one.name)) for one in given)
    made = {
        "release": "20171231-1a2b3c4d",
        "created": "2026-11-23T23:01:02+00:00",
        "reason": "schedule",
        "profile": {"name": "standard", "recipe_name": recipe, "runs": 3},
        "recipe": RECIPES[recipe],
        "seeds": (1, 2, 3),
        "packages": {"tensorflow": "2.21.0", "keras": "3.15.1", "ai-edge-litert": "2.3.0"},
        "window": 14,
        "history": HISTORY,
        "calendar": CalendarRecord(country=None, subdivision=None, events=(), groups={}),
        "snapshot": {
            "version": 3,
            "rows": 913000,
            "first_day": "2013-01-01",
            "last_day": "2017-12-31",
            "series": 50,
            "skipped": 0,
            "rows_used": 910000,
            "rows_sha256": "cd" * 32,
        },
        "scaling": {"kind": "window-mean", **NO_SEASONS},
        "validation": {"first": "2016-10-01", "last": "2017-01-02", "unseen": True},
        "holdout": {"first": "2017-01-03", "last": "2017-12-31", "days": 363},
        "references": [
            reference("14-day mean x weekday index", 14.15, 11.6, -0.1),
            reference("14-day mean x weekday and month index", 13.31, 10.7, 0.1),
        ],
        "training_windows": 14_600,
        "policy": PolicyRecord.model_validate(MapePolicy()),
        "limits": Limits(),
        "variants": shown,
        "costs": COSTS,
        "choices": choices(shown),
        "files": {one.file: {"sha256": "ab" * 32, "bytes": one.file_bytes or 0} for one in shown},
    }
    return Manifest.model_validate(made | changes)


def prepared(made: Manifest, version: int) -> Prepared:
    """What the candidate of a release has on disk, if another version of the sales table were its snapshot."""
    known = {name: getattr(made, name) for name in Prepared.model_fields if name in Manifest.model_fields}
    series = SeriesRecord(stores=("1",), items=("1",), first_day=made.snapshot.first_day)
    return Prepared(**known | {"snapshot": changed(made.snapshot, version=version)}, series=series, levels=None)


def samples(name: str = "store 1, item 3") -> list[Sample]:
    days = [(date(2017, 11, 6) + timedelta(days)).isoformat() for days in range(56)]
    sold = [50 + 9 * (place % 7) + (place * 7919) % 13 for place in range(56)]
    smooth = [54.0 + 9 * (place % 7) for place in range(56)]
    forecast = {"lstm-64": smooth, "lstm-16-int8": [units + 1.5 for units in smooth]}
    return [Sample(one, days, [None, *map(float, sold[1:])], forecast) for one in (name, "store 5, item 10")]
