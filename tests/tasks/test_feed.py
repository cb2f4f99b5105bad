"""A feed's rows, told apart: each kind of bad row by name, with its line and its text as they stood in the file."""

import gzip
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks import feed
from tasks.feed import COLUMNS, SourceError, UnreadableFile
from tasks.sift import Sifted, sift

TODAY = date(2026, 6, 30)
HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"


def sifted(path: Path) -> Sifted:
    return sift([feed.read(path, 0)], TODAY, date(2000, 1, 1), 1_000_000)


def csv(tmp_path: Path, content: bytes, name: str = "feed.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def of_csv(tmp_path: Path, content: bytes) -> Sifted:
    return sifted(csv(tmp_path, content))


def refusals(found: Sifted) -> list[tuple[int, str, str]]:
    return [(row["line"], row["raw"], row["reason"]) for row in found.refused.to_pylist()]


def accepted(found: Sifted) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in found.accepted.to_pylist()]


BAD = {
    "unparsable date": (b"05.01.2026,1,1,7", "unparsable date"),
    "a day that is none": (b"2013-02-30,1,1,7", "unparsable date"),
    "a year of two digits": (b"26-01-05,1,1,7", "unparsable date"),
    "a time of day": (b"2026-01-05 13:00:00,1,1,7", "unparsable date"),
    "digits that are not ASCII": ("२०२६-०१-०५,1,1,7".encode(), "unparsable date"),
    "tomorrow": (b"2026-07-01,1,1,7", "date in the future"),
    "long ago": (b"1999-12-31,1,1,7", "date too early"),
    "no date": (b",1,1,7", "missing date"),
    "no store": (b"2026-01-05,,1,7", "missing store"),
    "no item": (b"2026-01-05,1, ,7", "missing item"),
    "no sales": (b"2026-01-05,1,1,", "missing sales"),
    "negative": (b"2026-01-05,1,1,-7", "negative sales"),
    "fractional": (b"2026-01-05,1,1,7.5", "fractional sales"),
    "a word": (b"2026-01-05,1,1,seven", "unparsable sales"),
    "nan": (b"2026-01-05,1,1,nan", "unparsable sales"),
    "infinity": (b"2026-01-05,1,1,inf", "unparsable sales"),
    "thousands": (b'2026-01-05,1,1,"1,000"', "unparsable sales"),
    "too large": (b"2026-01-05,1,1,1000001", "sales too large"),
    "far too large": (b"2026-01-05,1,1,1e99", "sales too large"),
    "too few columns": (b"2026-01-05,1,7", "wrong number of columns"),
    "too many columns": (b"2026-01-05,1,1,7,8", "wrong number of columns"),
    "only spaces": (b"   ", "wrong number of columns"),
    "an open quote": (b'2026-01-05,1,"1,7', "wrong number of columns"),
    "an open quote within even quotes": (b'2026-01-05,x"y,"1,7', "wrong number of columns"),
    "an old Mac line end": (b"2026-01-05,1,1,7\r2026-01-06,1,1,7", "wrong number of columns"),
    "undecodable store": (b"2026-01-05,\xff\xfe,1,7", "unreadable store"),
    "NUL in an item": (b"2026-01-05,1,\x00,7", "unreadable item"),
}


@pytest.mark.parametrize(("row", "reason"), BAD.values(), ids=BAD)
def test_a_bad_row_is_refused_alone(tmp_path: Path, row: bytes, reason: str) -> None:
    before, after = b"2026-01-04,1,1,7\n", b"2026-01-07,1,1,7\n"
    # NUL bytes at a file's beginning mean that it is no text, so the bad row comes late
    found = of_csv(tmp_path, HEADER + before * 300 + row + b"\n" + after)
    assert refusals(found) == [(302, row.decode(errors="replace"), reason)]
    assert accepted(found) == [(date(2026, 1, 4), "1", "1", 7), (date(2026, 1, 7), "1", "1", 7)]
    assert found.repeated == 299


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
    assert (accepted(found), refusals(found)) == ([expected], [])


def test_an_exact_duplicate_is_kept_once(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + GOOD + b"2026-01-05,1,1,7.0\n" + GOOD)
    assert (accepted(found), found.repeated, refusals(found)) == ([(date(2026, 1, 5), "1", "1", 7)], 2, [])


def test_a_conflicting_duplicate_is_refused_with_all_its_rows(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + GOOD + b"2026-01-06,1,1,7\n" + b"2026-01-05,1,1,8\n" + GOOD)
    why = "duplicate key with another value"
    raw = GOOD.decode().strip()
    assert refusals(found) == [(2, raw, why), (4, "2026-01-05,1,1,8", why), (5, raw, why)]
    assert accepted(found) == [(date(2026, 1, 6), "1", "1", 7)]


