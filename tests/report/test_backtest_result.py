"""The record of a backtest: it keeps what it was given, and takes nothing that no backtest can have found."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.report.backtest_result import BacktestResult, CadenceRecord
from tests.support.backtests import result, row


def test_what_was_written_is_read_back() -> None:
    made = result()
    assert BacktestResult.model_validate_json(made.model_dump_json()) == made


def test_an_undefined_number_is_null_in_json() -> None:
    undefined = CadenceRecord.model_validate(row("odd", float("nan"), ["fail"], None))
    assert undefined.mape is None and '"mape":null' in undefined.model_dump_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"prices": {"per_retrain": -1}},
        {"first_day": "2024-02-30"},
        {"best": None},
        {"cost": 1.0},
        {"limits": [{"name": "no gate", "changes": {}, "cadences": [row("monthly", 9.0, ["passed"])]}]},
    ],
    ids=["a price below zero", "no day", "no cadence", "an unknown key", "no outcome"],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        result(**changes)


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        result().best = "none"
