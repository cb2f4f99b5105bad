"""Groups that errors are broken down by: item classes, and the numbers of windows' labels."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.data.panel import Panel

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

CLASSES = (("A", 0.80), ("B", 0.95), ("C", 1.0))
"""Item classes, each with the share of all sales that it and the classes before it make up."""


def item_classes(panel: Panel, groups: Mapping[str, Iterable[str]]) -> NDArray[np.str_]:
    """The class of each series' item, shape `(series,)`.

    With groups it is the name of the item's group, or `other` for an item in no group. Without groups it is A, B or C:
    the items that sell best over all stores and make up 80 % of the units are A, the next 15 % are B, the rest is C.

    Args:
        panel: Series, and the days whose sales count.
        groups: Items of each group by its name; may be empty.
    """
    if not groups:
        return _class_by_sales(panel)
    group_of = {item: name for name, items in groups.items() for item in items}
    return np.array([group_of.get(item, "other") for item in panel.items.tolist()])


def _class_by_sales(panel: Panel) -> NDArray[np.str_]:
    """A, B or C by the share of all sales that items which sell better make up.

    Items that sell 50, 25, 10, 8, 5 and 2 of 100 units have 0, 50, 75, 85, 93 and 98 % before them: A, A, A, B, B, C.
    """
    items, row = np.unique(panel.items, return_inverse=True)
    sold = np.bincount(row, np.nansum(panel.sales, axis=1, dtype=float), len(items))
    order = np.argsort(-sold, kind="stable")
    before = np.cumsum(sold[order]) - sold[order]
    share = np.empty(len(items))
    share[order] = before / max(sold.sum(), 1e-9)
    ends = np.array([end for _, end in CLASSES[:-1]])
    names = np.array([name for name, _ in CLASSES])
    return names[np.searchsorted(ends, share, side="right")][row]


def numbered(labels: NDArray[np.str_], place: NDArray[np.integer]) -> tuple[list[str], NDArray[np.int64]]:
    """Number the labels that windows have, in the order in which they first occur among the places.

    With labels `["b", "a", "b", "c"]` and places `[1, 2, 2]` the answer is `["a", "b"]` and `[0, 1, 1]`.

    Args:
        labels: A label for each place, shape `(places,)`.
        place: The place of each window, shape `(windows,)`.

    Returns:
        The labels that windows have, and the number of each window's label, shape `(windows,)`.
    """
    used = np.unique(place)
    number = {label: index for index, label in enumerate(dict.fromkeys(labels[used].tolist()))}
    numbers = np.full(len(labels), -1)
    numbers[used] = [number[label] for label in labels[used].tolist()]
    return list(number), numbers[place]
