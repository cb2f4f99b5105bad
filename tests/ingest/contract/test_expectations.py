"""The contract's settings, and the expectations that follow from them."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.ingest.contract.expectations import NAMES, Contract, expectations
from tasks.ingest.contract.row_rules import Rules


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"severity": {"new_shops": "info"}}, "no expectation 'new_shops'; there are rows, dates"),
        ({"severity": {"new_stores": "fatal"}}, "Input should be 'critical', 'warning' or 'info'"),
        ({"warn_ratio": (1.5, 2)}, "a ratio to last year goes from below 1 to above 1"),
        ({"refuse_store_bad_share": 2}, "less than or equal to 1"),
    ],
    ids=str,
)
def test_a_contract_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Contract(**settings)


def test_limits_of_the_settings_are_those_of_the_expectations() -> None:
    contract = Contract(refuse_bad_share=0.2, warn_bad_share=0.1, refuse_store_bad_share=0.3, warn_ratio=(0.4, 3))
    asked = {each.name: (each.low, each.high) for each in expectations(contract)}
    assert tuple(asked) == NAMES and len(set(NAMES)) == 25
    assert asked["shape"] == asked["bad_rows"] == (None, 0.2)
    assert (asked["bad_rows_more_than_usual"], asked["bad_rows_of_a_store"]) == ((None, 0.1), (None, 0.3))
    assert (asked["volume"], asked["volume_of_a_store"]) == ((0.1, 10), (0.4, 3))


def test_only_the_share_of_a_stores_bad_rows_refuses_it_alone() -> None:
    assert [each.name for each in expectations(Contract()) if each.alone] == ["bad_rows_of_a_store"]


def test_rules_for_rows_on_a_day() -> None:
    rules = Contract(first_day=date(2020, 1, 1), max_sales=9).rules(date(2026, 1, 5))
    assert rules == Rules(date(2020, 1, 1), date(2026, 1, 5), 9)
