"""Item classes worked by hand, and the numbers of labels."""

import math

import numpy as np

from tasks.forecasting.accuracy.groups import item_classes, numbered
from tests.forecasting.panels import panel

NAN = math.nan


def test_item_classes_worked_by_hand() -> None:
    """Sales 50, 25, 10, 8, 5, 2 of 100: what sells before an item begins is 0, 50, 75, 85, 93 and 98."""
    sold = [5.0, 50.0, 8.0, 25.0, 2.0, 10.0]
    assert item_classes(panel([[each] for each in sold]), {}).tolist() == ["B", "A", "B", "A", "C", "A"]
    over_stores = panel([[60.0], [1.0], [1.0], [38.0]], stores=["1", "1", "2", "2"], items=["x", "y", "x", "y"])
    assert item_classes(over_stores, {}).tolist() == ["A"] * 4, "61 of x over both stores, then 39 of y"


def test_item_classes_of_one_item_and_of_none_sold() -> None:
    assert item_classes(panel([[3.0]]), {}).tolist() == ["A"]
    assert item_classes(panel([[0.0], [NAN]]), {}).tolist() == ["A", "A"]


def test_classes_may_be_named_by_hand() -> None:
    named = {"fresh": ("1", "3"), "dry": ("2",)}
    assert item_classes(panel([[1.0]] * 4), named).tolist() == ["fresh", "dry", "fresh", "other"]


def test_labels_are_numbered_as_they_occur() -> None:
    labels, number = numbered(np.array(["b", "a", "b", "c"]), np.array([1, 2, 2]))
    assert (labels, number.tolist()) == (["a", "b"], [0, 1, 1])
