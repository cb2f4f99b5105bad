"""A feed's rows, told apart: good rows as they are meant, and bad ones with their line and text as they stood.

`test_bad_input.py` has each kind of bad row and bad file.
"""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.ingest import stage
from tasks.ingest.contract.row_rules import Rules
from tasks.ingest.reading import reader
from tasks.ingest.reading.feed import Feed
from tasks.ingest.staged_rows import Accepted
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.row_keys import Keys

RULES = Rules(date(2000, 1, 1), date(2026, 6, 30), 1_000_000)
HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"


@dataclass(frozen=True)
class Found:
    """Rows of files: how many, the good ones (date, store, item, sales) and the bad ones (line, raw, reason)."""

    rows: int
    accepted: list[tuple[Any, ...]]
    refused: list[tuple[int, str, str]]

    @property
    def repeated(self) -> int:
        return self.rows - len(self.accepted) - len(self.refused)


def sifted(paths: Path | Sequence[Path], written: Feed = Feed()) -> Found:  # noqa: B008  # frozen
    readers = [partial(reader.pieces, path, written) for path in ([paths] if isinstance(paths, Path) else paths)]
    with TemporaryDirectory() as folder:
        table = sales_table.Months(Home(Path(folder) / "home"), Keys())
        taken = stage.take(readers, RULES, table, Path(folder), limit=1_000_000)
        bad = [row for read, found in zip(readers, taken.bad, strict=True) for row in refusals(read, found)]
        accepted = Accepted.at(Path(folder))
        good = [row for month in accepted.rows for row in named(accepted, month)]
    return Found(sum(taken.rows), good, bad)


def refusals(read: stage.Reader, bad: Any) -> list[tuple[int, str, str]]:
    rows = [row for table in stage.refused(read, bad, ()) for row in table.to_pylist()]
    return sorted((row["line"], row["raw"], row["reason"]) for row in rows)


def named(accepted: Accepted, month: int) -> list[tuple[Any, ...]]:
    rows = accepted.keys.rows(*accepted.take(month)).cast(sales_table.COLUMNS)
    return list(zip(*rows.to_pydict().values(), strict=True))


def csv(tmp_path: Path, content: bytes, name: str = "feed.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def of_csv(tmp_path: Path, content: bytes) -> Found:
    return sifted(csv(tmp_path, content))


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
    ],
)
def test_a_good_row_is_accepted(tmp_path: Path, row: bytes, expected: tuple[Any, ...]) -> None:
    found = of_csv(tmp_path, HEADER + row + b"\n")
    assert (found.accepted, found.refused) == ([expected], [])


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
    found = sifted(files)
    assert found.refused == [(2, "2026-01-05,1,1,7", why), (2, "2026-01-05,1,1,8", why)]
    assert not found.accepted


def test_blank_lines_crlf_and_bom_keep_line_numbers_right(tmp_path: Path) -> None:
    lines = [b"date,store,item,sales", b"", b"2026-01-05,1,1,7", b"", b"", b"2026-01-06,1,1,x", b"1,2", b"", b"y,1,1,1"]
    found = of_csv(tmp_path, b"\xef\xbb\xbf" + b"\r\n".join(lines))
    assert found.refused == [
        (6, "2026-01-06,1,1,x", "unparsable sales"),
        (7, "1,2", "wrong number of columns"),
        (9, "y,1,1,1", "unparsable date"),
    ]
    assert len(found.accepted) == 1


def test_line_numbers_stay_right_beyond_one_block_of_the_parser(tmp_path: Path) -> None:
    rows = [b"2026-01-05,1,%d,5" % (number % 1000) + b" " * 40 for number in range(350_000)]
    assert sum(map(len, rows)) > 1 << 24
    for number in (10, 300_000, 349_000):
        rows[number] = b"bad"
    rows[300_001], rows[349_998] = b"", b"2026-01-05,1,1,x"
    found = of_csv(tmp_path, HEADER + b"\n".join(rows))
    assert [(line, raw) for line, raw, _ in found.refused] == [
        (12, "bad"),
        (300_002, "bad"),
        (349_002, "bad"),
        (350_000, "2026-01-05,1,1,x"),
    ]


