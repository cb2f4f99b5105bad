"""The codes that a batch names, against those of the sales table: which may be meant to be the same."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tasks.forecasting.data.codes import look_alikes
from tasks.state.row_keys import Codes, Ints, Keys, item_of, store_of

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class CodeFindings:
    """What the codes of a batch have that people should know.

    Attributes:
        similar_stores: Groups of stores whose codes differ only in case, form or leading zeros, with a new one in each.
        similar_items: Such groups of items.
        recomposed_codes: Codes that came in another Unicode form than that in which they are kept.
    """

    similar_stores: Groups = ()
    similar_items: Groups = ()
    recomposed_codes: tuple[str, ...] = ()


class CodesSeen:
    """Which codes the sales table has, in the months that a batch is compared with.

    Args:
        keys: Codes of the batch, whose files were read, and of nothing else yet.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._of_batch = len(keys.stores.names), len(keys.items.names)
        self._stores, self._items = np.zeros(0, bool), np.zeros(0, bool)

    def see(self, keys: Ints) -> None:
        """Take in keys of the sales table."""
        self._stores, self._items = _marked(self._stores, store_of(keys)), _marked(self._items, item_of(keys))

    def findings(self, recomposed: Iterable[str]) -> CodeFindings:
        """What is worth knowing, once all months were seen.

        Args:
            recomposed: Codes that came in another Unicode form.
        """
        stores, items = self._of_batch
        return CodeFindings(
            _similar(self._keys.stores, stores, self._stores),
            _similar(self._keys.items, items, self._items),
            tuple(sorted(recomposed)),
        )


def _marked(seen: np.ndarray, numbers: Ints) -> np.ndarray:
    """The mask with some numbers in addition."""
    found = np.bincount(numbers, minlength=len(seen)) > 0
    found[: len(seen)] |= seen
    return found


def _similar(codes: Codes, of_batch: int, seen: np.ndarray) -> Groups:
    """Look-alikes among all codes, of which the batch has one that the table did not have."""
    fresh = np.setdiff1d(np.arange(of_batch), np.flatnonzero(seen))
    return look_alikes(codes.names, set(codes.named(fresh)))
