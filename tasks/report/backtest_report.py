"""The report of a backtest: its result goes in, HTML comes out."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.report.backtest_result import BacktestResult
from tasks.report.charts.backtest import cost_chart, history_chart
from tasks.report.charts.comparison import NARROW, WIDE, svg
from tasks.report.release_report import inline
from tasks.report.text import ON_PAGES

COLUMNS = (
    *("retrains", "promotions", "refusals", "days_without_a_model"),
    *("mape", "coverage", "wape", "bias_pct", "mase", "rmsse", "cost"),
)
"""What a table of cadences and limits shows."""


def rows(result: BacktestResult) -> list[dict[str, Any]]:
    """A row for each cadence under each limit, the loosest limit first and in it the cheapest cadence."""
    return [
        {"retrain": cadence.name, "gate": limit.name, **cadence.model_dump(include=set(COLUMNS))}
        for limit in result.limits
        for cadence in limit.cadences
    ]


def report(result: BacktestResult) -> str:
    """The backtest as one HTML file that needs no network and runs no script."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= ON_PAGES
    charts = {
        name: [inline(svg(chart(result, width))) for width in (WIDE, NARROW)]
        for name, chart in (("history", history_chart), ("costs", cost_chart))
    }
    return environment.get_template("backtest.html.j2").render(result=result, best=result.cadences[0], **charts)
