"""Bad rows: each kind by name, wherever it stands. A bad row costs itself, and no other."""

import gzip
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.ingest.contract.row_rules import REASONS, check_rows
from tasks.ingest.reading import csv_chunks, reader
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.ingest.stage import Intake
from tasks.state.home import Home
from tasks.state.row_keys import Keys
from tests.ingest.bad_input.states import (
    BOM,
    FIRST,
    GOOD,
    HEADER,
    ONE,
    SCARCE,
    SECOND,
    TODAY,
    TWO,
    Key,
    State,
    assert_taken,
    of_columns,
    unpacked,
    written,
    zstd,
)
from tests.ingest.steps import AMPLE, CONTRACT, OURS, ingest

LONG = "longer than 128 characters or 256 bytes"
SHAPE = "wrong number of columns"

BAD_ROWS: dict[str, tuple[bytes, str]] = {
    "a date in another order": (b"05.01.2026,1,1,7", "unparsable date"),
    "a day that is none": (b"2026-02-30,1,1,7", "unparsable date"),
    "a leap day in another year": (b"2025-02-29,1,1,7", "unparsable date"),
    "a month that is none": (b"2026-13-01,1,1,7", "unparsable date"),
    "a date of zeros": (b"0000-00-00,1,1,7", "unparsable date"),
    "a year of two digits": (b"26-01-05,1,1,7", "unparsable date"),
    "a year of five digits": (b"12026-01-05,1,1,7", "unparsable date"),
    "a month of one digit": (b"2026-1-05,1,1,7", "unparsable date"),
    "a day without separators": (b"20260105,1,1,7", "unparsable date"),
    "a week date": (b"2026-W02-1,1,1,7", "unparsable date"),
    "a day of the year": (b"2026-005,1,1,7", "unparsable date"),
    "a spreadsheet's day number": (b"46027,1,1,7", "unparsable date"),
    "a time of day": (b"2026-01-05 13:00:00,1,1,7", "unparsable date"),
    "a second after midnight": (b"2026-01-05T00:00:01,1,1,7", "unparsable date"),
    "a zone": (b"2026-01-05T00:00:00Z,1,1,7", "unparsable date"),
    "digits of Devanagari in a date": ("२०२६-०१-०५,1,1,7".encode(), "unparsable date"),
    "full-width digits in a date": ("２０２６-０１-０５,1,1,7".encode(), "unparsable date"),
    "dashes for hyphens": ("2026–01–05,1,1,7".encode(), "unparsable date"),
    "a byte order mark in the middle": (BOM + b"2026-01-05,1,1,7", "unparsable date"),
    "a zero-width space in a date": ("2026-01-05\u200b,1,1,7".encode(), "unparsable date"),
    "NUL in a date": (b"2026-01-\x0005,1,1,7", "unparsable date"),
    "the header again": (b"date,store,item,sales", "unparsable date"),
    "a line of totals": (b"Total,,,1234", "unparsable date"),
    "the day after tomorrow": (f"{TODAY + timedelta(days=2)},1,1,7".encode(), "date in the future"),
    "the last day of all": (b"9999-12-31,1,1,7", "date in the future"),
    "a day long ago": (b"1999-12-31,1,1,7", "date too early"),
    "a day before 1970": (b"1969-12-31,1,1,7", "date too early"),
    "the first day of all": (b"0001-01-01,1,1,7", "date too early"),
    "no date": (b",1,1,7", "missing date"),
    "a date of spaces": (b"   ,1,1,7", "missing date"),
    "an empty date in quotes": (b'"",1,1,7', "missing date"),
    "nothing in any column": (b",,,", "missing date"),
    "no store": (b"2026-01-05,,1,7", "missing store"),
    "a store of spaces": (b"2026-01-05,  ,1,7", "missing store"),
    "a store of a hard space": ("2026-01-05,\u00a0,1,7".encode(), "missing store"),
    "an undecodable store": (b"2026-01-05,\xff\xfe,1,7", "unreadable store"),
    "a store in Latin-1": ("2026-01-05,Köln,1,7".encode("latin-1"), "unreadable store"),
    "half a surrogate": (b"2026-01-05,\xed\xa0\x80,1,7", "unreadable store"),
    "a letter cut off": (b"2026-01-05,K\xc3,1,7", "unreadable store"),
    "a store that was undecodable before": ("2026-01-05,K\ufffdln,1,7".encode(), "unreadable store"),
    "a zero-width space in a store": ("2026-01-05,1\u200b,1,7".encode(), "unreadable store"),
    "a byte order mark in a store": ("2026-01-05,\ufeff1,1,7".encode(), "unreadable store"),
    "a store written from right to left": ("2026-01-05,\u202e1,1,7".encode(), "unreadable store"),
    "a soft hyphen in a store": ("2026-01-05,S\u00ad1,1,7".encode(), "unreadable store"),
    "a line separator in a store": ("2026-01-05,a\u2028b,1,7".encode(), "unreadable store"),
    "colours of a terminal in a store": (b"2026-01-05,\x1b[31m1,1,7", "unreadable store"),
    "a code of 129 letters": (b"2026-01-05,1," + b"i" * 129 + b",7", f"item {LONG}"),
    "a tab in a store": (b"2026-01-05,a\tb,1,7", "unreadable store"),
    "a carriage return in quotes": (b'2026-01-05,"a\rb",1,7', "unreadable store"),
    "no item": (b"2026-01-05,1, ,7", "missing item"),
    "NUL in an item": (b"2026-01-05,1,\x00,7", "unreadable item"),
    "an undecodable item": (b"2026-01-05,1,caf\xe9,7", "unreadable item"),
    "no sales": (b"2026-01-05,1,1,", "missing sales"),
    "sales of spaces": (b"2026-01-05,1,1,  ", "missing sales"),
    "negative": (b"2026-01-05,1,1,-7", "negative sales"),
    "hardly negative": (b"2026-01-05,1,1,-1e-99", "negative sales"),
    "fractional": (b"2026-01-05,1,1,7.5", "fractional sales"),
    "hardly fractional": (b"2026-01-05,1,1,6.99999999999999999999", "fractional sales"),
    "a tiny number": (b"2026-01-05,1,1,1e-3", "fractional sales"),
    "one too many": (b"2026-01-05,1,1,1000001", "sales too large"),
    "far too many": (b"2026-01-05,1,1,99999999999999999999999999", "sales too large"),
    "too many by their exponent": (b"2026-01-05,1,1,1e99", "sales too large"),
    "an exponent beyond all numbers": (b"2026-01-05,1,1,1e400", "unparsable sales"),
    "a word": (b"2026-01-05,1,1,seven", "unparsable sales"),
    "nan": (b"2026-01-05,1,1,nan", "unparsable sales"),
    "NaN": (b"2026-01-05,1,1,NaN", "unparsable sales"),
    "infinity": (b"2026-01-05,1,1,inf", "unparsable sales"),
    "minus infinity": (b"2026-01-05,1,1,-Infinity", "unparsable sales"),
    "null as a word": (b"2026-01-05,1,1,NULL", "unparsable sales"),
    "true": (b"2026-01-05,1,1,true", "unparsable sales"),
    "thousands": (b'2026-01-05,1,1,"1,000"', "unparsable sales"),
    "a decimal comma where a point is declared": (b'2026-01-05,1,1,"1,5"', "unparsable sales"),
    "an underscore": (b"2026-01-05,1,1,1_000", "unparsable sales"),
    "hexadecimal": (b"2026-01-05,1,1,0x10", "unparsable sales"),
    "two signs": (b"2026-01-05,1,1,--5", "unparsable sales"),
    "a sign alone": (b"2026-01-05,1,1,+", "unparsable sales"),
    "a sign behind": (b"2026-01-05,1,1,5-", "unparsable sales"),
    "a typographic minus": ("2026-01-05,1,1,−5".encode(), "unparsable sales"),
    "a point alone": (b"2026-01-05,1,1,.", "unparsable sales"),
    "two points": (b"2026-01-05,1,1,1.2.3", "unparsable sales"),
    "an exponent alone": (b"2026-01-05,1,1,e5", "unparsable sales"),
    "a space within": (b"2026-01-05,1,1,1 000", "unparsable sales"),
    "Arabic digits": ("2026-01-05,1,1,١٢".encode(), "unparsable sales"),
    "a superscript": ("2026-01-05,1,1,²".encode(), "unparsable sales"),
    "a currency": ("2026-01-05,1,1,7€".encode(), "unparsable sales"),
    "a formula": (b"2026-01-05,1,1,=7", "unparsable sales"),
    "a zero-width space in sales": ("2026-01-05,1,1,\u200b7".encode(), "unparsable sales"),
    "too few columns": (b"2026-01-05,1,7", SHAPE),
    "too many columns": (b"2026-01-05,1,1,7,8", SHAPE),
    "a comma at the end": (b"2026-01-05,1,1,7,", SHAPE),
    "a thousand columns": (b"2026-01-05,1,1,7" + b"," * 996, SHAPE),
    "another delimiter": (b"2026-01-05;1;1;7", SHAPE),
    "a code with a comma, unquoted": (b"2026-01-05,a, b,1,7", SHAPE),
    "only spaces": (b"   ", SHAPE),
    "only NULs": (b"\x00" * 20, SHAPE),
    "a comment": (b"# end of file", SHAPE),
    "JSON": (b'{"date": "2026-01-05"}', SHAPE),
    "a line cut off": (b"2026-01-0", SHAPE),
    "a quote alone": (b'"', SHAPE),
    "an open quote": (b'2026-01-05,1,"1,7', SHAPE),
    "an open quote in the last column": (b'2026-01-05,1,1,"7', SHAPE),
    "an open quote within even quotes": (b'2026-01-05,x"y,"1,7', SHAPE),
    "an old Mac line end": (b"2026-01-05,1,1,7\r2026-01-06,1,1,7", SHAPE),
}
BESIDE = {("2026-01-04", "1", "1"): 40, ("2026-01-07", "9", "1"): 41}
"""Good rows before and after bad ones: a correction and a new series."""


