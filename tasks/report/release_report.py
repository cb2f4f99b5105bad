"""The report and the model card of a release: its manifest goes in, text comes out."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import BaseModel

from tasks.forecasting.accuracy.policy import OPEN
from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.report import breakdown
from tasks.report.breakdown import ScoreRow
from tasks.report.charts.comparison import NARROW, WIDE, Sample, series_chart, size_chart, svg
from tasks.report.charts.gate import gate_chart
from tasks.report.explain import because, first_reason, kept, refusals, smallest, subject, why, worst_stores
from tasks.report.text import DASH, ON_PAGES, amount, capitalised, number, rounded
from tasks.state.manifest import GlobalMinMaxRecord, Manifest, PolicyRecord, ReferenceRecord, ScalingRecord
from tasks.state.record import Record, or_nan
from tasks.state.variant_record import CheckRecord, ChoiceRecord, Errors, VariantRecord

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

COUNTED = {
    "zero_days": {
        "leave out": "MAPE counts days with sales above zero.",
        "as one unit": "MAPE counts days without a sale too: the error is divided by one unit.",
    },
    "returns": {
        "leave out": "Days with more returns than sales are left out of every error.",
        "as no sales": "Days with more returns than sales count as days without a sale.",
    },
    "closed_days": {
        "leave out": f"A day without any sale in a store that sells {OPEN:g} units a day or more is taken for closed, "
        "and left out of every error.",
        "count": "Days on which a whole store sold nothing count like any other.",
    },
}
"""What a MAPE policy says of days, by its fields."""

ERRORS = {"wape": "WAPE %", "bias_pct": "bias %", "mase": "MASE", "rmsse": "RMSSE"}
"""What stands beside MAPE in the tables by group."""


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
    baseline = _baseline(manifest)
    rows = [_row(variant, baseline) for variant in manifest.variants]
    rows += [_reference_row(reference) for reference in manifest.references]
    if manifest.profile.recipe_name != "reference":
        return rows
    return [row.model_copy(update=_published(row.name)) for row in rows]


def headline(manifest: Manifest) -> str:
    """The smallest variant that passed, against the baseline and the best forecast without a network; else why not."""
    best = smallest(manifest)
    if best is None:
        nothing = f"None of the {len(manifest.variants)} variants passed the gate, so there is nothing to promote."
        nearest = subject(manifest)
        return f"{nothing} The nearest, {nearest.name}: {first_reason(nearest) or nearest.verdict}."
    size, mape = amount(best.file_bytes, "bytes"), amount(best.mape, "%")
    comparisons = " and ".join(_comparisons(best, _baseline(manifest), _best_reference(manifest)))
    return f"{best.name} is the smallest variant that passed: {size}, MAPE {mape}" + (
        f"; {comparisons}." if comparisons else "."
    )


def caution(manifest: Manifest) -> str | None:
    """What must be said where a forecast without a network beats networks; `None` where it beats none."""
    reference = _best_reference(manifest)
    networks = [variant for variant in manifest.variants if variant.mape is not None]
    beaten = [variant.name for variant in networks if reference and _gap(variant, reference) > 0]
    if not reference or not beaten:
        return None
    fact = f"Without any network, {reference.name} has a MAPE of {amount(reference.mape, '%')}"
    if len(beaten) == len(networks):
        return f"{fact}: lower than every network in this release. By accuracy alone, these data need no network."
    return f"{fact}: lower than {len(beaten)} of the {len(networks)} networks ({', '.join(beaten)})."


def report(manifest: Manifest, samples: Sequence[Sample], errors: Sequence[ScoreRow] = ()) -> str:
    """The release as one HTML file that needs no network and runs no script.

    Args:
        manifest: Of the release.
        samples: As for `series_chart`; without any, that part is left out.
        errors: By group, as for `breakdown.tables`; without any, that part is left out. Defaults to none.
    """
    one = subject(manifest).name
    return _template("report.html.j2").render(
        _context(manifest),
        size_charts=_drawn(lambda width: size_chart(manifest, width)),
        gate_charts=_drawn(lambda width: gate_chart(manifest, width)),
        series_charts=_drawn(lambda width: series_chart(samples, width)) if samples else [],
        tables=breakdown.tables(errors, one),
        matrix=breakdown.matrix(errors, one),
        errors=ERRORS,
    )


def card(manifest: Manifest) -> str:
    """The model card of a release, in Markdown.

    Source:
        Mitchell et al. (2019), "Model Cards for Model Reporting".
    """
    return _template("card.md.j2").render(_context(manifest))


def _drawn(draw: Callable[[int], Any]) -> list[Markup]:
    """A chart for a desk and one for a phone; none if there is nothing to draw."""
    return [inline(svg(chart)) for chart in map(draw, (WIDE, NARROW)) if chart is not None]


def _row(variant: VariantRecord, baseline: VariantRecord | None) -> ComparisonRow:
    kb, base_kb = variant.weights_kb, baseline and baseline.weights_kb
    compared = baseline and None not in (variant.mape, baseline.mape)
    return ComparisonRow(
        name=variant.name,
        weights_kb=rounded(kb, 2),
        ratio=rounded(base_kb / kb, 1) if kb and base_kb else None,
        mape=rounded(variant.mape, 2),
        mape_std=rounded(variant.mape_std, 3) if variant.runs > 1 else None,
        impact_pp=_gap(variant, baseline) + 0.0 if baseline and compared else None,
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


def _baseline(manifest: Manifest) -> VariantRecord | None:
    return next((variant for variant in manifest.variants if variant.parent is None), None)


def _best_reference(manifest: Manifest) -> ReferenceRecord | None:
    known = [reference for reference in manifest.references if reference.mape is not None]
    return min(known, key=_mape, default=None)


def _comparisons(best: VariantRecord, baseline: VariantRecord | None, reference: ReferenceRecord | None) -> list[str]:
    sentences = []
    if best is baseline:
        sentences.append("it is the baseline itself")
    elif baseline and baseline.mape is not None:
        size = amount(baseline.file_bytes, "bytes")
        sentences.append(f"{_against(best, baseline)} the baseline {baseline.name} ({size})")
    if reference:
        sentences.append(f"{_against(best, reference)} the best forecast without a network ({reference.name})")
    return sentences


def _against(one: Errors, other: Errors) -> str:
    gap = _gap(one, other)
    return f"{number(abs(gap))} pp {'worse' if gap > 0 else 'better'} than" if gap else "as accurate as"


def _gap(one: Errors, other: Errors) -> float:
    """MAPE of one above the other's, in percentage points, to the two decimals that are shown."""
    return round(round(_mape(one), 2) - round(_mape(other), 2), 2)


