"""The report of a backtest: its result goes in, HTML comes out."""

from typing import Any

from tasks.report.backtest_result import BacktestResult
from tasks.report.charts.backtest import cost_chart, history_chart
from tasks.report.page import drawn, template

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
    return template("backtest.html.j2", {}).render(
        result=result,
        best=result.cadences[0],
        history=drawn(lambda width: history_chart(result, width)),
        costs=drawn(lambda width: cost_chart(result, width)),
    )
