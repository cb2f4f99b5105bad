"""The report of a backtest: its result goes in, HTML comes out."""

from dataclasses import dataclass
from typing import Any

from tasks.forecasting.backtest.cost_benefit import SETTINGS
from tasks.report.backtest_result import BacktestResult, DecisionRecord, LimitRecord
from tasks.report.charts.backtest import cost_chart, history_chart
from tasks.report.page import drawn, template
from tasks.report.sentences import backtest as sentences
from tasks.report.sentences.provenance import example, prices

COLUMNS = (
    *("retrains", "promotions", "refusals", "days_without_a_model"),
    *("mape", "coverage", "wape", "bias_pct", "mase", "rmsse", "cost"),
)
"""What a table of cadences and limits shows."""


@dataclass(frozen=True)
class Refusal:
    """A model that was refused.

    Attributes:
        decision: The refusal.
        met: Who met it, in words: cadences, and under which limits.
    """

    decision: DecisionRecord
    met: list[str]


def rows(result: BacktestResult) -> list[dict[str, Any]]:
    """A row for each cadence under each limit, the loosest limit first and in it the cheapest cadence."""
    return [
        {"retrain": cadence.name, "gate": limit.name, **cadence.model_dump(include=set(COLUMNS))}
        for limit in result.limits
        for cadence in limit.cadences
    ]


def refusals(result: BacktestResult) -> list[Refusal]:
    """Each refusal once, the earliest first, with who met it under which limits."""
    found: dict[DecisionRecord, dict[str, list[str]]] = {}
    for limit in result.limits:
        for cadence in limit.cadences:
            for decision in cadence.decisions:
                if not decision.promoted:
                    found.setdefault(decision, {}).setdefault(limit.name, []).append(cadence.name)
    ordered = sorted(found.items(), key=lambda each: each[0].day)
    return [Refusal(decision, sentences.met_by(limits, len(result.limits))) for decision, limits in ordered]


def report(result: BacktestResult) -> str:
    """The backtest as one HTML file that needs no network and runs no script.

    Limits under which every cadence does as under the settings' gate are named, and shown no more.
    """
    own = next(limit for limit in result.limits if limit.name == SETTINGS)
    best, by_example = result.cadences[0], example(result.prices)
    return template("backtest.html.j2", {"allowed": sentences.allowed, "prices": prices}).render(
        result=result,
        best=best,
        headline=sentences.headline(result.best, best.cost is not None, by_example),
        own=own,
        others=[limit for limit in result.limits if not _same(limit, own)],
        same=[limit.name for limit in result.limits if limit is not own and _same(limit, own)],
        refusals=refusals(result),
        spotless=[limit.name for limit in result.limits if not any(each.refusals for each in limit.cadences)],
        history=drawn(lambda width: history_chart(result, width)),
        costs=drawn(lambda width: cost_chart(result, width)),
    )


def _same(limit: LimitRecord, own: LimitRecord) -> bool:
    """Whether every cadence does the same under both."""
    columns = set(COLUMNS)
    one, other = ([cadence.model_dump(include=columns) for cadence in each.cadences] for each in (limit, own))
    return one == other
