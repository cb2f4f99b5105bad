"""The report of a backtest, rendered from a result made by hand."""

import re
from typing import Any

import pytest

from tasks.report.backtest_report import report, rows
from tasks.report.backtest_result import BacktestResult, DifferenceRecord
from tasks.report.charts.backtest import cost_chart, history_chart
from tasks.report.charts.style import NARROW, WIDE, svg

WHY = "MAPE above what the stores run, the model of 2024-01-03, is 0.80 pp, over the limit of 0.5 pp"
WHAT_IF = "it would have passed with a MAPE 0.45 pp lower"
ERRORS = {"coverage": 99.9, "wape": 8.1, "bias_pct": -0.2, "mase": 0.712, "rmsse": 0.722}
LIMITS = {"no gate": {}, "the settings' gate": {}, "no loss at all": {"max_worse_than_champion_pp": 0.0}}


def decision(day: str, outcome: str) -> dict[str, Any]:
    refused = outcome != "pass"
    return {
        "day": day,
        "outcome": outcome,
        "promoted": not refused,
        "reasons": [WHY] * refused,
        "counterfactuals": [WHAT_IF] * (outcome == "fail"),
    }


def row(name: str, mape: float | None, outcomes: list[str], cost: float | None = 3.0) -> dict[str, Any]:
    costs = {"errors": 1.0, "retraining": 1.5, "sending": 0.5, "total": cost}
    return {
        "name": name,
        "retrains": len(outcomes) - 1,
        **{"mape": mape, "days": 7280, **ERRORS},
        "promotions": outcomes.count("pass"),
        "refusals": len(outcomes) - outcomes.count("pass"),
        "days_without_a_model": 0,
        "cost": cost,
        "costs": None if cost is None else costs,
        "decisions": [decision(f"2024-0{number + 1}-03", each) for number, each in enumerate(outcomes)],
    }


def difference(against: str, value: float | None, low: float | None, high: float | None) -> DifferenceRecord:
    noise = {"more_than_noise": value is not None}
    return DifferenceRecord(cadence="monthly", against=against, value=value, low=low, high=high, **noise)


def result(**changes: Any) -> BacktestResult:
    series = {
        "mape_by_month": {"2024-01": 9.1, "2024-02": None},
        "mape_by_4_weeks": {"2024-01-03": 9.2, "2024-01-31": None, "2024-02-28": 9.4},
    }
    table = [
        row("monthly", 9.04, ["pass", "fail", "abstain"]),
        row("none", 9.14, ["pass"]),
        row("odd", None, ["fail"], None),
    ]
    made = {
        **{"variant": "lstm-16", "recipe": "production", "first_day": "2024-01-03", "last_day": "2024-12-31"},
        **{"days": 364, "stores": 5, "currency": "EUR", "best": "monthly", "sentence": "Retraining monthly pays."},
        **{"profile": "quick", "report": "report.html", "trained": 0, "seconds": 1.0, "policy": "1008e1eeb160", "prices": {}},
        "cadences": [each | series for each in table],
        "limits": [{"name": name, "changes": changes, "cadences": table} for name, changes in LIMITS.items()],
        "differences": [
            {
                "cadence": "monthly",
                "against": "none",
                "value": -0.1,
                "low": -0.15,
                "high": -0.05,
                "more_than_noise": True,
            },
            {
                "cadence": "monthly",
                "against": "odd",
                "value": None,
                "low": None,
                "high": None,
                "more_than_noise": False,
            },
        ],
        "without_network": {"name": "14-day mean", "mape": 9.5, "days": 7280, **ERRORS, **series},
    }
    return BacktestResult.model_validate(made | changes)


@pytest.fixture(scope="module")
def page() -> str:
    return report(result())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_sentence_comes_first_and_all_refusals_are_said_with_what_would_have_passed(page: str) -> None:
    assert "<h1>Retraining monthly pays.</h1>" in page
    said = words(page)
    assert said.count(WHAT_IF) == 6, "two of each limit"
    assert said.count(WHY) == 9
    assert "max_worse_than_champion_pp = 0" in said
    assert "−0.150 to −0.050 more than noise" in said and "– – to – no more than noise" in said


def test_limits_that_refused_nothing_are_named_together() -> None:
    good = [row("monthly", 9.04, ["pass", "pass"]), row("none", 9.14, ["pass"])]
    spotless = [{"name": name, "changes": {}, "cadences": good} for name in ("no gate", "the settings' gate")]
    said = words(report(result(limits=[*spotless, result().limits[-1]])))
    assert "no loss at all: 3 refusals" in said
    assert "Nothing was refused under no gate, the settings&#39; gate." in said


def test_the_page_is_complete_and_runs_nothing(page: str) -> None:
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page and "default-src 'none'" in page
    assert page.count("<svg") == 4


def test_what_was_named_by_a_user_is_text() -> None:
    hostile = '"><script>alert(1)</script>'
    page = report(result(currency=hostile, sentence=hostile))
    assert "<script" not in page


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_charts_name_every_cadence_and_take_the_colour_of_the_page(width: int) -> None:
    for chart in (history_chart(result(), width), cost_chart(result(), width)):
        image = svg(chart)
        for name in ("monthly", "none"):
            assert f">{name}<" in image
        assert "currentColor" in image and 'role="img"' in image
    image = svg(history_chart(result(), width))
    assert all(f">{word}<" in image for word in ("promoted", "refused", "abstained", "no network"))
    assert image.count(">monthly<") == 2, "one legend and one axis"


def test_a_row_a_cadence_and_limit() -> None:
    table = rows(result())
    assert [(each["retrain"], each["gate"]) for each in table[:4]] == [
        ("monthly", "no gate"),
        ("none", "no gate"),
        ("odd", "no gate"),
        ("monthly", "the settings' gate"),
    ]
    assert table[0]["cost"] == 3.0 and table[0]["refusals"] == 2 and "decisions" not in table[0]
