"""What a retrain has to say of itself: the manifest of a release, and the JSON of the command line."""

import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from tasks.forecasting.data.panel import WINDOW
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.model.variants.plan import Variant
from tasks.forecasting.rollout.selection import CostModel, DeviceClass, dominated_by, rank
from tasks.retrain.candidate import Candidate
from tasks.state.record import to_json
from tasks.state.release import candidates

PACKAGES = ("shelfcast", "tensorflow", "keras", "ai-edge-litert", "numpy", "pandas", "pyarrow", "deltalake", "prefect")
SHOWN = 4
"""Series whose forecasts the report draws."""
SHOWN_DAYS = 56

AVERAGED = ("mape", "wape", "bias_pct", "mase", "rmsse", "coverage", "validation_mape")


def release_id(candidate: Candidate, limits: Limits) -> str:
    """The candidate's last day and a hash of it and the limits: the same retrain gives the same release."""
    key = sha256(to_json([candidate.folder.name, limits.model_dump(mode="json")])).hexdigest()[:8]
    return f"{candidate.folder.name.split('-')[0]}-{key}"


def manifest(
    candidate: Candidate,
    verdicts: Sequence[Verdict],
    limits: Limits,
    profile: str,
    reason: str,
    created: str,
    devices: Mapping[str, DeviceClass] = MappingProxyType({}),
    costs: CostModel = CostModel(),  # noqa: B008  # frozen
) -> dict[str, Any]:
    """All of a release but its files.

    Args:
        candidate: Built and scored.
        verdicts: One a variant, in the candidate's order.
        limits: What they were judged by.
        profile: Name of the profile.
        reason: Why the retrain ran.
        created: ISO time, UTC.
        devices: Device classes by name, which variants are ranked for. Defaults to none.
        costs: What they are ranked by. Defaults to `CostModel()`.
    """
    judged = zip(candidate.spec.variants, verdicts, strict=True)
    variants = [_variant(candidate, variant, verdict) for variant, verdict in judged]
    baseline = variants[0]["mape"]
    for variant in variants:
        known = variant["mape"] is not None and baseline is not None
        variant["delta_mape"] = variant["mape"] - baseline if known else None
    better = dominated_by(candidates(variants))
    variants = [variant | {"dominated_by": better.get(variant["name"])} for variant in variants]
    return {
        "release": release_id(candidate, limits),
        "created": created,
        "reason": reason,
        "profile": {"name": profile, "recipe_name": candidate.spec.recipe_name, "runs": candidate.spec.runs},
        "recipe": candidate.spec.recipe.model_dump(),
        "seeds": list(range(candidate.spec.runs)),
        "packages": {name: version(name) for name in PACKAGES},
        "window": WINDOW,
        "history": candidate.spec.history.model_dump(mode="json"),
        "calendar": candidate.spec.calendar.model_dump(mode="json"),
        **{name: value for name, value in candidate.prepared.items() if name not in ("series", "levels")},
        "policy": {"hash": candidate.spec.policy.hash} | candidate.spec.policy.model_dump(mode="json"),
        "limits": limits.model_dump(mode="json"),
        "variants": variants,
        "costs": costs.model_dump(),
        "choices": _choices(variants, devices, costs, len(set(candidate.panel.stores.tolist()))),
    }


def _choices(
    variants: Sequence[dict[str, Any]], devices: Mapping[str, DeviceClass], costs: CostModel, stores: int
) -> list[dict[str, Any]]:
    """For each device class the variant that it gets, why, and how all measured variants rank."""
    rankings = {name: rank(candidates(variants), name, device, costs, stores) for name, device in devices.items()}
    return [
        {
            "device": name,
            **devices[name].model_dump(),
            **asdict(ranking.choice),
            "ranking": list(map(asdict, ranking.rows)),
        }
        for name, ranking in rankings.items()
    ]


