"""Bad input: each kind of bad row and bad file by name, then any damage at all. It costs what is bad, and no more."""

import gzip
import io
import json
import math
import re
import shutil
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tasks.ingest.contract.row_rules import REASONS, sift
from tasks.ingest.contract.suite import Breach, Contract, Findings
from tasks.ingest.ingest import merge_batch, read_batch, refuse_batch, summary
from tasks.ingest.reading import csv_chunks, parquet_chunks, reader
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.ingest.reading.sources import SourceError
from tasks.ingest.stage import Intake
from tasks.state import delta, row_keys, sales_table
from tasks.state.home import Home
from tasks.state.row_keys import Keys

HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"
BOM = b"\xef\xbb\xbf"
TODAY = datetime.now(UTC).date()
OURS = Feed()
Key = tuple[str, str, str]


class Few(Intake):
    """Room for seven rows, so that rows wait on disk and months are merged in parts."""

    @property
    def rows(self) -> int:
        return 7


AMPLE, SCARCE = Intake(), Few()


def ingest(home: Home, *paths: Path, reading: Feed = OURS, size: Intake = AMPLE) -> dict[str, Any]:
    """As the flow does, without the contract's suite."""
    with TemporaryDirectory() as staging:
        batch = read_batch.fn([str(path) for path in paths], home, Contract(), Path(staging), reading, size)
        if batch.fault:
            return refuse_batch.fn(batch, Findings((Breach("critical", batch.fault),)), home)
        return summary(*merge_batch.fn(batch, home, (), size))


@dataclass(frozen=True)
class State:
    """What a home holds.

    Attributes:
        snapshot: Version of the sales table.
        sales: Units by date, store and item.
        quarantined: File, line, raw text, reason and batch of each row.
        files: Hashes of all files.
    """

    snapshot: int | None
    sales: dict[Key, int]
    quarantined: list[tuple[str, int, str, str, str]]
    files: dict[str, str]

    @classmethod
    def of(cls, home: Home) -> "State":
        rows = delta.read(home.sales, ["date", "store", "item", "sales"]).to_pydict()
        units = rows.pop("sales")
        sales = dict(zip(zip(map(str, rows.pop("date")), *rows.values(), strict=True), units, strict=True))
        assert len(sales) == len(units)
        held = delta.read(home.quarantine, ["file", "line", "raw", "reason", "batch"]).to_pydict()
        return cls(sales_table.snapshot(home), sales, sorted(zip(*held.values(), strict=True)), files(home))

    def of_batch(self, batch: str) -> list[tuple[str, int, str, str]]:
        return [row[:4] for row in self.quarantined if row[4] == batch]


