"""The MAPE policy: its hash, what it refuses, and closed days."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.forecasting.accuracy.policy import DifferentPolicies, MapePolicy, closed, require_same_policy
from tests.forecasting.panels import panel

NAN = math.nan

OTHER_VALUES: dict[str, Any] = {
    "zero_days": "as one unit",
    "returns": "as no sales",
    "closed_days": "count",
    "min_volume": 0.5,
    "min_coverage": 26.0,
}


@pytest.mark.parametrize("field", MapePolicy.model_fields)
def test_the_hash_changes_with_every_field(field: str) -> None:
    assert MapePolicy(**{field: OTHER_VALUES[field]}).hash != MapePolicy().hash
    assert MapePolicy(**{field: MapePolicy.model_fields[field].default}).hash == MapePolicy().hash


@pytest.mark.parametrize(
    "wrong",
    [{"zero_day": "leave out"}, {"zero_days": "drop"}, {"min_volume": -1}, {"min_coverage": 101}, {"min_volume": NAN}],
    ids=str,
)
def test_a_wrong_policy_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MapePolicy(**wrong)


def test_scores_under_different_policies_do_not_compare() -> None:
    one, other = MapePolicy().hash, MapePolicy(min_volume=1).hash
    require_same_policy(one, one, "the champion")
    with pytest.raises(DifferentPolicies, match=f"the champion .*{one}.*{other}"):
        require_same_policy(one, other, "the champion")


def test_a_store_that_sells_little_is_not_closed() -> None:
    """On days without a sale, unless it sells 10 units on others; together its items count."""
    slow, fast = [0.0, 0, 6, 8] * 7, [0.0, 9, 12, 8] * 7
    assert not closed(panel([slow])).any()
    together = closed(panel([slow, fast, fast], stores=["1", "1", "2"]))
    np.testing.assert_array_equal(together[0], np.arange(28) % 4 == 0)
    assert not together[2].any(), "7.25 a day"
