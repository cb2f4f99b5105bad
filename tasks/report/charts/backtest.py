"""Charts of a backtest: MAPE over time with what was promoted and refused, and what each cadence costs."""

from typing import Any

import altair as alt

from tasks.report.backtest_result import BacktestResult, CadenceRecord
from tasks.report.charts.alike import alike
from tasks.report.charts.style import INK, LINES, VERDICTS, WIDE, Drawn, styled

WITHOUT = "no network"

LEFT = 136
"""Pixels for the names at the left, whatever the font."""

PARTS = {
    "errors": ("MAPE above the lowest", "#0083C9"),
    "retraining": ("retrains", "#D55E00"),
    "sending": ("sending", "#009E73"),
}
"""What a cost is made of: in the record, in words, in colour."""


def history_chart(result: BacktestResult, width: int = WIDE) -> alt.VConcatChart:
    """MAPE of four weeks for each cadence and without a network; below, on which days a model was promoted or refused.

    Args:
        result: Of the backtest.
        width: Of the plot, in pixels. Defaults to `WIDE`.
    """
    names = [cadence.name for cadence in sorted(result.cadences, key=lambda cadence: cadence.retrains)]
    described = f"MAPE over time of {len(names)} retraining cadences, and their promotions and refusals"
    panels = alt.vconcat(_mape(result, names, width), _decisions(result, names, width), spacing=10)
    return styled(panels.resolve_scale(color="independent", strokeDash="independent", shape="independent"), described)


def cost_chart(result: BacktestResult, width: int = WIDE) -> alt.VConcatChart:
    """Cost of a year and store under each limit, one panel a cadence, the cheapest first.

    Args:
        result: Of the backtest.
        width: Of each panel, in pixels. Defaults to `WIDE`.
    """
    names, limits = [cadence.name for cadence in result.cadences], [limit.name for limit in result.limits]
    rows = [(limit.name, cadence) for limit in result.limits for cadence in limit.cadences]
    most = max((cadence.cost or 0.0 for _, cadence in rows), default=0.0) or 1.0
    panels = [
        _bars(
            [bar for limit, cadence in rows if cadence.name == name for bar in _parts(limit, cadence)],
            *(name, limits, 1.15 * most, width, name is names[-1]),
        )
        for name in names
    ]
    described = f"Cost of a year and store of {len(names)} cadences under {len(limits)} limits"
    return styled(alt.vconcat(*panels, spacing=14), described)


def _parts(limit: str, cadence: CadenceRecord) -> list[Drawn]:
    """A bar for each part of the cost of a cadence under a limit; none where it is not known."""
    if cadence.costs is None:
        return []
    costs = dict(cadence.costs)
    return [
        {"gate": limit, "part": words, "cost": costs[part], "total": cadence.cost} for part, (words, _) in PARTS.items()
    ]


def _mape(result: BacktestResult, names: list[str], width: int) -> Any:
    lines = {cadence.name: cadence.mape_by_4_weeks for cadence in result.cadences}
    rows = [
        {"day": day, "mape": mape, "cadence": name}
        for name, series in (lines | {WITHOUT: result.without_network.mape_by_4_weeks}).items()
        for day, mape in series.items()
    ]
    looks = [*LINES[: len(names)], (INK, [1, 3])]
    color, dash = (alt.Scale(domain=[*names, WITHOUT], range=list(values)) for values in zip(*looks, strict=True))
    legend = alt.Legend(
        symbolType="stroke",
        symbolSize=500,
        symbolOpacity=1,
        symbolStrokeWidth=2,
        columns=5 if width == WIDE else 2,
        columnPadding=24,
    )
    base = alt.Chart(alt.Data(values=rows)).encode(
        _time(result, width, labels=False),
        alt.Y(
            "mape:Q",
            title=None,
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=5, minExtent=LEFT),
        ),
        alt.Color("cadence:N", title=None, scale=color, legend=legend),
        alt.StrokeDash("cadence:N", title=None, scale=dash, legend=legend),
    )
    title = alt.Title("MAPE of 4 weeks, %", anchor="start", fontSize=13, color=INK)
    return base.mark_line(strokeWidth=2, point={"size": 16}).properties(width=width, height=240, title=title)


def _decisions(result: BacktestResult, names: list[str], width: int) -> Any:
    words = {"pass": "promoted", "fail": "refused", "abstain": "abstained"}
    rows = [
        {"day": str(decision.day), "cadence": cadence.name, "outcome": words[decision.outcome]}
        for cadence in result.cadences
        for decision in cadence.decisions
    ]
    colors, shapes = zip(*VERDICTS.values(), strict=True)
    legend = alt.Legend(symbolOpacity=1, orient="bottom")
    marks = alt.Chart(alt.Data(values=rows)).encode(
        _time(result, width, labels=True),
        alt.Y("cadence:N", title=None, sort=names, axis=alt.Axis(grid=True, minExtent=LEFT)),
        alt.Color(
            "outcome:N", title=None, scale=alt.Scale(domain=list(words.values()), range=list(colors)), legend=legend
        ),
        alt.Shape(
            "outcome:N", title=None, scale=alt.Scale(domain=list(words.values()), range=list(shapes)), legend=legend
        ),
    )
    return marks.mark_point(filled=True, size=80, opacity=1).properties(width=width, height=24 * len(names))


def _time(result: BacktestResult, width: int, labels: bool) -> alt.X:
    domain = [str(result.first_day), str(result.last_day)]
    axis = alt.Axis(format="%b %Y", tickCount=width // 90, grid=False, labels=labels, ticks=labels)
    return alt.X("day:T", title=None, scale=alt.Scale(type="utc", domain=domain), axis=axis)


def _bars(bars: list[Drawn], name: str, limits: list[str], most: float, width: int, last: bool) -> Any:
    words, colors = zip(*PARTS.values(), strict=True)
    base = alt.Chart(alt.Data(values=bars))
    y = alt.Y("gate:N", title=None, sort=limits, axis=alt.Axis(minExtent=LEFT, ticks=False, domain=False))
    scale = alt.Scale(domain=[0, most], nice=False)
    legend = alt.Legend(columnPadding=24)
    axis = alt.Axis(tickCount=5, labels=last, ticks=last, domain=last)
    bar = base.mark_bar(height=12).encode(
        alt.X("cost:Q", title=None, stack="zero", scale=scale, axis=axis),
        y,
        alt.Color("part:N", title=None, scale=alt.Scale(domain=list(words), range=list(colors)), legend=legend),
        alt.Order("index:Q"),
    )
    total = base.transform_filter(f"datum.part == '{words[0]}'").mark_text(align="left", dx=4, fontSize=12, color=INK)
    label = total.encode(alt.X("total:Q", scale=scale), y, alt.Text("total:Q", format=",.2f"))
    title = alt.Title(name, anchor="start", fontSize=13, color=INK)
    return alt.layer(bar, label).properties(width=width, height=20 * len(limits), title=title)