def files(home: Home) -> dict[str, str]:
    """The files of a home with a hash of their bytes."""
    found = [path for path in home.root.rglob("*") if path.is_file()]
    return {str(path.relative_to(home.root)): sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two months of sales, and a row in quarantine. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("shop")
    days = [date(2025, 12, 20) + timedelta(number) for number in range(30)]
    rows = "".join(f"{day},{store},1,{day.day}\n" for day in days for store in (1, 2))
    (folder / "history.csv").write_text(f"{HEADER.decode()}{rows}2026-01-05,1,1,lots\n")
    ingest(Home(folder / "home"), folder / "history.csv")
    return Home(folder / "home")


@pytest.fixture(scope="module")
def before(shop: Home) -> State:
    """What is in the shop, and in each copy of it at first."""
    return State.of(shop)


@pytest.fixture
def home(shop: Home, tmp_path: Path) -> Home:
    return copied(shop, tmp_path)


def copied(home: Home, folder: Path) -> Home:
    shutil.copytree(home.root, folder / "home")
    return Home(folder / "home")


def written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def assert_taken(home: Home, before: State, result: dict[str, Any], rows: int, good: dict[Key, int], bad: list) -> None:
    """All good rows and no others are in the table, all bad ones and no others in quarantine, and the counts say so.

    Args:
        home: As it is now.
        before: As it was.
        result: What the ingest said.
        rows: How many there were, repeated ones counted each.
        good: Sales that must be there now.
        bad: File, line, raw text and reason of each bad row.
    """
    after = State.of(home)
    changes = {key: units for key, units in good.items() if before.sales.get(key) != units}
    assert not result["refused"], result["why"]
    assert (result["rows_read"], result["rows_quarantined"]) == (rows, len(bad))
    assert result["rows_accepted"] == len(changes)
    assert result["rows_changed"] == len([key for key in changes if key in before.sales])
    assert rows == result["rows_accepted"] + result["rows_unchanged"] + result["rows_quarantined"]
    assert after.sales == before.sales | good
    assert (after.snapshot == before.snapshot) == (not changes)
    assert after.quarantined == sorted([*before.quarantined, *[(*row, result["batch"]) for row in bad]])


def assert_refused(home: Home, before: State, result: dict[str, Any], why: str) -> None:
    """The batch is refused as a whole, in a sentence of one line, and every file of the home is as it was."""
    assert result["refused"] and re.search(why, result["why"]), result.get("why")
    assert "\n" not in result["why"]
    assert (result["rows_accepted"], result["rows_quarantined"]) == (0, 0)
    assert files(home) == before.files


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


@pytest.mark.parametrize("block", [csv_chunks.BLOCK, 3000, 1100], ids=lambda block: f"pieces of {block}")
@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bad_rows_of_all_kinds_in_one_file(
    home: Home, before: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: Any, encoding: str
) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", block)
    content = amid([row for row, _ in BAD_ROWS.values()])
    if encoding != "utf-8":
        content = content.decode(errors="replace").encode(encoding)
    result = ingest(home, written(tmp_path, "f.csv", packed(content)), reading=Feed(encoding=encoding))
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
    "a code of 10,000 letters": (b"2026-01-05," + b"s" * 10_000 + b",1,7", ""),
    "a code of 200,000 letters": (b"2026-01-05," + b"s" * 200_000 + b",1,7", ""),
}
"""Good rows that a reader may stumble over."""

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


def test_an_open_quote_is_bad_at_each_place_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", 512)
    row = b'2026-01-05,1,1,"7\n'
    for number in range(25):
        found = told_apart(written(tmp_path, "f.csv", HEADER + GOOD * number + row + GOOD * (25 - number)))
        assert found == {GOOD.decode().strip(): "", row.decode().strip(): SHAPE}, number


def told_apart(path: Path) -> dict[str, str]:
    """The reason of each raw row of a file, none if it is good."""
    found: dict[str, str] = {}
    for piece in reader.pieces(path):
        reasons = [REASONS[reason] for reason in sift(piece, Keys(), Contract().rules(TODAY)).reasons]
        found |= dict(zip(piece.raw(piece.lines), reasons, strict=True))
        found |= dict.fromkeys(piece.raw(piece.misshapen), SHAPE)
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
@pytest.mark.parametrize("block", [csv_chunks.BLOCK, 200], ids=["in one piece", "in pieces"])
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


FIRST, SECOND = ("2026-01-05", "1", "1"), ("2026-01-06", "2", "2")
ONE, TWO = b"2026-01-05,1,1,70\n", b"2026-01-06,2,2,80\n"


@dataclass(frozen=True)
class Odd:
    """Text that goes in but for some rows.

    Attributes:
        content: The file.
        bad: Reasons of its bad rows, by line.
        good: Its other rows. Defaults to `ONE` and `TWO`.
        reading: How it is written. Defaults to our own columns in UTF-8.
    """

    content: bytes
    bad: dict[int, str]
    good: tuple[tuple[Key, int], ...] = ((FIRST, 70), (SECOND, 80))
    reading: Feed = OURS


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
        {3: SHAPE}, ((("2026-01-05", "s" * 10_000, "1"), 70),),
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
        (HEADER + ONE + TWO + b"x").decode().encode("utf-16")[:-1], {4: SHAPE}, reading=Feed(encoding="utf-16")
    ),
    "UTF-16 with NUL in a row": Odd(
        (HEADER + ONE * 300 + b"2026-01-06,\0,2,80\n" + TWO).decode().encode("utf-16"), {302: "unreadable store"},
        reading=Feed(encoding="utf-16"),
    ),
    "Latin-1 read as UTF-8": Odd(HEADER + ONE + b"2026-01-06,K\xf6ln,2,80\n" + TWO, {3: "unreadable store"}),
    "UTF-8 read as Latin-1": Odd(
        HEADER + ONE + b"2026-01-06,Gie\xc3\x9fen,2,80\n" + TWO, {3: "unreadable store"},
        reading=Feed(encoding="latin-1"),
    ),
    "several gzips one after the other": Odd(
        gzip.compress(HEADER + ONE + TWO[:9]) + gzip.compress(TWO[9:] + b"x"), {4: SHAPE}
    ),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_an_odd_text_costs_its_bad_rows_only(home: Home, before: State, tmp_path: Path, odd: Odd) -> None:
    lines = unpacked(odd.content).decode(odd.reading.encoding, "replace").split("\n")
    result = ingest(home, written(tmp_path, "f.csv", odd.content), reading=odd.reading)
    bad = [("f.csv", number, lines[number - 1].rstrip("\r"), reason) for number, reason in odd.bad.items()]
    assert_taken(home, before, result, len([line for line in lines[1:] if line.rstrip("\r")]), dict(odd.good), bad)


