"""Forecasts of a few windows: golden samples for devices, and series for the report to draw."""

from collections.abc import Sequence

import numpy as np

from tasks.report.charts.series import Sample
from tasks.retrain.candidate import SHIPPED, Candidate
from tasks.state.golden import Golden, GoldenSample

SHOWN = 4
"""Number of series whose forecasts the report draws."""

SHOWN_DAYS = 56
"""Number of days that it draws, the last of the holdout."""


def golden(candidate: Candidate) -> Golden:
    """Windows with every variant's forecast, by which a device checks a file that arrived."""
    chosen, scaled, panel = candidate.golden, candidate.scale(candidate.golden), candidate.panel
    forecasts = {
        variant.name: candidate.forecast(variant.name, SHIPPED)[candidate.golden_rows]
        for variant in candidate.spec.variants
        if candidate.path(variant.name, SHIPPED, "forecast.npy").exists()
    }
    samples = tuple(
        GoldenSample(
            store=str(panel.stores[series]),
            item=str(panel.items[series]),
            day=str(chosen.day[row]),
            history=tuple(chosen.history[row].tolist()),
            **({} if scaled.level is None else {"level": float(scaled.level[row])}),
            forecast={name: float(forecast[row]) for name, forecast in forecasts.items()},
        )
        for row, series in enumerate(chosen.series)
    )
    return Golden(tolerance=1e-3, samples=samples)


def samples(candidate: Candidate, variants: Sequence[str]) -> list[Sample]:
    """Forecast against actual over the last 8 weeks of the holdout, for a few series."""
    holdout, panel = candidate.holdout, candidate.panel
    forecasts = {name: candidate.forecast(name, SHIPPED) for name in variants}
    recent = holdout.column > holdout.column.max() - SHOWN_DAYS
    shown = np.unique(np.linspace(0, len(panel.stores) - 1, SHOWN).astype(int))
    drawn = []
    for row in shown:
        of_series = recent & (holdout.series == row)
        drawn.append(
            Sample(
                f"store {panel.stores[row]}, item {panel.items[row]}",
                holdout[of_series].day.astype(str).tolist(),
                holdout[of_series].actual.tolist(),
                {name: forecast[of_series].tolist() for name, forecast in forecasts.items()},
            )
        )
    return drawn