def amid(rows: list[bytes]) -> bytes:
    """Rows among good ones, from line 302 on; NUL bytes at a file's beginning mean that it is no text."""
    return HEADER + b"2026-01-04,1,1,40\n" * 300 + b"".join(row + b"\n" for row in rows) + b"2026-01-07,9,1,41\n"


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_refused_alone(home: Home, before: State, tmp_path: Path, row: bytes, reason: str) -> None:
    result = ingest(home, written(tmp_path, "f.csv", amid([row])))
    assert_taken(home, before, result, 302, BESIDE, [("f.csv", 302, row.decode(errors="replace"), reason)])


@pytest.mark.parametrize("block", [csv_chunks.BLOCK, 3000, 1100], ids=lambda block: f"chunks of {block}")
@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bad_rows_of_all_kinds_in_one_file(
    home: Home, before: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: Any, encoding: str
) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", block)
    content = amid([row for row, _ in BAD_ROWS.values()])
    if encoding != "utf-8":
        content = content.decode(errors="replace").encode(encoding)
    result = ingest(home, written(tmp_path, "f.csv", packed(content)), feed=Feed(encoding=encoding))
    bad = [
        ("f.csv", line, row.decode(errors="replace"), reason)
        for line, (row, reason) in enumerate(BAD_ROWS.values(), start=302)
    ]
    assert_taken(home, before, result, 301 + len(bad), BESIDE, bad)