def of_columns(**columns: Any) -> bytes:
    """`ONE` and `TWO` as Parquet, with some columns instead."""
    default = {"date": ["2026-01-05", "2026-01-06"], "store": ["1", "2"], "item": ["1", "2"], "sales": [70, 80]}
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table(default | columns), buffer)
    return buffer.getvalue().to_pybytes()


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


LONG = HEADER + b"".join(b"2026-01-05,%d,1,%d\n" % (store, store * 7919 % 1000) for store in range(3000))
HUGE = csv_chunks.BLOCK


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def spoilt(content: bytes, at: int) -> bytes:
    return content[:at] + b"\xff" * 8 + content[at:][8:]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def of_names(*names: str) -> bytes:
    """A Parquet file of one row."""
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table([["1"]] * len(names), names=list(names)), buffer)
    return buffer.getvalue().to_pybytes()


WANTED = "date, store, item, sales"
NO_TEXT = r"^f\.csv is not text \(it holds NUL bytes\); sales come as CSV in UTF-8$"
NO_PARQUET = r"^f\.parquet is not a Parquet file that can be read \(.*\)$"
EMPTY = r"^f\.csv is empty; is the export complete\?$"
NO_ROWS = r"^f\.\w+ has a header and no rows; is the export complete\?$"

BAD_TEXTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", EMPTY),
    "blank": (b"\n \n\t\r\n", EMPTY),
    "a byte order mark alone": (BOM, EMPTY),
    "a header only": (HEADER, NO_ROWS),
    "a header without a line end": (HEADER.strip(), NO_ROWS),
    "a header and blank lines": (HEADER + b"\n\r\n\n", NO_ROWS),
    "no header": (GOOD * 3, rf"^f\.csv lacks the columns {WANTED}; .* Received: 2026-01-05, 1, 1, 7$"),
    "a blank line before the header": (b"\n" + HEADER + GOOD, f"lacks the columns {WANTED}"),
    "one column lacks": (
        b"date,store,product,sales\n1,1,1,1\n",
        rf"^f\.csv lacks the column item; wanted {WANTED}\. Received: date, store, product, sales$",
    ),
    "columns lack": (b"day;shop;sku;qty\n1;1;1;1\n", f"lacks the columns {WANTED}.* Received: day, shop, sku, qty$"),
    "a column twice": (b"date,store,item,sales,Sales\n2026-01-05,1,1,1,2\n", r"^f\.csv has the column sales twice; "),
    "an open quote in the header": (b'"date,store,item,sales\n' + GOOD, "lacks the column date; "),
    "old Mac line ends throughout": ((HEADER + GOOD * 9).replace(b"\n", b"\r"), "lacks the column sales; "),
    "rubbish": (bytes(range(256)) * 20, NO_TEXT),
    "NUL bytes": (bytes(5000), NO_TEXT),
    "UTF-16 read as UTF-8": (LONG.decode().encode("utf-16"), NO_TEXT),
    "UTF-16 without a byte order mark": (LONG.decode().encode("utf-16-be"), NO_TEXT),
    "EBCDIC": (LONG.decode().encode("cp500"), f"lacks the columns {WANTED}"),
    "an Excel file": (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>" * 99}), NO_TEXT),
    "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), NO_TEXT),
    "a ZIP of a CSV": (zipped({"f.csv": LONG}), NO_TEXT),
    "a Parquet": (of_columns(), NO_TEXT),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", f"lacks the columns {WANTED}"),
    "an error page": (
        b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n",
        f"lacks the columns {WANTED}; .* Received: <!DOCTYPE html>$",
    ),
    "JSON": (json.dumps([{"date": "2026-01-05", "store": 1, "item": 1, "sales": 7}] * 3).encode(), "lacks the columns"),
    "lines of JSON": (b'{"date": "2026-01-05", "store": 1, "item": 1, "sales": 7}\n' * 3, "lacks the columns"),
    "a gzip of nothing": (gzip.compress(b""), EMPTY),
    "a gzip of a gzip": (gzip.compress(gzip.compress(LONG)), NO_TEXT),
    "a gzip of an error page": (gzip.compress(b"<html>\n<p>404\n</html>"), f"lacks the columns {WANTED}"),
    "a gzip cut off": (cut(gzip.compress(LONG)), r"^f\.csv is a damaged gzip \(.*\); fetch it again$"),
    "a gzip cut off in its head": (gzip.compress(LONG)[:5], r"^f\.csv is a damaged gzip \("),
    "a gzip without its last byte": (gzip.compress(LONG)[:-1], r"^f\.csv is a damaged gzip \("),
    "a gzip with a wrong checksum": (gzip.compress(HEADER + GOOD)[:-8] + bytes(8), r"^f\.csv is a damaged gzip \("),
    "a gzip with damaged content": (spoilt(gzip.compress(LONG), 12), r"^f\.csv is a damaged gzip \("),
    "a gzip with rubbish behind it": (gzip.compress(LONG) + b"rubbish!", r"^f\.csv is a damaged gzip \("),
    "a zstd of nothing": (zstd(b""), EMPTY),
    "a zstd of a column twice": (zstd(b"Date,date,store,item,sales\n"), "has the column date twice; "),
    "a zstd cut off": (cut(zstd(LONG)), r"^f\.csv is a damaged zstd \(Truncated .*\); fetch it again$"),
    "a zstd cut off in its head": (zstd(LONG)[:5], r"^f\.csv is a damaged zstd \("),
    "a zstd without its last byte": (zstd(LONG)[:-1], r"^f\.csv is a damaged zstd \("),
    "a zstd with damaged content": (spoilt(zstd(LONG), 20), r"^f\.csv is a damaged zstd \("),
    "a zstd with rubbish behind it": (zstd(LONG) + b"rubbish!", r"^f\.csv is a damaged zstd \("),
    "a line of over 16 MB": (
        zstd(HEADER + GOOD + b"2026-01-06,1,1," + b"7" * HUGE),
        r"^f\.csv has a line of over 16 MB; is it a CSV file\?$",
    ),
    "a header of over 16 MB": (zstd(b"x" * (HUGE + 1)), r"^f\.csv has a line of over 16 MB; "),
    "16 MB of quotes": (zstd(HEADER + b'"' * (HUGE + 1)), r"^f\.csv has a line of over 16 MB; "),
}  # fmt: skip

