"""The report and the model card of a release: its manifest goes in, text comes out."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from tasks.report import breakdown
from tasks.report.breakdown import ScoreRow, tint
from tasks.report.charts.gate import gate_chart
from tasks.report.charts.series import Sample, series_chart
from tasks.report.charts.size import size_chart
from tasks.report.comparison import baseline, comparison
from tasks.report.explain import because, kept, refusals, smallest, subject, worst_stores
from tasks.report.page import drawn, template
from tasks.report.sentences import headline as said
from tasks.report.sentences import provenance
from tasks.report.text import DASH, ON_PAGES, capitalised, listed, setting
from tasks.report.verdicts import groups
from tasks.state.manifest import Manifest
from tasks.state.plain_text import markdown
from tasks.state.variant_record import CheckRecord

ERRORS = {"wape": "WAPE %", "bias_pct": "bias %", "mase": "MASE", "rmsse": "RMSSE"}
"""What stands beside MAPE in the tables by group."""


def report(manifest: Manifest, samples: Sequence[Sample], errors: Sequence[ScoreRow] = ()) -> str:
    """The release as one HTML file that needs no network and runs no script.

    Args:
        manifest: Of the release.
        samples: As for `series_chart`; without any, that part is left out.
        errors: By group, as for `breakdown.tables`; without any, that part is left out. Defaults to none.
    """
    one = subject(manifest).name
    return template("report.html.j2", FILTERS).render(
        _context(manifest),
        size_charts=drawn(lambda width: size_chart(manifest, width)),
        gate_charts=drawn(lambda width: gate_chart(manifest, width)),
        series_charts=drawn(lambda width: series_chart(samples, width)) if samples else [],
        samples=samples,
        groups=groups(manifest.variants),
        tables=breakdown.tables(errors, one),
        matrix=breakdown.matrix(errors, one),
        errors=ERRORS,
    )


def card(manifest: Manifest) -> str:
    """The model card of a release, in Markdown.

    Source:
        Mitchell et al. (2019), "Model Cards for Model Reporting".
    """
    return template("card.md.j2", FILTERS, _markdown).render(_context(manifest))


def _context(manifest: Manifest) -> dict[str, object]:
    rows = comparison(manifest)
    return {
        "manifest": manifest,
        "rows": [row for row in rows if row.verdict != "reference"],
        "references": [row for row in rows if row.verdict == "reference"],
        "best": smallest(manifest),
        "subject": subject(manifest),
        "baseline": baseline(manifest),
        "headline": said.headline(manifest),
        "lead": said.lead(manifest),
        "detail": said.detail(manifest),
        "caution": said.caution(manifest),
    }


def _markdown(value: Any) -> Any:
    """Text as one line of Markdown without any markup of its own."""
    return markdown(value) if isinstance(value, str) else value


def _bounds(check: CheckRecord) -> str:
    """The lower and the upper bound of a check's value."""
    if check.low is None or check.high is None:
        return DASH
    return f"{ON_PAGES['number'](check.low)} to {ON_PAGES['amount'](check.high, check.unit)}"


def _flat(record: BaseModel | Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested record as one level, with dots in its keys."""
    values = record.model_dump(mode="json") if isinstance(record, BaseModel) else record
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


FILTERS = {
    **{each.__name__: each for each in (because, capitalised, kept, listed, refusals, setting, worst_stores, tint)},
    **{name: getattr(provenance, name) for name in ("device", "example", "period", "policy", "prices", "seasons")},
    **{"stores": provenance.stores, "window": provenance.window, "bounds": _bounds, "flat": _flat},
}
"""What the templates call, by name."""
