"""Rules for rows: what is good as it stands, and of repeated keys those that contradict each other."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.ingest.contract.row_rules import REASONS, Reason, conflicts
from tests.ingest.reading.found import GOOD, HEADER, checked, csv, of_csv


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(b"2026-01-05,1,1,13.0", (date(2026, 1, 5), "1", "1", 13), id="13.0 is 13"),
        pytest.param(b"2026-01-05,1,1,1.3e1", (date(2026, 1, 5), "1", "1", 13), id="1.3e1 is 13"),
        pytest.param(b"2026-01-05,1,1,0", (date(2026, 1, 5), "1", "1", 0), id="zero"),
        pytest.param(b"2026-01-05,1,1,-0", (date(2026, 1, 5), "1", "1", 0), id="minus zero"),
        pytest.param(b"2026-06-30,1,1,1", (date(2026, 6, 30), "1", "1", 1), id="today"),
        pytest.param(b"2026-01-05 00:00:00,1,1,1", (date(2026, 1, 5), "1", "1", 1), id="midnight"),
        pytest.param(b" 2026-01-05 , 1 , 1 , 1 ", (date(2026, 1, 5), "1", "1", 1), id="spaces around"),
        pytest.param(b"2026-01-05,007,1,1", (date(2026, 1, 5), "007", "1", 1), id="leading zeros are part of a code"),
        pytest.param('2026-01-05,Köln,"a, b",1'.encode(), (date(2026, 1, 5), "Köln", "a, b", 1), id="quoted, umlaut"),
        pytest.param("2026-01-05,Ko\u0308ln,1,1".encode(), (date(2026, 1, 5), "K\u00f6ln", "1", 1), id="composed"),
        pytest.param(f"2026-01-05,{'x' * 128},1,1".encode(), (date(2026, 1, 5), "x" * 128, "1", 1), id="longest"),
    ],
)
def test_a_good_row_is_accepted(tmp_path: Path, row: bytes, expected: tuple[Any, ...]) -> None:
    found = of_csv(tmp_path, HEADER + row + b"\n")
    assert (found.accepted, found.refused) == ([expected], [])


@pytest.mark.parametrize("code", ["x" * 129, "ж" * 129, "\U0001d7d8" * 65], ids=["characters", "letters", "bytes"])
@pytest.mark.parametrize("column", ["store", "item"])
def test_a_code_has_a_greatest_length(tmp_path: Path, column: str, code: str) -> None:
    row = f"2026-01-05,{code},1,1" if column == "store" else f"2026-01-05,1,{code},1"
    found = of_csv(tmp_path, HEADER + GOOD + f"{row}\n".encode())
    assert found.refused == [(3, row, f"{column} longer than 128 characters or 256 bytes")]
    assert len(found.accepted) == 1


def test_two_forms_of_a_code_are_one(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + "2026-01-05,K\u00f6ln,1,7\n2026-01-05,Ko\u0308ln,1,7\n".encode())
    assert (len(found.accepted), found.repeated) == (1, 1)


def test_an_exact_duplicate_is_kept_once(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + GOOD + b"2026-01-05,1,1,7.0\n" + GOOD)
    assert (found.accepted, found.repeated, found.refused) == ([(date(2026, 1, 5), "1", "1", 7)], 2, [])


def test_a_conflicting_duplicate_is_refused_with_all_its_rows(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + GOOD + b"2026-01-06,1,1,7\n" + b"2026-01-05,1,1,8\n" + GOOD)
    why = "duplicate key with another value"
    raw = GOOD.decode().strip()
    assert found.refused == [(2, raw, why), (4, "2026-01-05,1,1,8", why), (5, raw, why)]
    assert found.accepted == [(date(2026, 1, 6), "1", "1", 7)]


@pytest.mark.parametrize("values", [(7, 8), (8, 7), (8, 7, 8), (7, 7, 8)], ids=str)
def test_a_conflict_is_found_in_any_order(tmp_path: Path, values: tuple[int, ...]) -> None:
    found = of_csv(tmp_path, HEADER + b"".join(b"2026-01-05,1,1,%d\n" % value for value in values))
    assert len(found.refused) == len(values) and not found.accepted


def test_duplicates_are_found_across_files(tmp_path: Path) -> None:
    files = [csv(tmp_path, HEADER + row, f"{name}.csv") for name, row in (("a", GOOD), ("b", b"2026-01-05,1,1,8\n"))]
    why = "duplicate key with another value"
    found = checked(files)
    assert found.refused == [(2, "2026-01-05,1,1,7", why), (2, "2026-01-05,1,1,8", why)]
    assert not found.accepted


def test_conflicts_as_in_the_example() -> None:
    kept, conflicting = conflicts(np.array([5, 3, 5, 4, 3]), np.array([8, 7, 9, 6, 7]))
    assert kept.tolist() in ([1, 3], [4, 3]) and sorted(conflicting.tolist()) == [0, 2]


def test_places_that_code_refers_to_are_the_words() -> None:
    assert {reason.name: REASONS[reason] for reason in Reason} == {
        "GOOD": "",
        "MISSHAPEN": "wrong number of columns",
        "CONFLICT": "duplicate key with another value",
        "LONG_STORE": "store longer than 128 characters or 256 bytes",
        "LONG_ITEM": "item longer than 128 characters or 256 bytes",
        "STORE_REFUSED": "store refused",
    }
