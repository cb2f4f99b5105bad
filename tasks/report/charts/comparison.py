"""Charts of a release, as Altair, SVG and PNG; nothing is fetched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO, StringIO
from itertools import cycle, islice, pairwise
from typing import Any

import altair as alt

from tasks.forecasting.rollout.costs import DIGITS
from tasks.state.manifest import Manifest, ReferenceRecord
from tasks.state.record import or_nan
from tasks.state.variant_record import Errors, VariantRecord

Drawn = dict[str, object]
"""A row of the data that Altair draws."""

VERDICTS = {"pass": ("#009E73", "circle"), "fail": ("#D55E00", "cross"), "abstain": ("#8C7AA9", "diamond")}
"""Colour and shape of each verdict; the first two colours are of Okabe & Ito (2008), "Color Universal Design"."""

FORECASTS = (("#0083C9", [1, 0]), ("#D55E00", [5, 3]), ("#009E73", [2, 2]))
"""Colour and dash of each forecast line, readable on white and on black."""

WIDE, NARROW = 880, 320
"""Plot widths for a desk and for a phone, in pixels."""

INK = "currentColor"
"""The colour of the page's text."""

_HEIGHT = 340
_PALE = 0.5
_LETTER, _LINE = 6.8, 15


@dataclass(frozen=True)
class Sample:
    """A series whose forecasts are drawn.

    Attributes:
        series: Its name.
        day: ISO dates.
        actual: Units sold on each day; `None` where the day is missing.
        forecast: Units that each variant forecasts for each day.
    """

    series: str
    day: list[str]
    actual: list[float | None]
    forecast: dict[str, list[float]]


def size_chart(manifest: Manifest, width: int = WIDE) -> alt.LayerChart:
    """File size against MAPE: a labelled point for each measured variant, a rule for each forecast without a network.

    A MAPE over twice the lowest is drawn at the upper edge, with its value in the label. The line is the Pareto front
    of what is drawn; points that the choice of a variant holds to be dominated are paler.

    Args:
        manifest: Of the release.
        width: Of the plot, in pixels. Defaults to `WIDE`.
    """
    variants = [variant for variant in manifest.variants if variant.mape is not None and variant.file_bytes]
    references = [reference for reference in manifest.references if reference.mape is not None]
    canvas = _Canvas(variants, references, width)
    by_mape = sorted(variants, key=_mape)
    rules, points = [canvas.rule(one) for one in references], [canvas.point(one) for one in by_mape]
    points.sort(key=lambda point: point["verdict"] != "pass")  # drawn last, so that a pass never hides a failure
    layers = (_front(canvas), *_rules(rules, canvas), *_points(points, canvas))
    described = (
        f"Size of the model file against MAPE: {len(variants)} variants, {len(references)} forecasts without a network"
    )
    return styled(alt.layer(*layers).properties(width=width, height=_HEIGHT), described)


def series_chart(samples: Sequence[Sample], width: int = WIDE) -> alt.VConcatChart:
    """Forecast against actual sales, one panel a series.

    Args:
        samples: The series to draw.
        width: Of each panel, in pixels. Defaults to `WIDE`.
    """
    names = list(dict.fromkeys(name for sample in samples for name in sample.forecast))
    looks = [(INK, [1, 0]), *islice(cycle(FORECASTS), len(names))]
    scales = [alt.Scale(domain=["actual", *names], range=list(values)) for values in zip(*looks, strict=True)]
    panels = [_panel(sample, width, *scales) for sample in samples]
    described = "Forecast against actual sales a day: " + "; ".join(sample.series for sample in samples)
    return styled(alt.vconcat(*panels, spacing=18), described)


def svg(chart: Any) -> str:
    """The chart as SVG with an accessible name; its text takes the colour of the page around it."""
    text = StringIO()
    chart.save(text, format="svg")
    return text.getvalue().replace("<svg ", f'<svg role="img" aria-label="{escape(chart.description)}" ', 1)


def png(chart: Any) -> bytes:
    """The chart as PNG on white, with twice its width and height in pixels."""
    image = BytesIO()
    chart.properties(background="white").save(image, format="png", scale_factor=2)
    return image.getvalue()