@pytest.mark.parametrize("values", [(7, 8), (8, 7), (8, 7, 8), (7, 7, 8)], ids=str)
def test_a_conflict_is_found_in_any_order(tmp_path: Path, values: tuple[int, ...]) -> None:
    found = of_csv(tmp_path, HEADER + b"".join(b"2026-01-05,1,1,%d\n" % value for value in values))
    assert len(found.refused) == len(values) and not len(found.accepted)


def test_duplicates_are_found_across_files(tmp_path: Path) -> None:
    files = [csv(tmp_path, HEADER + row, f"{name}.csv") for name, row in (("a", GOOD), ("b", b"2026-01-05,1,1,8\n"))]
    found = sift([feed.read(path, number) for number, path in enumerate(files)], TODAY, date(2000, 1, 1), 100)
    assert [(row["file"], row["line"]) for row in found.refused.to_pylist()] == [(0, 2), (1, 2)]
    assert not len(found.accepted)


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    rows = [row for row, _ in BAD.values()]
    found = of_csv(tmp_path, HEADER + GOOD * 300 + b"\n".join(rows) + b"\n" + GOOD)
    assert len(found.checked) == 301 + len(rows)
    assert len(found.accepted) + found.repeated + len(found.refused) == len(found.checked)
    assert found.checked["reason"].null_count == 301


def test_blank_lines_crlf_and_bom_keep_line_numbers_right(tmp_path: Path) -> None:
    lines = [b"date,store,item,sales", b"", b"2026-01-05,1,1,7", b"", b"", b"2026-01-06,1,1,x", b"1,2", b"", b"y,1,1,1"]
    found = of_csv(tmp_path, b"\xef\xbb\xbf" + b"\r\n".join(lines))
    assert refusals(found) == [
        (6, "2026-01-06,1,1,x", "unparsable sales"),
        (7, "1,2", "wrong number of columns"),
        (9, "y,1,1,1", "unparsable date"),
    ]
    assert len(found.accepted) == 1


def test_line_numbers_stay_right_beyond_one_block_of_the_parser(tmp_path: Path) -> None:
    rows = [b"2026-01-05,1,%d,5" % number + b" " * 40 for number in range(350_000)]
    assert sum(map(len, rows)) > 1 << 24
    for number in (10, 300_000, 349_000):
        rows[number] = b"bad"
    rows[300_001], rows[349_998] = b"", b"2026-01-05,1,1,x"
    found = of_csv(tmp_path, HEADER + b"\n".join(rows))
    assert [(line, raw) for line, raw, _ in refusals(found)] == [
        (12, "bad"),
        (300_002, "bad"),
        (349_002, "bad"),
        (350_000, "2026-01-05,1,1,x"),
    ]


def test_quoted_fields_and_the_raw_text_as_it_stood(tmp_path: Path) -> None:
    found = of_csv(
        tmp_path, b'"date","store","item","sales"\n"2026-01-05","1","a ""b""","7"\n"2026-01-06","1","1","x"\n'
    )
    assert accepted(found) == [(date(2026, 1, 5), "1", 'a "b"', 7)]
    assert refusals(found) == [(3, '"2026-01-06","1","1","x"', "unparsable sales")]


def test_an_open_quote_does_not_swallow_the_lines_after_it(tmp_path: Path) -> None:
    found = of_csv(tmp_path, HEADER + b'2026-01-04,1,"1,7\n' + GOOD + b"2026-01-06,1,1,x\n")
    assert [(line, reason) for line, _, reason in refusals(found)] == [
        (2, "wrong number of columns"),
        (4, "unparsable sales"),
    ]
    assert accepted(found) == [(date(2026, 1, 5), "1", "1", 7)]


def test_columns_are_found_by_name_in_any_case_and_order_and_others_are_left_out(tmp_path: Path) -> None:
    found = of_csv(tmp_path, b"Sales,ITEM, Note ,Date,store\n7,1,promo,2026-01-05,1\nx,1,,2026-01-06,1\n")
    assert accepted(found) == [(date(2026, 1, 5), "1", "1", 7)]
    assert refusals(found) == [(3, "x,1,,2026-01-06,1", "unparsable sales")]


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
    assert found.accepted.equals(of_text.accepted)
    assert refusals(found) == []


def test_bad_rows_of_parquet_have_their_row_number_and_values(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        date=pa.array([datetime(2026, 1, 5, 13), None]),
        store=pa.array([1.0, None]),
        sales=[7.5, float("nan")],
    )
    assert refusals(sifted(path)) == [
        (1, "2026-01-05 13:00:00,1,1,7.5", "unparsable date"),
        (2, ",,2,", "missing date"),
    ]


def part(content: bytes, share: float = 0.6) -> bytes:
    return content[: int(len(content) * share)]


def cut_parquet(path: Path) -> bytes:
    parquet.write_table(pa.table({name: ["1"] * 100 for name in COLUMNS}), path)
    return part(path.read_bytes())


