"""Parts add up to the whole, store by store and week by week."""

import numpy as np
import pytest

from tasks.forecasting.gate.comparison import Comparison
from tasks.forecasting.gate.evidence import CHAMPION
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.parts import Parts, by_group, by_week
from tests.forecasting.gate.made_up import NOISY, without_weeks

COMPARISON = Comparison(NOISY, Limits())


@pytest.mark.parametrize("other", [CHAMPION, None])
def test_parts_add_up_to_the_whole(other: str | None) -> None:
    whole = COMPARISON.excess("worse", other)
    for parts in (by_group(COMPARISON, "worse", other, NOISY.stores), by_week(COMPARISON, "worse", other)):
        np.testing.assert_allclose(parts.errors.sum(axis=0), whole.errors.sum(axis=0))
        np.testing.assert_array_equal(parts.counted.sum(axis=0), whole.counted.sum(axis=0))


def test_a_group_is_the_sum_of_its_segments() -> None:
    parts, whole = by_group(COMPARISON, "worse", CHAMPION, NOISY.stores), COMPARISON.excess("worse", CHAMPION)
    for index, name in enumerate(parts.names):
        np.testing.assert_allclose(parts.by_day(index).errors, whole.errors[NOISY.stores == name].sum(axis=0))


def test_a_week_is_named_by_its_monday_and_has_nothing_outside() -> None:
    parts = by_week(COMPARISON, "worse", CHAMPION)
    assert parts.names[0] == "2024-01-29" and len(parts.names) == 182 / 7
    assert parts.days.tolist() == [7] * 26
    left = without_weeks(NOISY, (parts.names[3],)).counted.sum(axis=0)
    np.testing.assert_array_equal(parts.counted[3] > 0, left == 0)


def test_some_parts_by_mask_and_by_order() -> None:
    parts = Parts(np.array(["a", "b", "c"]), np.arange(6.0).reshape(3, 2), np.ones((3, 2)))
    assert parts.difference.tolist() == [0.5, 2.5, 4.5]
    assert parts.chosen(np.array([True, False, True])).names.tolist() == ["a", "c"]
    assert parts.chosen(np.array([2, 0])).difference.tolist() == [4.5, 0.5]