def styled(chart: Any, description: str) -> Any:
    """The chart with an accessible name, in the colours of the page around it."""
    ink = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    axis = ink | {"tickColor": INK, "domainColor": INK, "gridColor": INK, "gridOpacity": 0.12}
    return chart.properties(description=description).configure(
        background="transparent",
        font="Helvetica, Arial, sans-serif",
        aria=False,
        axis=axis,
        legend=ink | {"orient": "top"},
        view={"stroke": None},
    )


class _Canvas:
    """Where points, rules and labels go; a label is moved up, else down, until it covers nothing."""

    def __init__(self, variants: list[VariantRecord], references: list[ReferenceRecord], width: int) -> None:
        mapes = [_mape(one) for one in [*variants, *references]] or [0.0]
        sizes = [_kb(one) for one in variants] or [1.0]
        self._width = width
        self._cap = 2 * min(mapes)
        self._lowest = min((_mape(one) for one in references), default=None)
        room = 0.25 * (min(max(mapes), self._cap) - min(mapes)) or 0.5
        self._mape = (min(mapes) - room, min(max(mapes), self._cap) + room)
        self._kb = (min(sizes) / 1.3, max(sizes) * 1.3)
        self._taken = [
            (x - 7, y - 7, x + 7, y + 7) for x, y in ((self._across(one), self._down(one)) for one in variants)
        ]
        self.front = [{"kb": _kb(one), "mape": self._shown(one)} for one in _staircase(variants)]
        for one, other in pairwise(_staircase(variants)):
            left, right, upper, lower = self._across(one), self._across(other), self._down(one), self._down(other)
            self._taken += [(left, upper - 2, right, upper + 2), (right - 2, upper, right + 2, lower)]
        ticks = [
            kb
            for power in range(-2, 6)
            for kb in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
            if self._kb[0] <= kb <= self._kb[1]
        ]
        self.x = alt.X(
            "kb:Q",
            title="Model file, KB (log scale)",
            scale=alt.Scale(type="log", domain=self._kb, nice=False),
            axis=alt.Axis(values=ticks, format="~g"),
        )
        self.y = alt.Y(
            "mape:Q",
            title="MAPE on the holdout, %",
            scale=alt.Scale(domain=self._mape, nice=False, zero=False),
            axis=alt.Axis(tickCount=5),
        )

    def rule(self, reference: ReferenceRecord) -> Drawn:
        """A rule and its label, which ends at the right edge."""
        label = f"no network: {reference.name}, {reference.mape:.2f} %"
        if _LETTER * len(label) > self._width:
            label = f"no network, {reference.mape:.2f} %"
        below = 9 if reference.mape == self._lowest else -9
        at = self._free(self._width - _LETTER * len(label), label, self._down(reference) + below)
        return {"label": label, "mape": self._shown(reference), "label_mape": at}

    def point(self, variant: VariantRecord) -> Drawn:
        """A point and its label, which begins right of it, or ends left of it where there is no room."""
        x, over = self._across(variant), _mape(variant) > self._cap
        label = f"{variant.name} ({variant.mape:.0f} %)" if over else variant.name
        right = x + 12 + _LETTER * len(label) <= self._width
        at = self._free(x + 12 if right else x - 12 - _LETTER * len(label), label, self._down(variant))
        where = {"kb": _kb(variant), "mape": self._shown(variant), "label_mape": at, "right": right}
        return where | {"label": label, "verdict": variant.verdict, "dominated": bool(variant.dominated_by)}

    def _free(self, left: float, label: str, wanted: float) -> float:
        """The MAPE at which a label is drawn: the first place from the wanted one, in pixels, that covers nothing."""
        places = [wanted + _LINE * step for step in (*range(0, -20, -1), *range(1, 20))]
        boxes = [(left, place - 7, left + _LETTER * len(label), place + 7) for place in places]
        inside = [box for box in boxes if box[1] >= 0 and box[3] <= _HEIGHT]
        free = next((box for box in inside if not any(_overlap(box, other) for other in self._taken)), boxes[0])
        self._taken.append(free)
        return self._mape[1] - (free[1] + 7) / _HEIGHT * (self._mape[1] - self._mape[0])

    def _shown(self, one: Errors) -> float:
        return min(_mape(one), self._cap)

    def _across(self, variant: VariantRecord) -> float:
        return math.log(_kb(variant) / self._kb[0]) / math.log(self._kb[1] / self._kb[0]) * self._width

    def _down(self, one: Errors) -> float:
        return (self._mape[1] - self._shown(one)) / (self._mape[1] - self._mape[0]) * _HEIGHT


