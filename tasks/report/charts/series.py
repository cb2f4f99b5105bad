"""Forecasts of a few series against what was sold, as Altair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from statistics import fmean
from typing import Any

import altair as alt

from tasks.report.charts.alike import alike
from tasks.report.charts.style import INK, LINES, WIDE, styled

_SAME = 0.01
"""Share of a series' mean sales that two forecasts may be apart and still be drawn as one line."""


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
    forecast: Mapping[str, list[float]]


def series_chart(samples: Sequence[Sample], width: int = WIDE) -> alt.VConcatChart:
    """Forecast against actual sales, one panel a series; forecasts that would cover each other are one line.

    Args:
        samples: The series to draw.
        width: Of each panel, in pixels. Defaults to `WIDE`.
    """
    drawn = merged(samples)
    looks = {"actual": (INK, [1, 0])} | dict(zip(drawn[0].forecast, cycle(LINES), strict=False))
    scales = [alt.Scale(domain=list(looks), range=list(values)) for values in zip(*looks.values(), strict=True)]
    panels = [_panel(sample, width, *scales) for sample in drawn]
    described = "Forecast against actual sales a day: " + "; ".join(sample.series for sample in samples)
    return styled(alt.vconcat(*panels, spacing=18), described)


def merged(samples: Sequence[Sample]) -> list[Sample]:
    """The samples with one forecast for all that nowhere differ by more than 1 % of a series' mean sales."""
    means = [fmean([units for units in sample.actual if units is not None] or [1.0]) or 1.0 for sample in samples]
    shares = {
        name: [units / mean for sample, mean in zip(samples, means, strict=True) for units in sample.forecast[name]]
        for name in samples[0].forecast
    }
    labels = {
        first: " and ".join(those) + (" (the same to 1 %)" if len(those) > 1 else "")
        for first, those in alike(shares, _SAME).items()
    }
    return [
        replace(sample, forecast={label: sample.forecast[first] for first, label in labels.items()})
        for sample in samples
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