def test_quoted_fields_and_the_raw_text_as_it_stood(tmp_path: Path) -> None:
    found = of_csv(
        tmp_path, b'"date","store","item","sales"\n"2026-01-05","1","a ""b""","7"\n"2026-01-06","1","1","x"\n'
    )
    assert found.accepted == [(date(2026, 1, 5), "1", 'a "b"', 7)]
    assert found.refused == [(3, '"2026-01-06","1","1","x"', "unparsable sales")]


def test_an_open_quote_does_not_swallow_the_lines_after_it(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + b'2026-01-04,1,"1,7\n' + GOOD + b"2026-01-06,1,1,x\n")
    assert [(line, reason) for line, _, reason in found.refused] == [
        (2, "wrong number of columns"),
        (4, "unparsable sales"),
    ]
    assert found.accepted == [(date(2026, 1, 5), "1", "1", 7)]


def test_columns_are_found_by_name_in_any_case_and_order_and_others_are_left_out(tmp_path: Path) -> None:
    found = of_csv(tmp_path, b"Sales,ITEM, Note ,Date,store\n7,1,promo,2026-01-05,1\nx,1,,2026-01-06,1\n")
    assert found.accepted == [(date(2026, 1, 5), "1", "1", 7)]
    assert found.refused == [(3, "x,1,,2026-01-06,1", "unparsable sales")]


def written(tmp_path: Path, **columns: Any) -> Path:
    default = {"date": ["2026-01-05", "2026-01-06"], "store": [1, 2], "item": [1, 2], "sales": [7, 8]}
    parquet.write_table(pa.table(default | columns), tmp_path / "feed.parquet")
    return tmp_path / "feed.parquet"


DAYS = [date(2026, 1, 5), date(2026, 1, 6)]


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({}, id="int"),
        pytest.param({"store": ["1", "2"], "sales": ["7", "8.0"]}, id="text"),
        pytest.param({"store": [1.0, 2.0], "item": [1.0, 2.0], "sales": [7.0, 8.0]}, id="float"),
        pytest.param({"date": DAYS}, id="days"),
        pytest.param({"date": pa.array([datetime(2026, 1, 5), datetime(2026, 1, 6)], "timestamp[ns]")}, id="times"),
        pytest.param({"store": pa.array(["1", "2"]).dictionary_encode()}, id="categories"),
        pytest.param({"item": pa.array(["1", "2"], pa.large_string())}, id="large text"),
        pytest.param({"sales": [Decimal("7.00"), Decimal("8.00")]}, id="decimal"),
        pytest.param({"note": ["a", "b"]}, id="another column"),
    ],
)
def test_parquet_of_any_types_gives_the_rows_of_the_csv(tmp_path: Path, columns: dict[str, Any]) -> None:
    of_text = of_csv(tmp_path, HEADER + b"2026-01-05,1,1,7\n2026-01-06,2,2,8\n")
    found = sifted(written(tmp_path, **columns))
    assert found.accepted == of_text.accepted
    assert found.refused == []


def test_bad_rows_of_parquet_have_their_row_number_and_values(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        date=pa.array([datetime(2026, 1, 5, 13), None]),
        store=pa.array([1.0, None]),
        sales=[7.5, float("nan")],
    )
    assert sifted(path).refused == [
        (1, "2026-01-05 13:00:00,1,1,7.5", "unparsable date"),
        (2, ",,2,", "missing date"),
    ]


def test_a_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert len(sifted(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv.gz")).accepted) == 1
    assert len(sifted(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv")).accepted) == 1
    assert len(sifted(csv(tmp_path, HEADER + GOOD, "feed.csv.gz")).accepted) == 1