def _staircase(variants: list[VariantRecord]) -> list[VariantRecord]:
    """Variants than which no other is both smaller and more accurate, smallest first; MAPE counts as tables show it."""
    steps: list[VariantRecord] = []
    for variant in sorted(variants, key=lambda variant: (variant.file_bytes, variant.mape)):
        if not steps or round(_mape(variant), DIGITS) < round(_mape(steps[-1]), DIGITS):
            steps.append(variant)
    return steps


def _front(canvas: _Canvas) -> alt.Chart:
    line = alt.Chart(alt.Data(values=canvas.front)).encode(x=canvas.x, y=canvas.y)
    return line.mark_line(interpolate="step-after", color=INK, strokeWidth=1.5, strokeOpacity=0.55)


def _rules(rules: list[Drawn], canvas: _Canvas) -> list[alt.Chart]:
    base = alt.Chart(alt.Data(values=rules))
    label = base.mark_text(align="right", baseline="middle", fontSize=12, fontStyle="italic", color=INK)
    return [
        base.mark_rule(strokeDash=[6, 4], color=INK, opacity=0.5).encode(y=canvas.y),
        label.encode(x=alt.value("width"), y="label_mape:Q", text="label:N"),
    ]


def _points(points: list[Drawn], canvas: _Canvas) -> list[alt.Chart]:
    base = alt.Chart(alt.Data(values=points)).encode(x=canvas.x)
    colors, shapes = (
        alt.Scale(domain=list(VERDICTS), range=list(values)) for values in zip(*VERDICTS.values(), strict=True)
    )
    legend = alt.Legend(symbolOpacity=1)
    looks = (
        alt.Color("verdict:N", title=None, scale=colors, legend=legend),
        alt.Shape("verdict:N", title=None, scale=shapes, legend=legend),
    )
    paler = alt.Opacity("dominated:N", scale=alt.Scale(domain=[False, True], range=[1, _PALE]), legend=None)
    text = {"baseline": "middle", "fontSize": 12, "color": INK}
    labels = base.encode(y="label_mape:Q", text="label:N")
    return [
        base.mark_rule(color=INK, strokeOpacity=0.4).encode(paler, y=canvas.y, y2="label_mape:Q"),
        base.mark_point(filled=True, size=110).encode(canvas.y, *looks, paler),
        labels.encode(paler).transform_filter("datum.right").mark_text(align="left", dx=12, **text),
        labels.encode(paler).transform_filter("!datum.right").mark_text(align="right", dx=-12, **text),
    ]


def _panel(sample: Sample, width: int, color: alt.Scale, dash: alt.Scale) -> Any:
    lines: dict[str, Sequence[float | None]] = {"actual": sample.actual, **sample.forecast}
    rows = [
        {"day": day, "units": units, "line": line}
        for line, values in lines.items()
        for day, units in zip(sample.day, values, strict=True)
    ]
    legend = alt.Legend(symbolType="stroke", symbolSize=500, symbolOpacity=1, symbolStrokeWidth=2)
    base = alt.Chart(alt.Data(values=rows)).encode(
        alt.X(
            "day:T",
            title=None,
            scale=alt.Scale(type="utc"),
            axis=alt.Axis(format="%-d %b", tickCount=width // 80, grid=False),
        ),
        alt.Y("units:Q", title="units a day", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4)),
        alt.Color("line:N", title=None, scale=color, legend=legend),
        alt.StrokeDash("line:N", title=None, scale=dash, legend=legend),
    )
    actual = base.transform_filter("datum.line == 'actual'")
    forecast = base.transform_filter("datum.line != 'actual'").mark_line(strokeWidth=2)
    layers = (actual.mark_line(strokeWidth=1, opacity=0.6), actual.mark_circle(size=24, opacity=0.8), forecast)
    title = alt.Title(sample.series, anchor="start", fontSize=13, color=INK)
    return alt.layer(*layers).properties(width=width, height=140, title=title)


def _kb(variant: VariantRecord) -> float:
    return (variant.file_bytes or 0) / 1024


def _mape(errors: Errors) -> float:
    return or_nan(errors.mape)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