def _variant(candidate: Candidate, variant: Variant, verdict: Verdict) -> dict[str, Any]:
    scores = candidate.scores(variant.name)
    shipped = scores[0]
    mapes = [score["mape"] for score in scores if score.get("mape") is not None]
    return {
        "name": variant.name,
        "parent": variant.parent,
        "runs": len(scores),
        **{name: _mean([score.get(name) for score in scores]) for name in AVERAGED},
        "mape_std": statistics.stdev(mapes) if len(mapes) > 1 else None,
        "weights_kb": variant.weights_kb,
        "file_bytes": shipped.get("file_bytes"),
        "transfer_bytes": shipped.get("transfer_bytes"),
        "ram_bytes": shipped.get("ram_bytes"),
        **candidate.latency(variant.name),
        "operations": shipped.get("operations"),
        "shipped_run": 1,
        "shipped_mape": shipped.get("mape"),
        "policy": shipped.get("policy"),
        "by_store": shipped.get("by_store", {}),
        "verdict": verdict.outcome,
        "reasons": verdict.reasons,
        "checks": [asdict(check) for check in verdict.checks],
        "worst_off": [group._asdict() for group in verdict.worst_off],
        "file": f"{variant.name}.tflite",
    }


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean over runs; undefined if it is for any run."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if len(known) == len(values) else None


def golden(candidate: Candidate) -> dict[str, Any]:
    """Windows with every variant's forecast, for a device to check a file by after it arrived."""
    chosen, scaled, panel = candidate.golden, candidate.scale(candidate.golden), candidate.panel
    forecasts = {
        variant.name: candidate.forecast(variant.name, 0)[candidate.golden_rows]
        for variant in candidate.spec.variants
        if candidate.path(variant.name, 0, "forecast.npy").exists()
    }
    return {
        "tolerance": 1e-3,
        "samples": [
            {
                "store": str(panel.stores[series]),
                "item": str(panel.items[series]),
                "day": str(chosen.day[row]),
                "history": chosen.history[row].tolist(),
                **({} if scaled.level is None else {"level": float(scaled.level[row])}),
                "forecast": {name: float(forecast[row]) for name, forecast in forecasts.items()},
            }
            for row, series in enumerate(chosen.series)
        ],
    }


def breakdown(candidate: Candidate, variants: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Errors of every shipped file and of the reference forecast, overall and by group.

    A row has `forecaster`, `by` (nothing, store, item, item class, store x item class, weekday, month), `group`, the
    fields of `Accuracy`, and `policy`, the hash of the MAPE policy.

    Args:
        candidate: Built and scored.
        variants: Of which ones. Defaults to `None`, all.
    """
    names = [variant.name for variant in candidate.spec.variants] if variants is None else variants
    forecasts = {"reference": candidate.reference} | {
        name: candidate.forecast(name, 0) for name in names if candidate.path(name, 0, "forecast.npy").exists()
    }
    return [
        {"forecaster": name, "by": by, "group": group, **vars(accuracy), "policy": candidate.spec.policy.hash}
        for name, forecast in forecasts.items()
        for by, groups in (
            {"": {"": candidate.evaluation.accuracy(forecast)}} | candidate.evaluation.by(forecast)
        ).items()
        for group, accuracy in groups.items()
    ]


def scores(candidate: Candidate) -> bytes:
    """The breakdown of all variants, as a Parquet file."""
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(breakdown(candidate)), buffer, compression="zstd")
    return buffer.getvalue()


def samples(candidate: Candidate, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Forecast against actual over the last 8 weeks of the holdout, for a few series."""
    holdout, panel = candidate.holdout, candidate.panel
    forecasts = {name: candidate.forecast(name, 0) for name in variants}
    recent = holdout.column > holdout.column.max() - SHOWN_DAYS
    shown = np.unique(np.linspace(0, len(panel.stores) - 1, SHOWN).astype(int))
    drawn = []
    for row in shown:
        of_series = recent & (holdout.series == row)
        drawn.append(
            {
                "series": f"store {panel.stores[row]}, item {panel.items[row]}",
                "day": holdout[of_series].day.astype(str).tolist(),
                "actual": holdout[of_series].actual.tolist(),
                "forecast": {name: forecast[of_series].tolist() for name, forecast in forecasts.items()},
            }
        )
    return drawn


def summary(record: dict[str, Any], published: bool, report: Path, seconds: float) -> dict[str, Any]:
    """The JSON of a retrain."""
    return {
        "release": record["release"] if published else None,
        "snapshot": record["snapshot"]["version"],
        "seconds": seconds,
        "recipe": record["profile"]["recipe_name"],
        "profile": record["profile"]["name"],
        "naive_mape": record["references"][0]["mape"],
        "references": record["references"],
        "holdout": record["holdout"],
        "policy": record["policy"],
        "series_skipped": record["snapshot"]["skipped"],
        "variants": record["variants"],
        "choices": record.get("choices", []),
        "report": str(report),
    }