UNREADABLE: dict[str, tuple[str, Callable[[Path], bytes], str]] = {
    "empty": ("f.csv", lambda _: b"", "f.csv is empty; is the export complete?"),
    "blank": ("f.csv", lambda _: b"\n \n", "f.csv is empty"),
    "header only": ("f.csv", lambda _: HEADER, "f.csv has a header and no rows"),
    "header without a line end": ("f.csv", lambda _: HEADER.strip(), "f.csv has a header and no rows"),
    "header and blank lines": ("f.csv", lambda _: HEADER + b"\n \n", "f.csv has a header and no rows"),
    "one column lacks": (
        "f.csv",
        lambda _: b"date,store,product,sales\n1,1,1,1\n",
        r"lacks the column item; wanted date, store, item, sales\. Received: date, store, product, sales$",
    ),
    "columns lack": ("f.csv", lambda _: b"day;shop;sku;qty\n1;1;1;1\n", "lacks the columns date, store, item, sales"),
    "rubbish": ("f.csv", lambda _: bytes(range(256)) * 20, r"f.csv is not text \(it holds NUL bytes\)"),
    "a gzip cut off": ("f.csv.gz", lambda _: part(gzip.compress(HEADER + GOOD * 500)), "f.csv.gz is a damaged gzip"),
    "a gzip of nothing": ("f.csv.gz", lambda _: gzip.compress(b""), "f.csv.gz is empty"),
    "a gzip with a wrong checksum": (
        "f.csv.gz",
        lambda _: gzip.compress(HEADER + GOOD)[:-8] + bytes(8),
        "f.csv.gz is a damaged gzip",
    ),
    "a gzip with damaged content": (
        "f.csv.gz",
        lambda _: (whole := gzip.compress(HEADER + GOOD * 500))[:12] + b"\xff" * 8 + whole[20:],
        "f.csv.gz is a damaged gzip",
    ),
    "a Parquet cut off": ("f.parquet", cut_parquet, "is not a Parquet file that can be read"),
    "an empty Parquet": ("f.parquet", lambda _: b"", "is not a Parquet file that can be read"),
    "CSV called Parquet": ("f.parquet", lambda _: HEADER + GOOD, "is not a Parquet file that can be read"),
}


@pytest.mark.parametrize(("name", "content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_table_of_sales(
    tmp_path: Path, name: str, content: Callable[[Path], bytes], message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content(path))
    with pytest.raises(UnreadableFile, match=message):
        feed.read(path, 0)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"sales": [[7], [8]]}, "is not a Parquet file that can be read", id="lists"),
        pytest.param({"sales": [{"a": 1}, {"a": 2}]}, "is not a Parquet file that can be read", id="records"),
    ],
)
def test_a_parquet_file_with_columns_that_are_no_values(tmp_path: Path, columns: Any, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        feed.read(written(tmp_path, **columns), 0)


def test_a_parquet_file_without_rows_or_with_other_columns(tmp_path: Path) -> None:
    parquet.write_table(pa.table({name: pa.array([], pa.string()) for name in COLUMNS}), tmp_path / "a.parquet")
    with pytest.raises(UnreadableFile, match=r"a\.parquet has a header and no rows"):
        feed.read(tmp_path / "a.parquet", 0)
    parquet.write_table(pa.table({"day": [1]}), tmp_path / "b.parquet")
    with pytest.raises(UnreadableFile, match=r"wanted date, store, item, sales\. Received: day"):
        feed.read(tmp_path / "b.parquet", 0)


def test_a_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert len(sifted(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv.gz")).accepted) == 1
    assert len(sifted(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv")).accepted) == 1
    assert len(sifted(csv(tmp_path, HEADER + GOOD, "feed.csv.gz")).accepted) == 1


def test_a_source_is_a_file_or_a_folder_and_each_content_counts_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    csv(tmp_path, HEADER + GOOD, "b.csv")
    csv(tmp_path, HEADER + GOOD, "deep/a.csv")
    csv(tmp_path, HEADER + b"2026-01-06,1,1,7\n", "deep/c.csv")
    csv(tmp_path, b"half a file", ".d.csv.123.partial")
    csv(tmp_path, b"hello", "readme.txt")
    assert [file.path.name for file in feed.find([tmp_path])] == ["b.csv", "c.csv"]
    assert [file.path.name for file in feed.find([tmp_path / "deep", tmp_path / "b.csv"])] == ["a.csv", "c.csv"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("empty", r"the folder holds no \.csv, \.csv\.gz, \.csv\.zst, \.parquet file: .*/empty$"),
        ("missing.csv", r"no such file or folder: .*/missing\.csv$"),
        ("sales.xlsx", r"sales come as \.csv, \.csv\.gz, \.csv\.zst, \.parquet\. Received: .*/sales\.xlsx$"),
    ],
)
def test_a_source_without_sales(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    csv(tmp_path, b"PK", "sales.xlsx")
    with pytest.raises(SourceError, match=message):
        feed.find([tmp_path / source])
