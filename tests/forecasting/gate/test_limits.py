"""A gate limits something, and a limit that is not set is not asked."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.forecasting.gate.limits import Limits
from tests.forecasting.gate.made_up import INF, LIMITS, NAN, made, own


@pytest.mark.parametrize(
    ("limit", "check"),
    [
        ("max_mape", "absolute"),
        ("max_worse_than_baseline_pp", "baseline"),
        ("max_worse_than_parent_pp", "parent"),
        ("max_worse_than_champion_pp", "champion"),
        ("max_worse_than_last_year_pp", "last year"),
        ("max_worse_in_a_year_pp", "budget"),
        ("max_worse_in_a_store_pp", "store"),
        ("max_worse_in_a_class_pp", "item class"),
        ("max_better_than_reference", "too good"),
        ("max_bias_pct", "bias"),
        ("max_spread_pp", "spread"),
        ("max_age_days", "freshness"),
    ],
)
def test_a_limit_of_none_is_not_asked(limit: str, check: str) -> None:
    limits = Limits(**LIMITS.model_dump() | {limit: "none"})
    assert {each.name for each in own(made(), limits).checks} == {each.name for each in own(made()).checks} - {check}


NO_LIMIT: dict[str, Any] = {name: None for name in Limits.model_fields if name.startswith(("max_mape", "max_worse"))}


def test_no_limit_on_mape_at_all_is_an_error() -> None:
    with pytest.raises(ValidationError, match="no limits at all"):
        Limits(**NO_LIMIT, beat_reference=False)


@pytest.mark.parametrize("one", [{"beat_reference": True}, *({name: 1.0} for name in NO_LIMIT)], ids=str)
def test_one_limit_is_enough(one: dict[str, Any]) -> None:
    limits = Limits(**{**NO_LIMIT, "beat_reference": False, **one})
    assert limits.model_dump().items() >= one.items()


@pytest.mark.parametrize("name", [*NO_LIMIT, "max_bias_pct", "max_spread_pp", "max_better_than_reference"])
@pytest.mark.parametrize("value", [NAN, INF, -1.0])
def test_a_limit_that_limits_nothing_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Limits(**{name: value})


def test_a_misspelt_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Limits(**{"max_mappe": 20.0})
