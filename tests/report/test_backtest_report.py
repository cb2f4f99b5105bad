"""The report of a backtest, rendered from a result made by hand."""

import re
from typing import Any

import pytest

from tasks.report.backtest_report import refusals, report, rows
from tasks.report.backtest_result import BacktestResult
from tests.support.backtests import WHAT_IF, WHY, result, row


@pytest.fixture(scope="module")
def page() -> str:
    return report(result())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_line_comes_first_then_the_sentence_and_each_refusal_is_said_once(page: str) -> None:
    assert "<h1>Retraining monthly pays, at example prices.</h1>" in page
    assert '<p class="lead">It costs least.</p>' in page
    said = words(page)
    assert (said.count(WHAT_IF), said.count(WHY)) == (2, 3)
    assert [(each.decision.day.month, each.met) for each in refusals(result())] == [
        (1, ["odd"]),
        (2, ["monthly"]),
        (3, ["monthly"]),
    ]
    assert "−0.150 to −0.050 more than noise" in said and "– – to – not comparable" in said


def test_limits_that_change_nothing_are_named_and_others_can_be_opened() -> None:
    said = words(report(result()))
    assert "Under other limits (no gate, no loss at all) every cadence does the same." in said
    worse = changed_limit(result(), row("monthly", 9.99, ["pass"]))
    said = words(report(result(limits=worse)))
    assert "Under other limits (no gate) every cadence does the same." in said
    assert "No loss at all : MAPE may be worse by at most 0 pp than champion" in said and "9.99" in said


def changed_limit(of: BacktestResult, first: dict[str, Any]) -> list[dict[str, Any]]:
    """The limits of a result, the last with another cadence."""
    limits = [each.model_dump() for each in of.limits]
    return [*limits[:-1], limits[-1] | {"cadences": [first, *limits[-1]["cadences"][1:]]}]


def test_limits_that_refused_nothing_are_named_together() -> None:
    good = [row("monthly", 9.04, ["pass", "pass"]), row("none", 9.14, ["pass"])]
    spotless = [{"name": name, "changes": {}, "cadences": good} for name in ("no gate", "the settings' gate")]
    page = report(result(limits=[*spotless, result().limits[-1]]))
    assert "monthly under no loss at all" in words(page)
    assert "Nothing was refused under no gate, the settings&#39; gate." in words(page)


def test_own_prices_are_no_example() -> None:
    page = report(result(prices={"per_retrain": 6.0}))
    assert "<h1>Retraining monthly pays.</h1>" in page and "example" not in page


def test_the_page_is_complete_and_runs_nothing(page: str) -> None:
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page and "default-src 'none'" in page
    assert page.count("<svg") == 4


def test_what_was_named_by_a_user_is_text() -> None:
    hostile = '"><script>alert(1)</script>'
    page = report(result(currency=hostile, sentence=hostile))
    assert "<script" not in page


def test_a_row_a_cadence_and_limit() -> None:
    table = rows(result())
    assert [(each["retrain"], each["gate"]) for each in table[:4]] == [
        ("monthly", "no gate"),
        ("none", "no gate"),
        ("odd", "no gate"),
        ("monthly", "the settings' gate"),
    ]
    assert table[0]["cost"] == 3.0 and table[0]["refusals"] == 2 and "decisions" not in table[0]
