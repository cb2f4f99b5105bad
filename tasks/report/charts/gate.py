"""How close a release's variants came to the gate's limits, as Altair."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import altair as alt

from tasks.report.charts.style import INK, VERDICTS, WIDE, styled
from tasks.report.explain import subject
from tasks.report.text import ON_PAGES, rounded
from tasks.state.manifest import Manifest
from tasks.state.variant_record import CheckRecord, VariantRecord

COMPARISONS = {
    "reference": "no network",
    "champion": "what stores run",
    "budget": "the year's models",
    "last year": "last year's season",
    "baseline": "the baseline",
    "parent": "its parent",
    "store": "in the worst store",
    "item class": "in the worst class",
}
"""Checks that compare MAPE on the same days, and with whom."""

_STEP = 24
_REACH = 3
"""Times the largest limit that a panel reaches to either side."""
_LEAST = 0.5
"""Percentage points that it reaches at least, times the same."""
_FINEST = 0.05
"""Percentage points to either side that are always shown, so that next to nothing does not look like much."""
_ROOM = 0.04
"""Share of the axis left empty at either end, so that a point does not cover the labels."""
_FIGURES, _FIGURE = 170, 160
"""Pixels that are not plot: figures on a desk; on a phone one figure, and labels."""


@dataclass(frozen=True)
class Difference:
    """A difference of MAPE as it is drawn, in percentage points above whom a variant is compared with.

    Attributes:
        label: What is compared.
        value: The difference.
        low: Its lower bound.
        high: Its upper bound.
        limit: What it may be at most.
        outcome: The check's outcome.
    """

    label: str
    value: float
    low: float
    high: float
    limit: float
    outcome: str

    def within(self, low: float, high: float) -> dict[str, float]:
        """What is drawn of it in a panel from `low` to `high`: what lies beyond is at the edge."""
        numbers = {"value": self.value, "low": self.low, "high": self.high, "limit": self.limit}
        return {name: min(max(number, low), high) for name, number in numbers.items()}


def gate_chart(manifest: Manifest, width: int = WIDE) -> alt.VConcatChart | None:
    """Differences of MAPE with their bounds against the limits; nothing where no check compared any.

    One panel has every comparison of the variant that the report speaks of, the other every variant against what
    stores run, else against the baseline; those with the same figures are one row. What lies beyond a panel's reach is
    drawn at its edge.

    Args:
        manifest: Of the release.
        width: Of plot and figures, in pixels. Defaults to `WIDE`.
    """
    panels = {title: rows for title, rows in _panels(manifest) if rows}
    if not panels:
        return None
    described = "Difference of MAPE with its bounds: " + "; ".join(_described(*panel) for panel in panels.items())
    drawn = alt.vconcat(*(_panel(title, rows, width) for title, rows in panels.items()), spacing=22)
    return styled(drawn.properties(padding={"left": 24, "right": 30, "top": 5, "bottom": 5}), described)


def _panels(manifest: Manifest) -> list[tuple[str, list[Difference]]]:
    one = subject(manifest)
    checks = {check.name: check for check in one.checks}
    asked = [_difference(label, one, checks.get(name)) for name, label in COMPARISONS.items()]
    against = next((name for name in ("champion", "baseline") if _all(manifest, name)), "baseline")
    return [
        (f"{one.name} against …", [difference for difference in asked if difference]),
        (f"Every variant against {COMPARISONS[against]}", folded(_all(manifest, against))),
    ]


def _all(manifest: Manifest, name: str) -> list[Difference]:
    checks = [
        (variant, next((check for check in variant.checks if check.name == name), None))
        for variant in manifest.variants
    ]
    differences = [_difference(variant.name, variant, check) for variant, check in checks]
    return [difference for difference in differences if difference]


def folded(rows: Sequence[Difference]) -> list[Difference]:
    """One row for all that look the same in figures and outcome."""
    same: dict[tuple[object, ...], list[Difference]] = {}
    for row in rows:
        figures = (rounded(each) for each in (row.value, row.low, row.high, row.limit))
        same.setdefault((*figures, row.outcome), []).append(row)
    return [replace(those[0], label=_label([row.label for row in those])) for those in same.values()]


def _label(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _described(title: str, rows: Sequence[Difference]) -> str:
    """A panel in words, for those who cannot see it."""
    return f"{title} " + ", ".join(f"{row.label} {ON_PAGES['signed'](row.value)} pp ({row.outcome})" for row in rows)


def _difference(label: str, variant: VariantRecord, check: CheckRecord | None) -> Difference | None:
    """What a check has to draw; `None` where it compared nothing. The baseline has no difference from itself.

    The limit of the reference check is the reference's MAPE.
    """
    if check is None or check.value is None or check.limit is None:
        return None
    if check.name == "baseline" and variant.parent is None:
        return None
    shift = check.limit if check.name == "reference" else 0.0
    low, high = (check.value if bound is None else bound for bound in (check.low, check.high))
    return Difference(label, check.value - shift, low - shift, high - shift, check.limit - shift, check.outcome)


def _panel(title: str, rows: list[Difference], width: int) -> Any:
    wide, ends = width >= WIDE, _ends(rows)
    drawn = [_drawn(row, ends, wide) for row in rows]
    plot = width - (_FIGURES if wide else _FIGURE)
    label = alt.Y("label:N", sort=[row.label for row in rows], title=None, axis=alt.Axis(labelLimit=0, ticks=False))
    value = alt.X(
        "value:Q",
        title="pp of MAPE; left is better",
        scale=alt.Scale(domain=ends, nice=False),
        axis=alt.Axis(tickCount=9 if wide else 4, format="+~g"),
    )
    looks = [alt.Scale(domain=list(VERDICTS), range=list(values)) for values in zip(*VERDICTS.values(), strict=True)]
    legend = alt.Legend(symbolOpacity=1)
    color = alt.Color("outcome:N", title=None, scale=looks[0], legend=legend)
    shape = alt.Shape("outcome:N", title=None, scale=looks[1], legend=legend)
    mark = alt.Chart()
    layers = (
        mark.mark_rule(color=INK, opacity=0.5, strokeDash=[2, 3]).encode(x=alt.datum(0)),
        mark.mark_rule(strokeWidth=6, opacity=0.45).encode(color, label, x="low:Q", x2="high:Q"),
        mark.mark_tick(color=INK, thickness=2.5, size=18).encode(label, x="limit:Q"),
        mark.mark_point(filled=True, size=80, opacity=1).encode(value, label, color, shape),
        mark.mark_text(align="left", baseline="middle", fontSize=12, color=INK).encode(
            label, x=alt.value(plot + 12), text="figures:N"
        ),
    )
    heading = alt.Title(title, anchor="start", fontSize=13, color=INK)
    panel = alt.layer(*layers, data=alt.Data(values=drawn))
    return panel.properties(width=plot, height=_STEP * len(rows), title=heading)


def _ends(rows: list[Difference]) -> tuple[float, float]:
    """Of the axis: all that is drawn, but nothing out of reach."""
    reach = _REACH * max(_LEAST, *(row.limit for row in rows))
    low = max(min(-_FINEST, *(row.low for row in rows)), -reach)
    high = min(max(_FINEST, *(row.high for row in rows), *(row.limit for row in rows)), reach)
    room = _ROOM * (high - low)
    return low - room, high + room


def _drawn(row: Difference, ends: tuple[float, float], wide: bool) -> dict[str, float | str]:
    """A row with its figures in words, and within the panel, as Altair takes it."""
    figures = ON_PAGES["signed"](row.value)
    if wide:
        figures += f" ({ON_PAGES['signed'](row.low)} to {ON_PAGES['signed'](row.high)})"
    return asdict(row) | row.within(*ends) | {"figures": figures}