def _mape(errors: Errors) -> float:
    return or_nan(errors.mape)


def _context(manifest: Manifest) -> dict[str, object]:
    rows = comparison(manifest)
    return {
        "manifest": manifest,
        "rows": [row for row in rows if row.verdict != "reference"],
        "references": [row for row in rows if row.verdict == "reference"],
        "best": smallest(manifest),
        "subject": subject(manifest),
        "baseline": _baseline(manifest),
        "headline": headline(manifest),
        "caution": caution(manifest),
    }


def _template(name: str) -> Template:
    html = name.endswith(".html.j2")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=html,
        finalize=None if html else _markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {**ON_PAGES, "capitalised": capitalised, "stores": _stores, "flat": _flat}
    environment.filters |= {
        "bounds": _bounds,
        "policy": _policy,
        "why": why,
        "worst_stores": worst_stores,
        "tint": breakdown.tint,
    }
    environment.filters |= {"kept": kept, "because": because, "refusals": refusals, "refused_first": _refused_first}
    environment.filters |= {"window": _window, "period": _period, "seasons": _seasons, "device": _device}
    return environment.get_template(name)


def inline(image: str) -> Markup:
    """SVG for within HTML, where it needs no namespace."""
    for namespace in (' xmlns="http://www.w3.org/2000/svg"', ' xmlns:xlink="http://www.w3.org/1999/xlink"'):
        image = image.replace(namespace, "", 1)
    return Markup(image)


def _markdown(value: Any) -> Any:
    """Text as one line of Markdown without any markup of its own."""
    if not isinstance(value, str):
        return value
    line = " ".join(escape(value, quote=False).split())
    return "".join(f"\\{sign}" if sign in r"\|[]`*" else sign for sign in line)


def _bounds(check: CheckRecord) -> str:
    """The lower and the upper bound of a check's value."""
    if check.low is None or check.high is None:
        return DASH
    return f"{ON_PAGES['number'](check.low)} to {ON_PAGES['amount'](check.high, check.unit)}"


def _refused_first(variants: Sequence[VariantRecord]) -> list[VariantRecord]:
    return sorted(variants, key=lambda variant: ("fail", "abstain", "pass").index(variant.verdict))


def _policy(policy: PolicyRecord) -> list[str]:
    """Which days count, in sentences."""
    said = [words[getattr(policy, field)] for field, words in COUNTED.items()]
    if policy.min_volume:
        said.append(f"Series that sold less than {policy.min_volume:g} units a day are left out of MAPE.")
    return [*said, f"MAPE is undefined where it covers less than {policy.min_coverage:g} % of the days."]


def _seasons(scaling: ScalingRecord) -> str:
    """What of the calendar a scaling knows, as a sentence."""
    if isinstance(scaling, GlobalMinMaxRecord):
        return "Seasons are not modelled apart from the window."
    known = {
        "weekdays": set(scaling.weekday) != {1.0},
        "months": set(scaling.month) != {1.0},
        "the time of year": bool(scaling.annual),
        f"{len(scaling.days)} holidays and days of events": bool(scaling.days),
    }
    parts = [name for name, used in known.items() if used]
    groups = f", for {len(scaling.groups)} groups of items apart" if scaling.groups else ""
    return f"The scaling knows {', '.join(parts)}{groups}." if parts else "No season was found that pays."


def _stores(by_store: Mapping[str, float | None]) -> str:
    """Where a forecast does best and worst, in words; empty for fewer than two stores."""
    known = sorted((mape, store) for store, mape in by_store.items() if mape is not None)
    if len(known) < 2:
        return ""
    (low, best), (high, worst) = known[0], known[-1]
    return f"MAPE by store from {number(low)} % (store {best}) to {number(high)} % (store {worst})."


def _window(history: History) -> str:
    """The training window in words, without its excluded periods."""
    length = "all days" if history.days is None else f"the last {history.days:,} days"
    recent = f" before the {history.held_back_days:,} most recent" if history.held_back_days else ""
    return f"{length}{recent}, series of at least {history.min_days:,} days."


def _period(period: ExcludedPeriod) -> str:
    """An excluded period in words."""
    stores = "all stores" if period.stores is None else f"stores {', '.join(period.stores)}"
    return f"{period.first} to {period.last}, {stores}: {period.reason}"


def _device(choice: ChoiceRecord) -> str:
    """What a device class can carry, in words."""
    link = f", {choice.update_s:g} s at {choice.link_kbps:g} kbit/s" if choice.link_kbps else ""
    return f"{choice.flash_kb:g} KB of flash, {choice.ram_kb:g} of RAM, {choice.latency_us:g} µs{link}"


def _flat(record: BaseModel | Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested record as one level, with dots in its keys."""
    values = record.model_dump(mode="json") if isinstance(record, BaseModel) else record
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
