"""Codes of a batch against those of the table: a group is told where the batch brings a new one."""

import numpy as np

from tasks.ingest.contract.codes_seen import CodeFindings, CodesSeen
from tasks.state.row_keys import Keys, pack


def keys(rows: list[tuple[str, str]], known: Keys) -> np.ndarray:
    stores, items = zip(*rows, strict=True)
    return pack(known.stores.of(stores), known.items.of(items), np.zeros(len(rows), np.int64))


def found(batch: list[tuple[str, str]], table: list[tuple[str, str]]) -> CodeFindings:
    known = Keys()
    keys(batch, known)
    seen = CodesSeen(known)
    for row in table:
        seen.see(keys([row], known))
    return seen.findings({"z", "y"})


def test_a_first_batch_is_held_against_itself() -> None:
    assert found([("1", "a"), ("01", "A")], []) == CodeFindings((("01", "1"),), (("A", "a"),), ("y", "z"))


def test_a_batch_is_held_against_the_table() -> None:
    assert found([("01", "a")], [("1", "a"), ("2", "b")]).similar_stores == (("01", "1"),)
    assert found([("2", "b")], [("1", "a"), ("01", "A"), ("2", "b")]) == CodeFindings((), (), ("y", "z"))
    assert found([("1", "a"), ("01", "a")], [("01", "a"), ("1", "a")]).similar_stores == ()