BAD_PARQUETS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", NO_PARQUET),
    "cut off": (cut(of_columns()), NO_PARQUET),
    "without its last byte": (of_columns()[:-1], NO_PARQUET),
    "with a damaged end": (spoilt(of_columns(), -16), NO_PARQUET),
    "with a damaged page": (spoilt(of_columns(), 4), NO_PARQUET),
    "CSV": (LONG, NO_PARQUET),
    "a gzip of CSV": (gzip.compress(LONG), NO_PARQUET),
    "no rows": (of_columns(**dict.fromkeys(COLUMNS, pa.array([], pa.string()))), NO_ROWS),
    "columns lack": (of_names("day"), rf"^f\.parquet lacks the columns {WANTED}; wanted {WANTED}\. Received: day$"),
    "a column twice": (of_names(*COLUMNS, "SALES"), r"^f\.parquet has the column sales twice; "),
    "a column's name that is no UTF-8": (of_columns(note=[1, 2]).replace(b"note", b"n\xffte"), NO_PARQUET),
    "lists": (of_columns(sales=[[70], [80]]), NO_PARQUET),
    "records": (of_columns(sales=[{"a": 1}, {"a": 2}]), NO_PARQUET),
    "maps": (of_columns(store=pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64()))), NO_PARQUET),
    "a day that no calendar has": (of_columns(date=pa.array([10**8, 1], pa.date32())), NO_PARQUET),
    "a time that no calendar has": (of_columns(date=pa.array([10**18, 1], pa.timestamp("us"))), NO_PARQUET),
    "a zone that no map has": (of_columns(date=pa.array([1, 2], pa.timestamp("ms", "Mars/Olympus"))), NO_PARQUET),
}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param(name, content, why, id=f"{name}: {case}")
        for name, cases in {"f.csv": BAD_TEXTS, "f.parquet": BAD_PARQUETS}.items()
        for case, (content, why) in cases.items()
    ],
)
def test_a_bad_file_refuses_its_batch_and_changes_nothing(
    home: Home, before: State, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    written(tmp_path / "in", "a.csv", HEADER + b"2026-01-05,1,1,99\n2026-01-06,9,9,1\nx\n")
    written(tmp_path / "in", name, content)
    assert_refused(home, before, ingest(home, tmp_path / "in"), why)


ROSSMANN = Feed(map={"date": "Date", "store": "Store", "sales": "Sales"}, set={"item": "all"})
GERMAN = Feed(map={"date": "Datum", "store": "Filiale", "item": "Artikel", "sales": "Absatz"})
UNFIT: dict[str, tuple[Feed, bytes, str]] = {
    "a mapped column lacks": (
        ROSSMANN, b"Store,Day,Sales\n1,2026-01-05,1\n",
        r"^f\.csv\.zst lacks the column Date; wanted Date, Store, Sales\. Received: Store, Day, Sales$",
    ),
    "mapped columns lack": (
        GERMAN, LONG,
        r"lacks the columns Datum, Filiale, Artikel, Absatz; wanted Datum \(date\), Filiale \(store\), "
        rf"Artikel \(item\), Absatz \(sales\)\. Received: {WANTED}$",
    ),
    "another delimiter": (
        Feed(delimiter=";"), LONG, rf"lacks the columns {WANTED}; .* Received: date,store,item,sales$",
    ),
    "UTF-8 read as UTF-16": (
        Feed(encoding="utf-16"), LONG, r"^f\.csv\.zst is not text in utf-16; which encoding is it in\?$"
    ),
    "UTF-8 read as UTF-16 of one byte order": (
        Feed(encoding="utf-16-le"), LONG, f"lacks the columns {WANTED}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reading", "content", "why"), UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("packed", [bytes, zstd], ids=["plain", "zstd"])
def test_a_file_that_does_not_fit_its_feed(
    home: Home, before: State, tmp_path: Path, reading: Feed, content: bytes, why: str, packed: Callable[[bytes], bytes]
) -> None:
    result = ingest(home, written(tmp_path, "f.csv.zst", packed(content)), reading=reading)
    assert_refused(home, before, result, why)


@pytest.mark.parametrize("packed", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_file_that_is_damaged_in_a_later_piece_changes_nothing(
    home: Home, before: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(csv_chunks, "BLOCK", 512)
    path = written(tmp_path, "f.csv", packed(LONG)[:-1])
    assert_refused(home, before, ingest(home, path, size=SCARCE), r"^f\.csv is a damaged ")


def test_more_stores_than_any_chain_has(
    home: Home, before: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_keys, "STORE_BITS", 4)
    path = written(tmp_path, "f.csv", LONG)
    why = r"^f\.csv holds over 16 different stores; is another column mapped to store\?$"
    assert_refused(home, before, ingest(home, path), why)


def test_a_folder_that_is_called_csv(home: Home, before: State, tmp_path: Path) -> None:
    (tmp_path / "in" / "x.csv").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"the folder holds no .* file: .*/x\.csv$"):
        ingest(home, tmp_path / "in" / "x.csv")
    assert files(home) == before.files
    written(tmp_path / "in", "y.csv", HEADER + GOOD)
    assert_taken(home, before, ingest(home, tmp_path / "in"), 1, {FIRST: 7}, [])


@dataclass(frozen=True)
class Naive:
    """What a reader finds that goes line by line: rows, good ones by key, and line and text of bad ones."""

    rows: int
    good: dict[Key, int]
    bad: list[tuple[int, str]]


def naively(content: bytes) -> Naive | None:
    """What is in a CSV file with commas; nothing if it is to be refused."""
    try:
        text = unpacked(content)
    except (OSError, EOFError, zlib.error):
        return None
    start = text[: csv_chunks.BLOCK].removeprefix(BOM)[:4096]
    head, *lines = text.removeprefix(BOM).decode(errors="replace").split("\n")
    header = [name.lower() for name in OURS.header(head.rstrip("\r"))[1]]
    if b"\0" in start or any(header.count(name) != 1 for name in COLUMNS):
        return None
    rows = {number: line for number, line in enumerate(lines, start=2) if line.removesuffix("\r")}
    read = {number: naive_row(line, header) for number, line in rows.items()}
    values: dict[Key, set[int]] = defaultdict(set)
    for key, units in filter(None, read.values()):
        values[key].add(units)
    good = {key: units for key, (units, *others) in values.items() if not others}
    bad = [(number, rows[number].rstrip("\r")) for number, row in read.items() if not row or row[0] not in good]
    return Naive(len(rows), good, bad) if rows else None


def unpacked(content: bytes) -> bytes:
    if content.startswith(csv_chunks.GZIP):
        return gzip.decompress(content)
    packed = content.startswith(csv_chunks.ZSTD)
    return pa.input_stream(io.BytesIO(content), compression="zstd").read() if packed else content


def naive_row(line: str, header: list[str]) -> tuple[Key, int] | None:
    found = naive_fields(line)
    if len(found) != len(header):
        return None
    values = {name: value.strip() for name, value in zip(header, found, strict=True)}
    day, units, codes = naive_day(values["date"]), naive_units(values["sales"]), (values["store"], values["item"])
    if day is None or units is None or not all(code and code.isprintable() and "\ufffd" not in code for code in codes):
        return None
    return (day, *codes), units


FIELD = re.compile(r'(?:"((?:[^"]|"")*+)"([^,]*)|([^,]*))(,|\Z)')


def naive_fields(line: str) -> list[str]:
    """The fields of a line; none if a quote stays open or a carriage return is outside of quotes."""
    found, at, line = [], 0, line.rstrip("\r")
    while match := FIELD.match(line, at):
        quoted, behind, plain, end = match.groups()
        bare = behind if plain is None else plain
        if "\r" in bare or (plain or "").startswith('"'):
            return []
        found.append(bare if quoted is None else quoted.replace('""', '"') + bare)
        at = match.end()
        if not end:
            break
    return found


def naive_day(text: str) -> str | None:
    day, clock = text[:10], text[10:]
    if not re.fullmatch(r"|[ T]00:00(:00(\.0+)?)?", clock) or not day.isascii() or day[4:8:3] != "--":
        return None
    try:
        found = date(int(day[:4]), int(day[5:7]), int(day[8:]))
    except ValueError:
        return None
    return day if str(found) == day and date(2000, 1, 1) <= found <= TODAY else None


def naive_units(text: str) -> int | None:
    """Whole units; a number begins with a digit, and its exponent has two."""
    exponent = re.split("[eE][+-]?", text)[1:]
    if set(text) - set("0123456789+-.eE") or not text.lstrip("+-")[:1].isdigit() or len("".join(exponent)) > 2:
        return None
    try:
        units = Decimal(text)
    except ArithmeticError:
        return None
    return int(units) if 0 <= units <= 1_000_000 and units == int(units) else None


NASTY = (
    b'"', b'""', b'","', b"\r", b"\n", b"\r\n", b"\n\n", b",", b",,", b";", b"\0", BOM, b"\xff", b"\xc3", b"\xc3\xbc",
    "\u200b".encode(), "\u2028".encode(), "٣".encode(), b" ", b"\t", b"-", b"+", b".", b"e1", b"0", b"9", b"000",
    b"nan", b"1e400", b"2026-01-05,1,1,7", b"\n2026-01-05,1,1,7\n", b"date,store,item,sales",
)  # fmt: skip
Damage = list[tuple[str, float, int, bytes]]
DAMAGE = st.tuples(
    st.sampled_from(["flip", "delete", "insert", "insert", "insert", "cut", "double", "swap", "other sales"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 255),
    st.sampled_from(NASTY),
)


def damaged(content: bytes, damage: Damage) -> bytes:
    """Content with bytes flipped, deleted, put in; lines cut, doubled, turned round, and given other sales."""
    for kind, where, number, nasty in damage if content else ():
        at = int(where * len(content))
        start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at) + 1 or len(content)
        line, before, after = content[start:end], content[:start], content[end:]
        content = {
            "flip": content[:at] + bytes([content[at] ^ number]) + content[at + 1 :],
            "delete": content[:at] + content[at + number % 30 :],
            "insert": content[:at] + nasty + content[at:],
            "cut": content[:at] + content[end - 1 :],
            "double": before + line + line + after,
            "swap": before + b",".join(reversed(line.strip().split(b","))) + b"\n" + after,
            "other sales": before + line + re.sub(rb"[^,]*$", b"%d\n" % number, line) + after,
        }[kind] or b"\n"
    return content


def the_line(day: int, store: str, item: str, units: str, end: str) -> bytes:
    return f"{date(2026, 1, 1) + timedelta(day)},{store},{item},{units}{end}".encode()


CODE = st.sampled_from(["1", "2", "10", "Köln", '"a, b"', '"c ""d"""', " 7 ", 'e"f'])
UNITS = st.sampled_from(["0", "1", "7", "8", "13.0", "1.3e1", '"5"'])
LINE = st.builds(the_line, st.integers(0, 40), CODE, CODE, UNITS, st.sampled_from(["\n", "\n", "\r\n"]))
ROWS = st.builds(damaged, st.lists(LINE, min_size=1, max_size=30).map(b"".join), st.lists(DAMAGE, max_size=6))
HEADS = st.sampled_from([*[HEADER] * 8, BOM + HEADER, b"item,Note,SALES,Store,date\r\n", b"date,store,sales\n"])
PACKED = st.sampled_from([("f.csv", bytes), ("f.csv.gz", gzip.compress), ("f.csv.zst", zstd)])
BLOCKS = st.sampled_from([csv_chunks.BLOCK, 1024, 512])
SIZES = st.sampled_from([AMPLE, SCARCE])


@contextmanager
def pieces_of(block: int = csv_chunks.BLOCK, rows: int = parquet_chunks.ROWS) -> Iterator[Path]:
    """A folder, while pieces are of so many bytes or rows."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "BLOCK", block)
        patch.setattr(parquet_chunks, "ROWS", rows)
        yield Path(folder)


def assert_as_naively(home: Home, before: State, path: Path, size: Intake) -> None:
    expected, result = naively(path.read_bytes()), ingest(home, path, size=size)
    if expected is None:
        assert_refused(home, before, result, "")
    else:
        bad = State.of(home).of_batch(result["batch"])
        assert [(line, raw) for _, line, raw, _ in bad] == expected.bad
        assert_taken(home, before, result, expected.rows, expected.good, bad)
    assert_no_change_by(home, path, result)


def assert_no_change_by(home: Home, path: Path, result: dict[str, Any]) -> None:
    """A file that was ingested changes nothing now, and is counted as before."""
    before, again = files(home), ingest(home, path)
    assert files(home) == before
    assert again["rows_accepted"] == 0
    for same in ("batch", "snapshot", "refused", "rows_read", "rows_quarantined"):
        assert again[same] == result[same]


@settings(max_examples=60, deadline=None)
@given(head=HEADS, rows=ROWS, packed=PACKED, block=BLOCKS, size=SIZES)
def test_damaged_rows_cost_themselves_only(
    shop: Home,
    before: State,
    head: bytes,
    rows: bytes,
    packed: tuple[str, Callable[[bytes], bytes]],
    block: int,
    size: Intake,
) -> None:
    name, pack = packed
    with pieces_of(block) as folder:
        assert_as_naively(copied(shop, folder), before, written(folder, name, pack(head + rows)), size)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, packed=PACKED, damage=st.lists(DAMAGE, min_size=1, max_size=3))
def test_a_damaged_file_is_refused_or_read_as_it_is(
    shop: Home, before: State, rows: bytes, packed: tuple[str, Callable[[bytes], bytes]], damage: Damage
) -> None:
    name, pack = packed
    with pieces_of() as folder:
        path = written(folder, name, damaged(pack(HEADER + rows), damage))
        assert_as_naively(copied(shop, folder), before, path, AMPLE)


NAMES = st.sampled_from(["f.csv", "f.csv.gz", "f.csv.zst", "f.parquet"])
STARTS = st.sampled_from([b"", HEADER, b"PAR1", BOM, b"\xff\xfe", b"PK\x03\x04", csv_chunks.GZIP, csv_chunks.ZSTD])
ENDS = st.sampled_from([b"", b"\n", b"PAR1", bytes(8)])


@settings(max_examples=50, deadline=None)
@given(name=NAMES, start=STARTS, middle=st.binary(max_size=300), end=ENDS)
def test_any_bytes_are_refused_or_read_as_they_are(
    shop: Home, before: State, name: str, start: bytes, middle: bytes, end: bytes
) -> None:
    with pieces_of() as folder:
        home, path = copied(shop, folder), written(folder, name, start + middle + end)
        if name == "f.parquet":
            assert_refused(home, before, ingest(home, path), NO_PARQUET)
        else:
            assert_as_naively(home, before, path, AMPLE)


VALUES = {
    "date": st.none() | st.dates(date(2025, 12, 1), date(2026, 1, 31)),
    "store": st.none() | st.sampled_from(["1", "2", "Köln", "\ufffd", ""]),
    "item": st.none() | st.integers(-1, 2),
    "sales": st.none() | st.floats(width=32) | st.integers(0, 9).map(float),
}
KINDS = pa.schema([("date", pa.date32()), ("store", pa.string()), ("item", pa.int64()), ("sales", pa.float32())])


def as_text(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value) if value.is_integer() else value)
    return "" if value is None else str(value)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=20),
    damage=st.lists(DAMAGE, max_size=2),
    compression=st.sampled_from(["none", "snappy", "zstd"]),
    rows_a_piece=st.sampled_from([3, 1000]),
)
def test_a_damaged_parquet_is_refused_or_accounted_for(
    shop: Home, before: State, rows: list[dict[str, Any]], damage: Damage, compression: str, rows_a_piece: int
) -> None:
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows, KINDS), buffer, compression=compression, row_group_size=8)
    with pieces_of(rows=rows_a_piece) as folder:
        home = copied(shop, folder)
        path = written(folder, "f.parquet", damaged(buffer.getvalue().to_pybytes(), damage))
        result, after = ingest(home, path, size=SCARCE), State.of(home)
        bad = after.of_batch(result["batch"])
        if not damage:
            lines = [",".join(as_text(row[name]) for name in COLUMNS) for row in rows]
            expected = naively(HEADER + "\n".join(lines).encode())
            assert expected and [(row + 1, raw) for _, row, raw, _ in bad] == expected.bad
            assert_taken(home, before, result, len(rows), expected.good, bad)
        elif result["refused"]:
            assert_refused(home, before, result, NO_PARQUET)
        else:
            good = {key: units for key, units in after.sales.items() if before.sales.get(key) != units}
            assert_taken(home, before, result, result["rows_read"], good, bad)
        assert_no_change_by(home, path, result)


@settings(max_examples=25, deadline=None)
@given(files=st.lists(ROWS, min_size=1, max_size=3), block=BLOCKS)
def test_little_memory_gives_the_same_sales_and_quarantine(shop: Home, files: list[bytes], block: int) -> None:
    found = []
    for size, bytes_a_piece in ((AMPLE, csv_chunks.BLOCK), (SCARCE, block)):
        with pieces_of(bytes_a_piece) as folder:
            home = copied(shop, folder)
            paths = [written(folder, f"{number}.csv", HEADER + rows) for number, rows in enumerate(files)]
            result, state = ingest(home, *paths, size=size), State.of(home)
            found.append((result, state.snapshot, state.sales, state.quarantined))
    assert found[0] == found[1]