ODD_ROWS: dict[str, tuple[bytes, str]] = {
    "signs behind a closing quote": (b'2026-01-05,"1"x,1,7', ""),
    "a quote within a code": (b'2026-01-05,1,5" pipe,7', ""),
    "a quoted code with delimiters and quotes": (b'2026-01-05,"a, ""b""",1,7', ""),
    "a plus": (b"2026-01-05,1,1,+7", ""),
    "a code of 10,000 letters": (b"2026-01-05," + b"s" * 10_000 + b",1,7", f"store {LONG}"),
    "a code of 200,000 letters": (b"2026-01-05," + b"s" * 200_000 + b",1,7", f"store {LONG}"),
}
"""Rows that a reader may stumble over, most of them good."""

PLACES: dict[str, Callable[[bytes], bytes]] = {
    "first": lambda row: row + b"\n" + GOOD,
    "alone": lambda row: row,
    "last": lambda row: GOOD + row + b"\n",
    "last, without a line end": lambda row: GOOD + row,
    "before blank lines": lambda row: GOOD + row + b"\n\n\r\n\n",
    "CRLF": lambda row: b"2026-01-05,1,1,7\r\n" + row + b"\r\n",
    "beside too few columns": lambda row: b"1,2\n" + row + b"\n" + GOOD,
    "before an open quote": lambda row: row + b'\n2026-01-06,1,"1,7\n' + GOOD,
    "after an open quote": lambda row: b'2026-01-06,1,"1,7\n' + GOOD + row,
    "beside a lone carriage return": lambda row: row + b"\n1\r2\n" + GOOD,
}
"""Pyarrow reads some of these whole, some row by row, and some it cannot read."""


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_row_is_the_same_wherever_it_stands(tmp_path: Path, place: Callable[[bytes], bytes]) -> None:
    for name, (row, reason) in (BAD_ROWS | ODD_ROWS).items():
        if b"\0" not in row:
            found = told_apart(written(tmp_path, "f.csv", HEADER + place(row)))
            assert found[row.decode(errors="replace")] == reason, name


