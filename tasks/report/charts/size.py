"""File size against MAPE: what a smaller file costs in accuracy, as Altair."""

from collections.abc import Sequence
from itertools import cycle, islice

import altair as alt

from tasks.forecasting.rollout.costs import DIGITS
from tasks.report.charts.style import INK, LINES, VERDICTS, WIDE, Drawn, styled
from tasks.report.explain import given, subject
from tasks.report.text import span
from tasks.state.manifest import Manifest, ReferenceRecord
from tasks.state.record import or_nan
from tasks.state.variant_record import Errors, VariantRecord

OTHERS = {"pass": "other variants, passed", "fail": "other variants, refused", "abstain": "other variants, abstained"}
"""What the legend says of variants that it does not name."""

HIGHEST = 1.3
"""Times the lowest MAPE that the chart reaches to, so that one ruined variant does not flatten all others."""

_HEIGHT = 300
_DASHES = ([6, 4], [2, 3], [10, 3, 2, 3])
_SHAPES = ("triangle-up", "triangle-down", "triangle-right", "triangle-left")


def size_chart(manifest: Manifest, width: int = WIDE) -> alt.LayerChart:
    """A point for each measured variant, a line for each forecast without a network, and the Pareto front.

    The legend names the baseline and what devices get, else the variant nearest to passing; all others have one name
    a verdict. What has a MAPE of more than `HIGHEST` times the lowest is drawn at the upper edge.

    Args:
        manifest: Of the release.
        width: Of the plot, in pixels. Defaults to `WIDE`.
    """
    variants = [variant for variant in manifest.variants if variant.mape is not None and variant.file_bytes]
    references = [reference for reference in manifest.references if reference.mape is not None]
    x, y = _across(variants), _up([*variants, *references], variants)
    layers = (*_rules(references, y, width), _front(variants, x, y), _points(manifest, variants, x, y, width))
    described = (
        f"MAPE against the size of the file: {len(variants)} variants at {span(map(_mape, variants), '%')}, "
        f"forecasts without a network at {span(map(_mape, references), '%')}"
    )
    chart = alt.layer(*layers).properties(width=width, height=_HEIGHT)
    return styled(chart.resolve_scale(color="independent", shape="independent"), described)


def names(manifest: Manifest) -> dict[str, str]:
    """The variants that the legend names: what devices get, or the nearest to passing, and the baseline."""
    devices: dict[str, list[str]] = {}
    for choice in manifest.choices:
        if choice.variant:
            devices.setdefault(choice.variant, []).append(choice.device)
    said = {name: f"{name}, for {', '.join(those)}" for name, those in devices.items()}
    if not given(manifest):
        said[subject(manifest).name] = f"{subject(manifest).name}, the nearest to passing"
    first = manifest.variants[0].name
    return said | {first: f"{said[first]}; the baseline" if first in said else f"{first}, the baseline"}


def front(variants: Sequence[VariantRecord]) -> list[VariantRecord]:
    """Variants than which no other is both smaller and more accurate, smallest first; MAPE counts as tables show it."""
    steps: list[VariantRecord] = []
    for variant in sorted(variants, key=lambda variant: (variant.file_bytes, variant.mape)):
        if not steps or round(_mape(variant), DIGITS) < round(_mape(steps[-1]), DIGITS):
            steps.append(variant)
    return steps


def _across(variants: Sequence[VariantRecord]) -> alt.X:
    sizes = [_kb(variant) for variant in variants] or [1.0]
    scale = alt.Scale(type="log", domain=(min(sizes) / 1.3, max(sizes) * 1.3), nice=False)
    ticks = [step * 10.0**power for power in range(-2, 6) for step in (1, 2, 5)]
    return alt.X("kb:Q", title="Model file, KB (log scale)", scale=scale, axis=alt.Axis(values=ticks, format="~g"))


def _up(drawn: Sequence[Errors], variants: Sequence[VariantRecord]) -> alt.Y:
    cap = HIGHEST * min(map(_mape, variants), default=1.0)
    mapes = [min(_mape(one), cap) for one in drawn] or [1.0]
    room = 0.15 * (max(mapes) - min(mapes)) or 0.5
    scale = alt.Scale(domain=(min(mapes) - room, max(mapes) + room), nice=False, zero=False, clamp=True)
    return alt.Y("mape:Q", title="MAPE on the holdout, %", scale=scale, axis=alt.Axis(tickCount=5))


def _rules(references: Sequence[ReferenceRecord], y: alt.Y, width: int) -> list[alt.Chart]:
    """A dashed line for each forecast without a network, which the legend names."""
    rows = [{"mape": each.mape, "of": f"no network: {each.name}"} for each in references]
    if not rows:
        return []
    dash = alt.Scale(domain=[row["of"] for row in rows], range=list(islice(cycle(_DASHES), len(rows))))
    looks = {"symbolType": "stroke", "symbolSize": 500, "symbolStrokeColor": INK}
    legend = alt.Legend(orient="bottom", columns=2 if width == WIDE else 1, **looks)
    base = alt.Chart(alt.Data(values=rows)).mark_rule(color=INK, strokeWidth=1.5, opacity=0.7)
    return [base.encode(y, alt.StrokeDash("of:N", title=None, scale=dash, legend=legend))]


def _front(variants: Sequence[VariantRecord], x: alt.X, y: alt.Y) -> alt.Chart:
    line = alt.Chart(alt.Data(values=[{"kb": _kb(each), "mape": each.mape} for each in front(variants)]))
    return line.mark_line(interpolate="step-after", color=INK, strokeWidth=1.5, strokeOpacity=0.4).encode(x, y)


def _points(manifest: Manifest, variants: Sequence[VariantRecord], x: alt.X, y: alt.Y, width: int) -> alt.Chart:
    named = names(manifest)
    rows: list[Drawn] = [
        {"kb": _kb(each), "mape": each.mape, "of": named.get(each.name, OTHERS[each.verdict])} for each in variants
    ]
    rows.sort(key=lambda row: [*OTHERS.values(), row["of"]].index(row["of"]))  # what is named covers what is not
    looks = {OTHERS[verdict]: look for verdict, look in VERDICTS.items()}
    looks |= {label: (LINES[place % 4][0], _SHAPES[place % 4]) for place, label in enumerate(named.values())}
    looks[named[manifest.variants[0].name]] = (INK, "square")
    shown = [label for label in (*named.values(), *OTHERS.values()) if any(row["of"] == label for row in rows)]
    color, shape = (alt.Scale(domain=shown, range=[looks[label][part] for label in shown]) for part in (0, 1))
    legend = alt.Legend(columns=3 if width == WIDE else 1)
    base = alt.Chart(alt.Data(values=rows)).mark_point(filled=True, size=110, opacity=1)
    return base.encode(
        x,
        y,
        alt.Color("of:N", title=None, scale=color, legend=legend),
        alt.Shape("of:N", title=None, scale=shape, legend=legend),
    )


def _kb(variant: VariantRecord) -> float:
    return (variant.file_bytes or 0) / 1024


def _mape(errors: Errors) -> float:
    return or_nan(errors.mape)
