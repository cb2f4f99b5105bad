"""Charts of a backtest: MAPE over time with what was promoted and refused, and what each cadence costs."""

from typing import Any

import altair as alt

from tasks.report.backtest_result import BacktestResult, CadenceRecord
from tasks.report.charts.alike import alike
from tasks.report.charts.style import INK, LINES, VERDICTS, WIDE, Drawn, styled
from tasks.report.text import number

WITHOUT = "no network"

_SAME = 0.01
"""Percentage points that two lines may be apart and still be drawn as one."""

LEFT = 136
"""Pixels for the names at the left, whatever the font."""

PARTS = {
    "errors": ("MAPE above the lowest", "#0083C9"),
    "retraining": ("retrains", "#D55E00"),
    "sending": ("sending", "#009E73"),
}
"""What a cost is made of: in the record, in words, in colour."""


_NAMES = alt.Axis(minExtent=LEFT, ticks=False, domain=False)


def history_chart(result: BacktestResult, width: int = WIDE) -> alt.VConcatChart:
    """MAPE of four weeks for each cadence and without a network; below, on which days a model was promoted or refused.

    Args:
        result: Of the backtest.
        width: Of the plot, in pixels. Defaults to `WIDE`.
    """
    names = [cadence.name for cadence in sorted(result.cadences, key=lambda cadence: cadence.retrains)]
    said = "; ".join(f"{each.name} {number(each.mape)} %, {each.promotions} promoted" for each in result.cadences)
    described = f"MAPE over time of each cadence, and its promotions and refusals: {said}"
    panels = alt.vconcat(_mape(result, names, width), _decisions(result, names, width), spacing=10)
    return styled(panels.resolve_scale(color="independent", strokeDash="independent", shape="independent"), described)


def cost_chart(result: BacktestResult, width: int = WIDE) -> alt.LayerChart:
    """Cost of a year and store of each cadence under the settings' gate, the cheapest first, by what it is made of.

    Args:
        result: Of the backtest.
        width: Of the plot, in pixels. Defaults to `WIDE`.
    """
    names = [cadence.name for cadence in result.cadences]
    words, colors = zip(*PARTS.values(), strict=True)
    costs = [cadence.cost for cadence in result.cadences if cadence.cost is not None]
    scale = alt.Scale(domain=[0, 1.15 * max(costs, default=0.0) or 1.0], nice=False)
    base = alt.Chart(alt.Data(values=[part for cadence in result.cadences for part in _parts(cadence)]))
    y = alt.Y("cadence:N", title=None, sort=names, scale=alt.Scale(domain=names), axis=_NAMES)
    bar = base.mark_bar(height=14).encode(
        alt.X(
            "cost:Q", title=f"{result.currency} a year and store", stack="zero", scale=scale, axis=alt.Axis(tickCount=5)
        ),
        y,
        alt.Color("part:N", title=None, scale=alt.Scale(domain=list(words), range=list(colors))),
    )
    total = base.transform_filter(f"datum.part == '{words[0]}'").mark_text(align="left", dx=4, fontSize=12, color=INK)
    label = total.encode(alt.X("total:Q", scale=scale), y, alt.Text("total:Q", format=",.2f"))
    said = "; ".join(f"{cadence.name} {number(cadence.cost)}" for cadence in result.cadences)
    chart = alt.layer(bar, label).properties(width=width, height=26 * len(names))
    return styled(chart, f"Cost of a year and store in {result.currency}: {said}")


def _parts(cadence: CadenceRecord) -> list[Drawn]:
    """A bar for each part of the cost of a cadence; none where it is not known."""
    if cadence.costs is None:
        return []
    costs = dict(cadence.costs)
    return [
        {"cadence": cadence.name, "part": words, "cost": costs[part], "total": cadence.cost}
        for part, (words, _) in PARTS.items()
    ]


def _mape(result: BacktestResult, names: list[str], width: int) -> Any:
    found = {cadence.name: cadence.mape_by_4_weeks for cadence in result.cadences}
    same = alike({name: list(found[name].values()) for name in names}, _SAME)
    lines = {", ".join(those): found[first] for first, those in same.items()}
    lines[WITHOUT] = result.without_network.mape_by_4_weeks
    rows = [{"day": day, "mape": mape, "cadence": name} for name, line in lines.items() for day, mape in line.items()]
    looks = [*LINES[: len(same)], (INK, [1, 3])]
    color, dash = (alt.Scale(domain=list(lines), range=list(values)) for values in zip(*looks, strict=True))
    legend = alt.Legend(
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=2,
        columns=4 if width == WIDE else 1,
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
    legend = alt.Legend(orient="bottom")
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