def test_an_open_quote_is_bad_at_each_place_of_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", 512)
    row = b'2026-01-05,1,1,"7\n'
    for number in range(25):
        found = told_apart(written(tmp_path, "f.csv", HEADER + GOOD * number + row + GOOD * (25 - number)))
        assert found == {GOOD.decode().strip(): "", row.decode().strip(): SHAPE}, number


def told_apart(path: Path) -> dict[str, str]:
    """The reason of each raw row of a file, none if it is good."""
    found: dict[str, str] = {}
    for chunk in reader.chunks(path, OURS):
        reasons = [REASONS[reason] for reason in check_rows(chunk, Keys(), CONTRACT.rules(TODAY)).reasons]
        found |= dict(zip(chunk.raw(chunk.lines), reasons, strict=True))
        found |= dict.fromkeys(chunk.raw(chunk.misshapen), SHAPE)
    return found


CONFLICTS: dict[str, list[list[str]]] = {
    "in one file": [["1,1,7", "2,1,7", "1,1,8"]],
    "the larger first": [["1,1,8", "1,1,7"]],
    "three values": [["1,1,7", "1,1,8", "1,1,9"]],
    "one value twice": [["1,1,7", "1,1,7", "1,1,8", "2,1,1", "2,1,1"]],
    "in two files": [["1,1,7", "2,1,7"], ["1,1,8", "2,1,7"]],
    "in three files": [["1,1,7"], ["1,1,7", "3,1,1"], ["1,1,8"]],
    "far apart": [["1,1,7", *(f"{store},1,5" for store in range(2, 90)), "1,1,8"]],
    "several keys in several files": [["1,1,7", "2,1,7", "3,1,7"], ["3,1,8", "2,1,8", "1,1,7"]],
}
"""Store, item and sales of one day, file by file."""


@pytest.mark.parametrize("size", [AMPLE, SCARCE], ids=["in memory", "on disk"])
@pytest.mark.parametrize("block", [csv_chunks.BLOCK, 200], ids=["in one chunk", "in chunks"])
@pytest.mark.parametrize("files", CONFLICTS.values(), ids=CONFLICTS)
def test_of_two_values_none_goes_in(
    home: Home,
    before: State,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[list[str]],
    block: int,
    size: Intake,
) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", block)
    values = defaultdict(set)
    for number, rows in enumerate(files):
        written(tmp_path / "in", f"{number}.csv", HEADER + "".join(f"2026-01-30,{row}\n" for row in rows).encode())
        for store, item, units in (row.split(",") for row in rows):
            values["2026-01-30", store, item].add(int(units))
    good = {key: units for key, (units, *others) in values.items() if not others}
    bad = [
        (f"{number}.csv", line, f"2026-01-30,{row}", "duplicate key with another value")
        for number, rows in enumerate(files)
        for line, row in enumerate(rows, start=2)
        if ("2026-01-30", *row.split(",")[:2]) not in good
    ]
    assert len(bad) > 1
    assert_taken(home, before, ingest(home, tmp_path / "in", size=size), sum(map(len, files)), good, bad)


@dataclass(frozen=True)
class Odd:
    """Text that goes in but for some rows.

    Attributes:
        content: The file.
        bad: Reasons of its bad rows, by line.
        good: Its other rows. Defaults to `ONE` and `TWO`.
        feed: How it is written. Defaults to our own columns in UTF-8.
    """

    content: bytes
    bad: dict[int, str]
    good: tuple[tuple[Key, int], ...] = ((FIRST, 70), (SECOND, 80))
    feed: Feed = OURS


