"""A release's manifest, from a candidate that was built, scored and judged."""

import statistics
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version

from tasks.forecasting.data.panel import WINDOW
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.model.variants.plan import Variant
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import dominated_by, rank
from tasks.report.explain import verdict_record
from tasks.report.sentences.choice import choice_record
from tasks.retrain.candidate import SHIPPED, Candidate
from tasks.state.manifest import CalendarRecord, Manifest, PolicyRecord, ProfileRecord
from tasks.state.record import to_json
from tasks.state.variant_record import ChoiceRecord, VariantRecord, candidates

PACKAGES = ("shelfcast", "tensorflow", "keras", "ai-edge-litert", "numpy", "pandas", "pyarrow", "deltalake", "prefect")
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
    devices: Mapping[str, DeviceClass],
    costs: CostModel,
) -> Manifest:
    """The manifest of a release, before its files are known.

    Args:
        candidate: The retrain, whose variants are built and scored.
        verdicts: The verdict on each variant, in the candidate's order.
        limits: The limits that the variants were judged by.
        profile: Name of the profile.
        reason: Why the retrain ran.
        created: Time in ISO format, UTC.
        devices: Device classes by name, which variants are ranked for.
        costs: Prices that variants are ranked by.
    """
    variants = _variants(candidate, verdicts)
    prepared = candidate.prepared
    return Manifest(
        release=release_id(candidate, limits),
        created=created,
        reason=reason,
        profile=ProfileRecord(name=profile, recipe_name=candidate.spec.recipe_name, runs=candidate.spec.runs),
        recipe=candidate.spec.recipe,
        seeds=tuple(range(candidate.spec.runs)),
        packages={name: version(name) for name in PACKAGES},
        window=WINDOW,
        history=candidate.spec.history,
        calendar=CalendarRecord.model_validate(candidate.spec.calendar),
        snapshot=prepared.snapshot,
        scaling=prepared.scaling,
        validation=prepared.validation,
        holdout=prepared.holdout,
        references=prepared.references,
        training_windows=prepared.training_windows,
        policy=PolicyRecord.model_validate(candidate.spec.policy),
        limits=limits,
        variants=variants,
        costs=costs,
        choices=_choices(variants, devices, costs, len(set(candidate.panel.stores.tolist()))),
        files={},
    )


def _choices(
    variants: Sequence[VariantRecord], devices: Mapping[str, DeviceClass], costs: CostModel, stores: int
) -> tuple[ChoiceRecord, ...]:
    """For each device class the variant that it gets, the reason, and the ranking of all measured variants."""
    facts = candidates(variants)
    return tuple(
        choice_record(rank(facts, device, costs, stores), name, device, costs.currency)
        for name, device in devices.items()
    )


def _variants(candidate: Candidate, verdicts: Sequence[Verdict]) -> tuple[VariantRecord, ...]:
    """Every variant, compared with the baseline and with all others."""
    judged = zip(candidate.spec.variants, verdicts, strict=True)
    variants = [_variant(candidate, variant, verdict) for variant, verdict in judged]
    better = dominated_by(candidates(variants))
    return tuple(
        variant.model_copy(
            update={"delta_mape": _delta(variant, variants[0]), "dominated_by": better.get(variant.name)}
        )
        for variant in variants
    )


def _delta(variant: VariantRecord, baseline: VariantRecord) -> float | None:
    return None if variant.mape is None or baseline.mape is None else variant.mape - baseline.mape


def _variant(candidate: Candidate, variant: Variant, verdict: Verdict) -> VariantRecord:
    scores = candidate.scores(variant.name)
    shipped, latency = scores[SHIPPED], candidate.latency(variant.name)
    mapes = [score.mape for score in scores if score.mape is not None]
    return VariantRecord(
        name=variant.name,
        parent=variant.parent,
        runs=len(scores),
        **{name: _mean([getattr(score, name) for score in scores]) for name in AVERAGED},
        mape_std=statistics.stdev(mapes) if len(mapes) > 1 else None,
        weights_kb=variant.weights_kb,
        file_bytes=shipped.file_bytes,
        transfer_bytes=shipped.transfer_bytes,
        ram_bytes=shipped.ram_bytes,
        latency_us=latency.latency_us,
        latency_fault=latency.latency_fault,
        operations=shipped.operations,
        shipped_run=SHIPPED + 1,
        shipped_mape=shipped.mape,
        policy=shipped.policy,
        by_store=shipped.by_store,
        **dict(verdict_record(verdict)),
        file=f"{variant.name}.tflite",
        delta_mape=None,
        dominated_by=None,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean over runs; undefined if any run's value is."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if len(known) == len(values) else None
