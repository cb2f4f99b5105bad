"""The comparison table of a release: every variant, and every forecast without a network."""

from tasks.report.text import difference, rounded
from tasks.state.manifest import Manifest, ReferenceRecord
from tasks.state.record import Record, or_nan
from tasks.state.variant_record import VariantRecord

PUBLISHED = {
    "lstm-64": (66.25, 15.92, 0.10),
    "lstm-32": (17.13, 16.22, 0.09),
    "lstm-16": (4.57, 16.74, 0.46),
    "lstm-32-p30": (11.99, 16.04, 0.09),
    "lstm-32-p50": (8.56, 16.20, 0.08),
    "lstm-32-p70": (5.14, 16.84, 0.16),
    "lstm-32-int8": (4.28, 16.21, 0.22),
}
"""KB, MAPE and its sd in percent: Pagidoju, "Optimizing AI Models for Retail: A Guide to Compression Techniques"."""


class ComparisonRow(Record):
    """A row of the comparison table; an undefined value is `None`.

    Attributes:
        name: Name of the variant, or of a forecast without a network.
        weights_kb: KB of the parameters alone, as the article counts.
        ratio: The baseline's KB over the variant's.
        mape: MAPE in percent.
        mape_std: Its standard deviation over runs, in percentage points.
        impact_pp: MAPE above the baseline's, in percentage points.
        coverage: Share of the days that MAPE covers, in percent.
        wape: WAPE in percent.
        bias_pct: Bias in percent.
        file_bytes: Size of the file on disk.
        transfer_bytes: Size of the file as it is sent.
        latency_us: Time of one forecast, in microseconds.
        verdict: The gate's, or `reference` for a forecast without a network.
        dominated_by: A variant that dominates it.
        published_kb: KB of the published article, set with the recipe `reference` alone.
        published_mape: MAPE of the published article, in percent.
        published_std: Standard deviation of MAPE of the published article, in percentage points.
    """

    name: str
    weights_kb: float | None
    ratio: float | None
    mape: float | None
    mape_std: float | None
    impact_pp: float | None
    coverage: float | None
    wape: float | None
    bias_pct: float | None
    file_bytes: int | None
    transfer_bytes: int | None
    latency_us: float | None
    verdict: str
    dominated_by: str | None
    published_kb: float | None = None
    published_mape: float | None = None
    published_std: float | None = None


def comparison(manifest: Manifest) -> list[ComparisonRow]:
    """The table of the published article: a row for each variant, then for each forecast without a network.

    With the recipe `reference` the published figures stand beside ours.
    """
    against = baseline(manifest)
    rows = [_row(variant, against) for variant in manifest.variants]
    rows += [_reference_row(reference) for reference in manifest.references]
    if manifest.profile.recipe_name != "reference":
        return rows
    return [row.model_copy(update=_published(row.name)) for row in rows]


def baseline(manifest: Manifest) -> VariantRecord | None:
    """The variant that all others are compared with."""
    return next((variant for variant in manifest.variants if variant.parent is None), None)


def best_reference(manifest: Manifest) -> ReferenceRecord | None:
    """The forecast without a network that has the lowest MAPE; `None` where none is known."""
    known = [reference for reference in manifest.references if reference.mape is not None]
    return min(known, key=lambda reference: or_nan(reference.mape), default=None)


def _row(variant: VariantRecord, against: VariantRecord | None) -> ComparisonRow:
    kb, base_kb = variant.weights_kb, against and against.weights_kb
    return ComparisonRow(
        name=variant.name,
        weights_kb=rounded(kb, 2),
        ratio=rounded(base_kb / kb, 1) if kb and base_kb else None,
        mape=rounded(variant.mape, 2),
        mape_std=rounded(variant.mape_std, 3) if variant.runs > 1 else None,
        impact_pp=difference(variant.mape, against.mape if against else None),
        coverage=rounded(variant.coverage, 1),
        wape=rounded(variant.wape, 2),
        bias_pct=rounded(variant.bias_pct, 2),
        file_bytes=variant.file_bytes,
        transfer_bytes=variant.transfer_bytes,
        latency_us=rounded(variant.latency_us, 1),
        verdict=variant.verdict,
        dominated_by=variant.dominated_by,
    )


def _reference_row(reference: ReferenceRecord) -> ComparisonRow:
    return ComparisonRow(
        name=reference.name,
        weights_kb=None,
        ratio=None,
        mape=rounded(reference.mape, 2),
        mape_std=None,
        impact_pp=None,
        coverage=rounded(reference.coverage, 1),
        wape=rounded(reference.wape, 2),
        bias_pct=rounded(reference.bias_pct, 2),
        file_bytes=None,
        transfer_bytes=None,
        latency_us=None,
        verdict="reference",
        dominated_by=None,
    )


def _published(name: str) -> dict[str, float | None]:
    kb, mape, std = PUBLISHED.get(name, (None, None, None))
    return {"published_kb": kb, "published_mape": mape, "published_std": std}