ODD_TEXTS = {
    "mixed line ends": Odd(
        HEADER + b"2026-01-05,1,1,70\r\n" + TWO + b"2026-01-07,1,1,x\r\n\r\n", {4: "unparsable sales"}
    ),
    "a carriage return for a line end": Odd(
        HEADER + b"2026-01-05,1,1,70\r\n2026-01-07,1,1,7\r2026-01-08,1,1,7\n" + TWO, {3: SHAPE}
    ),
    "two exports one after the other": Odd(BOM + HEADER + ONE + BOM + HEADER + TWO, {3: "unparsable date"}),
    "a byte order mark behind the header": Odd(HEADER + BOM + GOOD + ONE + TWO, {2: "unparsable date"}),
    "a line of 5 MB": Odd(HEADER + b"2026-01-07,1,1," + b"7" * 5_000_000 + b"\n" + ONE + TWO, {2: "sales too large"}),
    "spaces behind the header": Odd(HEADER + b"\n \n" + ONE + TWO, {3: SHAPE}),
    "only bad rows": Odd(HEADER + b"x\ny", {2: SHAPE, 3: SHAPE}, ()),
    "a store code of 10,000 letters": Odd(
        HEADER + b"2026-01-05," + b"s" * 10_000 + b",1,70\n" + b"x" * 10_000,
        {2: f"store {LONG}", 3: SHAPE}, (),
    ),
    "one column, the others set": Odd(
        b'sales\n70\n""\n \n7,8\n', {3: "missing sales", 4: "missing sales", 5: SHAPE}, ((FIRST, 70),),
        Feed(set={"date": "2026-01-05", "store": "1", "item": "1"}),
    ),
    "a date that is set and cannot be": Odd(
        b"store,item,sales\n1,1,7\n", {2: "unparsable date"}, (), Feed(set={"date": "2026-02-30"})
    ),
    "German numbers and dates in cp1252": Odd(
        b"date;store;item;sales\n05.01.2026;1;1;70,0\n06.01.2026;2;2;1.5\n07.01.2026;1;1;1,5\n2026-01-08;1;1;\x80",
        {3: "unparsable sales", 4: "fractional sales", 5: "unparsable date"}, ((FIRST, 70),),
        Feed(decimal=",", date_format="%d.%m.%Y", encoding="cp1252"),
    ),
    "UTF-16 with half a letter at its end": Odd(
        (HEADER + ONE + TWO + b"x").decode().encode("utf-16")[:-1], {4: SHAPE}, feed=Feed(encoding="utf-16")
    ),
    "UTF-16 with NUL in a row": Odd(
        (HEADER + ONE * 300 + b"2026-01-06,\0,2,80\n" + TWO).decode().encode("utf-16"), {302: "unreadable store"},
        feed=Feed(encoding="utf-16"),
    ),
    "Latin-1 read as UTF-8": Odd(HEADER + ONE + b"2026-01-06,K\xf6ln,2,80\n" + TWO, {3: "unreadable store"}),
    "UTF-8 read as Latin-1": Odd(
        HEADER + ONE + b"2026-01-06,Gie\xc3\x9fen,2,80\n" + TWO, {3: "unreadable store"},
        feed=Feed(encoding="latin-1"),
    ),
    "several gzips one after the other": Odd(
        gzip.compress(HEADER + ONE + TWO[:9]) + gzip.compress(TWO[9:] + b"x"), {4: SHAPE}
    ),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_an_odd_text_costs_its_bad_rows_only(home: Home, before: State, tmp_path: Path, odd: Odd) -> None:
    lines = unpacked(odd.content).decode(odd.feed.encoding, "replace").split("\n")
    result = ingest(home, written(tmp_path, "f.csv", odd.content), feed=odd.feed)
    bad = [("f.csv", number, lines[number - 1].rstrip("\r"), reason) for number, reason in odd.bad.items()]
    assert_taken(home, before, result, len([line for line in lines[1:] if line.rstrip("\r")]), dict(odd.good), bad)


def both(first: str, second: str, reason: str) -> dict[int, tuple[str, str]]:
    return {1: (first, reason), 2: (second, reason)}


MONDAY, TUESDAY = datetime(2026, 1, 5), datetime(2026, 1, 6)
MONDAY_NS, DAY_NS = 1_767_571_200 * 10**9, 86_400 * 10**9

ODD_COLUMNS: dict[str, tuple[dict[str, Any], dict[int, tuple[str, str]]]] = {
    "no values at all": (dict.fromkeys(COLUMNS, pa.nulls(2)), both(",,,", ",,,", "missing date")),
    "no stores": ({"store": pa.nulls(2)}, both("2026-01-05,,1,70", "2026-01-06,,2,80", "missing store")),
    "a value lacks": ({"sales": [70, None]}, {2: ("2026-01-06,2,2,", "missing sales")}),
    "an empty text": ({"item": ["1", ""]}, {2: ("2026-01-06,2,,80", "missing item")}),
    "a time of day": (
        {"date": [MONDAY.replace(hour=13), TUESDAY]}, {1: ("2026-01-05 13:00:00,1,1,70", "unparsable date")},
    ),
    "a nanosecond after midnight": (
        {"date": pa.array([MONDAY_NS + 1, MONDAY_NS + DAY_NS], pa.timestamp("ns"))},
        {1: ("2026-01-05 00:00:00.000000001,1,1,70", "unparsable date")},
    ),
    "times in a zone": (
        {"date": pa.array([MONDAY, TUESDAY], pa.timestamp("us", "UTC"))},
        both("2026-01-05 00:00:00+00:00,1,1,70", "2026-01-06 00:00:00+00:00,2,2,80", "unparsable date"),
    ),
    "the first and the last day of all": (
        {"date": [date.min, date.max]},
        {1: ("0001-01-01,1,1,70", "date too early"), 2: ("9999-12-31,2,2,80", "date in the future")},
    ),
    "days as numbers": ({"date": [20458, 20459]}, both("20458,1,1,70", "20459,2,2,80", "unparsable date")),
    "times without days": (
        {"date": [time(0, 0, 1), time(0, 0, 2)]}, both("00:00:01,1,1,70", "00:00:02,2,2,80", "unparsable date"),
    ),
    "truth for sales": (
        {"sales": [True, False]}, both("2026-01-05,1,1,True", "2026-01-06,2,2,False", "unparsable sales"),
    ),
    "the largest unsigned number": (
        {"sales": pa.array([2**64 - 1, 80], pa.uint64())},
        {1: ("2026-01-05,1,1,18446744073709551615", "sales too large")},
    ),
    "the smallest signed number": (
        {"sales": [-(2**63), 80]}, {1: ("2026-01-05,1,1,-9223372036854775808", "negative sales")},
    ),
    "a decimal of 38 digits": (
        {"sales": [Decimal("9" * 38), Decimal(80)]}, {1: ("2026-01-05,1,1," + "9" * 38, "sales too large")},
    ),
    "a decimal of 76 digits": (
        {"sales": pa.array([Decimal("9" * 76), Decimal(80)], pa.decimal256(76, 0))},
        {1: ("2026-01-05,1,1," + "9" * 76, "sales too large")},
    ),
    "a decimal with a fraction": (
        {"sales": [Decimal("0.01"), Decimal("80.00")]}, {1: ("2026-01-05,1,1,0.01", "fractional sales")},
    ),
    "NaN and infinity": (
        {"sales": [float("nan"), float("inf")]},
        {1: ("2026-01-05,1,1,", "missing sales"), 2: ("2026-01-06,2,2,inf", "unparsable sales")},
    ),
    "floats of few bits": (
        {"sales": pa.array([70.5, 80], pa.float16())}, {1: ("2026-01-05,1,1,70.5", "fractional sales")},
    ),
    "Arabic digits": ({"sales": ["٧", "80"]}, {1: ("2026-01-05,1,1,٧", "unparsable sales")}),
    "a line end and NUL in codes": (
        {"store": ["a\nb", "2"], "item": ["1", "\0"]},
        {1: ("2026-01-05,a\nb,1,70", "unreadable store"), 2: ("2026-01-06,2,\0,80", "unreadable item")},
    ),
    "texts that are not said to be texts": (
        {"store": [b"1", b"2"], "date": [b"2026-01-05", b"2026-01-06"], "sales": [b"70", b"80"]}, {},
    ),
    "bytes of a fixed length": ({"item": pa.array([b"1", b"2"], pa.binary(1))}, {}),
    "a text that is no UTF-8": (
        {"store": pa.array([b"K\xf6ln", b"2"]).view(pa.string())},
        {1: ("2026-01-05,K\ufffdln,1,70", "unreadable store")},
    ),
    "other columns of any kind": ({"note": [[1], [2]], "extra": [{"sales": 1}, {"sales": 2}]}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("columns", "odd"), ODD_COLUMNS.values(), ids=ODD_COLUMNS)
def test_odd_columns_of_parquet_cost_their_bad_rows_only(
    home: Home, before: State, tmp_path: Path, columns: dict[str, Any], odd: dict[int, tuple[str, str]]
) -> None:
    result = ingest(home, written(tmp_path, "f.parquet", of_columns(**columns)))
    good = {key: units for number, key, units in ((1, FIRST, 70), (2, SECOND, 80)) if number not in odd}
    assert_taken(home, before, result, 2, good, [("f.parquet", number, *row) for number, row in odd.items()])
