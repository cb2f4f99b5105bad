"""Bad input: each kind of bad row and bad file by name, then arbitrary damage; it costs what is bad, and no more."""

import gzip
import io
import json
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks import csv_pieces, keys, ledger, quarantine, sales_table
from tasks.columns import Feed
from tasks.contract import Breach, Contract, Findings
from tasks.home import Home
from tasks.ingest import merge_batch, read_batch, refuse_batch, summary
from tasks.intake import Intake
from tasks.sources import SourceError
from tests.tasks.test_feed import sifted

HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"
Key = tuple[str, str, str]


class Few(Intake):
    """Room for seven rows, so that rows wait on disk and months are merged in parts."""

    @property
    def rows(self) -> int:
        return 7


def ingest(home: Home, *paths: Path, feed: Feed = Feed(), size: Intake = Intake()) -> dict[str, Any]:  # noqa: B008
    """As the flow does, without the contract's suite."""
    with TemporaryDirectory() as staging:
        batch = read_batch.fn([str(path) for path in paths], home, Contract(), Path(staging), feed, size)
        if batch.fault:
            return refuse_batch.fn(batch, Findings((Breach("critical", batch.fault),)), home)
        return summary(*merge_batch.fn(batch, home, (), size))


@dataclass(frozen=True)
class State:
    """What a home holds: sales by date, store and item; quarantined rows; files by the hashes of their bytes."""

    snapshot: int | None
    sales: dict[Key, int]
    quarantined: list[tuple[str, int, str, str, str]]
    files: dict[str, str]

    @classmethod
    def of(cls, home: Home) -> "State":
        rows = list(sales_table.read(home).itertuples())
        sales = {(str(row.date), row.store, row.item): row.sales for row in rows}
        assert len(rows) == len(sales)
        held = quarantine.table(home).select(["file", "line", "raw", "reason", "batch"]).to_pydict().values()
        files = [path for part in (home.sales, home.quarantine, home.landing) for path in part.rglob("*")]
        hashes = {str(path): sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
        return cls(sales_table.snapshot(home), sales, sorted(zip(*held, strict=True)), hashes)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two months of sales, and a row in quarantine. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("shop")
    days = [date(2025, 12, 20) + timedelta(number) for number in range(30)]
    rows = "".join(f"{day},{store},1,{day.day}\n" for day in days for store in (1, 2))
    (folder / "history.csv").write_text(f"{HEADER.decode()}{rows}2026-01-05,1,1,lots\n")
    ingest(Home(folder / "home"), folder / "history.csv")
    return Home(folder / "home")


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


def of_columns(**columns: Any) -> bytes:
    """A Parquet file of two good rows, but for what is said."""
    default = {"date": ["2026-01-05", "2026-01-06"], "store": ["1", "2"], "item": ["1", "2"], "sales": [70, 80]}
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table(default | columns), buffer)
    return buffer.getvalue().to_pybytes()


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
    assert not result["refused"]
    assert (result["rows_read"], result["rows_quarantined"]) == (rows, len(bad))
    assert result["rows_accepted"] == len(changes)
    assert result["rows_changed"] == len([key for key in changes if key in before.sales])
    assert rows == result["rows_accepted"] + result["rows_unchanged"] + result["rows_quarantined"]
    assert after.sales == before.sales | good
    assert (after.snapshot == before.snapshot) == (not changes)
    assert after.quarantined == sorted([*before.quarantined, *[(*row, result["batch"]) for row in bad]])


def assert_refused(home: Home, before: State, result: dict[str, Any], why: str) -> None:
    """The batch is refused as a whole, the ledger says so in the same words, and nothing else has changed."""
    assert result["refused"] and re.search(why, result["why"]), result.get("why")
    assert "\n" not in result["why"]
    assert (result["rows_accepted"], result["rows_quarantined"]) == (0, 0)
    assert ledger.read(home, ["refusal"])[-1].why == result["why"]
    assert State.of(home) == before


SOON = (datetime.now(UTC).date() + timedelta(days=2)).isoformat().encode()
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
    "a byte order mark in the middle": (b"\xef\xbb\xbf2026-01-05,1,1,7", "unparsable date"),
    "a zero-width space in a date": ("2026-01-05\u200b,1,1,7".encode(), "unparsable date"),
    "NUL in a date": (b"2026-01-\x0005,1,1,7", "unparsable date"),
    "the header again": (b"date,store,item,sales", "unparsable date"),
    "a line of totals": (b"Total,,,1234", "unparsable date"),
    "the day after tomorrow": (SOON + b",1,1,7", "date in the future"),
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
def test_a_bad_row_is_refused_alone(home: Home, tmp_path: Path, row: bytes, reason: str) -> None:
    before = State.of(home)
    result = ingest(home, written(tmp_path, "f.csv", amid([row])))
    assert_taken(home, before, result, 302, BESIDE, [("f.csv", 302, row.decode(errors="replace"), reason)])


@pytest.mark.parametrize("block", [csv_pieces.BLOCK, 3000, 1100], ids=lambda block: f"pieces of {block}")
@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bad_rows_of_all_kinds_in_one_file(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: Any, encoding: str
) -> None:
    monkeypatch.setattr(csv_pieces, "BLOCK", block)
    before, content = State.of(home), amid([row for row, _ in BAD_ROWS.values()])
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
            found = sifted(written(tmp_path, "f.csv", HEADER + place(row))).refused
            text = row.decode(errors="replace")
            assert [why for _, raw, why in found if raw == text] == [reason] * bool(reason), name


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


@pytest.mark.parametrize("size", [Intake(), Few()], ids=["in memory", "on disk"])
@pytest.mark.parametrize("block", [csv_pieces.BLOCK, 200], ids=["in one piece", "in pieces"])
@pytest.mark.parametrize("files", CONFLICTS.values(), ids=CONFLICTS)
def test_of_two_values_none_goes_in(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[list[str]], block: int, size: Intake
) -> None:
    monkeypatch.setattr(csv_pieces, "BLOCK", block)
    before = State.of(home)
    for number, rows in enumerate(files):
        written(tmp_path / "in", f"{number}.csv", HEADER + "".join(f"2026-01-30,{row}\n" for row in rows).encode())
    result = ingest(home, tmp_path / "in", size=size)
    values: dict[str, set[int]] = defaultdict(set)
    for row in (row for rows in files for row in rows):
        values[row.rpartition(",")[0]].add(int(row.rpartition(",")[2]))
    good = {("2026-01-30", *key.split(",")): found.pop() for key, found in values.items() if len(found) == 1}
    bad = [
        (f"{number}.csv", line, f"2026-01-30,{row}", "duplicate key with another value")
        for number, rows in enumerate(files)
        for line, row in enumerate(rows, start=2)
        if ("2026-01-30", *row.split(",")[:2]) not in good
    ]
    assert len(bad) > 1
    assert_taken(home, before, result, sum(map(len, files)), good, bad)


@dataclass(frozen=True)
class Odd:
    """A file that goes in, with what is good and what is bad in it (line, raw text, reason)."""

    content: bytes
    good: dict[Key, int]
    bad: tuple[tuple[int, str, str], ...] = ()
    rows: int = 2
    feed: dict[str, Any] = field(default_factory=dict)
    name: str = "f.csv"


FIRST, SECOND = ("2026-01-05", "1", "1"), ("2026-01-06", "2", "2")
BOTH = {FIRST: 70, SECOND: 80}
GERMAN = {"decimal": ",", "date_format": "%d.%m.%Y", "encoding": "cp1252"}


def odd(bad: dict[int, tuple[str, str]] = {}, good: dict[Key, int] | None = None, **columns: Any) -> Odd:  # noqa: B006
    """A Parquet file of two rows, some of them bad by their numbers, the others as they come by default."""
    kept = {key: units for number, (key, units) in enumerate(BOTH.items(), start=1) if number not in bad}
    lines = tuple((number, *what) for number, what in bad.items())
    return Odd(of_columns(**columns), kept if good is None else good, lines, name="f.parquet")


def every(reason: str, first: str, second: str) -> dict[int, tuple[str, str]]:
    return {1: (first, reason), 2: (second, reason)}


MONDAY, TUESDAY = datetime(2026, 1, 5), datetime(2026, 1, 6)

ODD_FILES = {
    "mixed line ends": Odd(
        HEADER + b"2026-01-05,1,1,70\r\n2026-01-06,2,2,80\n2026-01-07,1,1,x\r\n\r\n",
        BOTH,
        ((4, "2026-01-07,1,1,x", "unparsable sales"),),
        3,
    ),
    "a carriage return for a line end among others": Odd(
        HEADER + b"2026-01-05,1,1,70\r\n2026-01-07,1,1,7\r2026-01-08,1,1,7\n2026-01-06,2,2,80",
        BOTH,
        ((3, "2026-01-07,1,1,7\r2026-01-08,1,1,7", SHAPE),),
        3,
    ),
    "two exports one after the other": Odd(
        (b"\xef\xbb\xbf" + HEADER + b"2026-01-05,1,1,70\n") + (b"\xef\xbb\xbf" + HEADER + b"2026-01-06,2,2,80\n"),
        BOTH,
        ((3, "\ufeffdate,store,item,sales", "unparsable date"),),
        3,
    ),
    "a second byte order mark": Odd(
        HEADER + b"\xef\xbb\xbf2026-01-07,1,1,7\n2026-01-05,1,1,70\n2026-01-06,2,2,80\n",
        BOTH,
        ((2, "\ufeff2026-01-07,1,1,7", "unparsable date"),),
        3,
    ),
    "a store code of 10,000 letters": Odd(
        HEADER + b"2026-01-05," + b"s" * 10_000 + b",1,70\n" + b"2026-01-06,2,2,x" + b"0" * 10_000,
        {("2026-01-05", "s" * 10_000, "1"): 70},
        ((3, "2026-01-06,2,2,x" + "0" * 10_000, "unparsable sales"),),
    ),
    "a line of five MB": Odd(
        HEADER + b"2026-01-07,1,1," + b"7" * 5_000_000 + b"\n2026-01-05,1,1,70\n2026-01-06,2,2,80\n",
        BOTH,
        ((2, "2026-01-07,1,1," + "7" * 5_000_000, "sales too large"),),
        3,
    ),
    "spaces after the header": Odd(HEADER + b"\n \n2026-01-05,1,1,70", {FIRST: 70}, ((3, " ", SHAPE),)),
    "only bad rows": Odd(HEADER + b"x\ny", {}, ((2, "x", SHAPE), (3, "y", SHAPE))),
    "one column, the others set": Odd(
        b'sales\n70\n""\n \n7,8\n',
        {FIRST: 70},
        ((3, '""', "missing sales"), (4, " ", "missing sales"), (5, "7,8", SHAPE)),
        4,
        {"set": {"date": "2026-01-05", "store": "1", "item": "1"}},
    ),
    "a date that is set and cannot be": Odd(
        b"store,item,sales\n1,1,7\n", {}, ((2, "1,1,7", "unparsable date"),), 1, {"set": {"date": "2026-02-30"}}
    ),
    "German numbers and dates": Odd(
        "date;store;item;sales\n05.01.2026;1;1;70,0\n06.01.2026;2;2;1.5\n07.01.2026;1;1;1,5\n2026-01-08;1;1;€".encode(
            "cp1252"
        ),
        {FIRST: 70},
        (
            (3, "06.01.2026;2;2;1.5", "unparsable sales"),
            (4, "07.01.2026;1;1;1,5", "fractional sales"),
            (5, "2026-01-08;1;1;€", "unparsable date"),
        ),
        4,
        GERMAN,
    ),
    "UTF-16 with half a letter at its end": Odd(
        (HEADER.decode() + "2026-01-05,1,1,70\nx").encode("utf-16")[:-1],
        {FIRST: 70},
        ((3, "\ufffd", SHAPE),),
        2,
        {"encoding": "utf-16"},
    ),
    "UTF-16 with NUL in a row": Odd(
        (HEADER.decode() + "2026-01-05,1,1,70\n" * 300 + "2026-01-06,\0,2,80").encode("utf-16"),
        {FIRST: 70},
        ((302, "2026-01-06,\0,2,80", "unreadable store"),),
        301,
        {"encoding": "utf-16"},
    ),
    "Latin-1 read as UTF-8": Odd(
        HEADER + "2026-01-05,1,1,70\n2026-01-06,Köln,2,80\n".encode("latin-1"),
        {FIRST: 70},
        ((3, "2026-01-06,K\ufffdln,2,80", "unreadable store"),),
    ),
    "UTF-8 read as Latin-1": Odd(
        HEADER + "2026-01-05,1,1,70\n2026-01-06,Nîmes,2,80\n".encode(),
        {FIRST: 70},
        ((3, "2026-01-06,NÃ®mes,2,80"[:14] + "®mes,2,80", "unreadable store"),),
        feed={"encoding": "latin-1"},
    ),
    "several gzips one after the other": Odd(
        gzip.compress(HEADER + b"2026-01-05,1,1,70\n2026-") + gzip.compress(b"01-06,2,2,80\nx"),
        BOTH,
        ((4, "x", SHAPE),),
        3,
    ),
    "Parquet: no values at all": odd(
        every("missing date", ",,,", ",,,"), **dict.fromkeys(("date", "store", "item", "sales"), pa.nulls(2))
    ),
    "Parquet: no stores": odd(every("missing store", "2026-01-05,,1,70", "2026-01-06,,2,80"), store=pa.nulls(2)),
    "Parquet: some values lack": odd({2: ("2026-01-06,2,2,", "missing sales")}, sales=[70, None]),
    "Parquet: a text of nothing": odd({2: ("2026-01-06,2,,80", "missing item")}, item=["1", ""]),
    "Parquet: a time of day": odd(
        {1: ("2026-01-05 13:00:00,1,1,70", "unparsable date")}, date=[MONDAY.replace(hour=13), TUESDAY]
    ),
    "Parquet: a nanosecond after midnight": odd(
        {1: ("2026-01-05 00:00:00.000000001,1,1,70", "unparsable date")},
        date=pa.array(
            [
                int(MONDAY.replace(tzinfo=UTC).timestamp()) * 10**9 + 1,
                int(TUESDAY.replace(tzinfo=UTC).timestamp()) * 10**9,
            ],
            pa.timestamp("ns"),
        ),
    ),
    "Parquet: times in a zone": odd(
        every("unparsable date", "2026-01-05 00:00:00+00:00,1,1,70", "2026-01-06 00:00:00+00:00,2,2,80"),
        date=pa.array([MONDAY, TUESDAY], pa.timestamp("us", "UTC")),
    ),
    "Parquet: days of the far past and future": odd(
        {1: ("0001-01-01,1,1,70", "date too early"), 2: ("9999-12-31,2,2,80", "date in the future")},
        date=[date.min, date.max],
    ),
    "Parquet: days as numbers": odd(every("unparsable date", "20458,1,1,70", "20459,2,2,80"), date=[20458, 20459]),
    "Parquet: times without days": odd(
        every("unparsable date", "00:00:01,1,1,70", "00:00:02,2,2,80"), date=pa.array([1, 2], pa.time32("s"))
    ),
    "Parquet: truth for sales": odd(
        every("unparsable sales", "2026-01-05,1,1,True", "2026-01-06,2,2,False"), sales=[True, False]
    ),
    "Parquet: the largest unsigned number": odd(
        {1: ("2026-01-05,1,1,18446744073709551615", "sales too large")}, sales=pa.array([2**64 - 1, 80], pa.uint64())
    ),
    "Parquet: the smallest signed number": odd(
        {1: (f"2026-01-05,1,1,{-(2**63)}", "negative sales")}, sales=[-(2**63), 80]
    ),
    "Parquet: a decimal of 38 digits": odd(
        {1: ("2026-01-05,1,1," + "9" * 38, "sales too large")}, sales=[Decimal("9" * 38), Decimal(80)]
    ),
    "Parquet: a decimal of 76 digits": odd(
        {1: ("2026-01-05,1,1," + "9" * 76, "sales too large")},
        sales=pa.array([Decimal("9" * 76), Decimal(80)], pa.decimal256(76, 0)),
    ),
    "Parquet: decimals with a fraction": odd(
        {1: ("2026-01-05,1,1,0.01", "fractional sales")}, sales=[Decimal("0.01"), Decimal("80.00")]
    ),
    "Parquet: NaN and infinity": odd(
        {1: ("2026-01-05,1,1,", "missing sales"), 2: ("2026-01-06,2,2,inf", "unparsable sales")},
        sales=[float("nan"), float("inf")],
    ),
    "Parquet: floats of few bits": odd(
        {1: ("2026-01-05,1,1,70.5", "fractional sales")}, sales=pa.array([70.5, 80], pa.float16())
    ),
    "Parquet: a text of Arabic digits": odd({1: ("2026-01-05,1,1,٧", "unparsable sales")}, sales=["٧", "80"]),
    "Parquet: line ends and NUL in codes": odd(
        {1: ("2026-01-05,a\nb,1,70", "unreadable store"), 2: ("2026-01-06,2,\0,80", "unreadable item")},
        store=["a\nb", "2"],
        item=["1", "\0"],
    ),
    "Parquet: texts without a type": odd(store=[b"1", b"2"], date=[b"2026-01-05", b"2026-01-06"], sales=[b"70", b"80"]),
    "Parquet: bytes of a fixed length": odd(item=pa.array([b"1", b"2"], pa.binary(1))),
    "Parquet: texts that are no UTF-8": odd(
        {1: ("2026-01-05,K\ufffdln,1,70", "unreadable store")}, store=pa.array([b"K\xf6ln", b"2"]).view(pa.string())
    ),
    "Parquet: other columns of any kind": odd(note=[[1], [2]], extra=[{"sales": 1}, {"sales": 2}]),
}


@pytest.mark.parametrize("case", ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_costs_its_bad_rows_only(home: Home, tmp_path: Path, case: Odd) -> None:
    before = State.of(home)
    result = ingest(home, written(tmp_path, case.name, case.content), feed=Feed(**case.feed))
    assert_taken(home, before, result, case.rows, case.good, [(case.name, *row) for row in case.bad])


LONG = HEADER + b"".join(b"2026-01-05,%d,1,%d\n" % (store, store * 7919 % 1000) for store in range(3000))


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def spoilt(content: bytes, at: int) -> bytes:
    return content[:at] + b"\xff" * 8 + content[at + 8 :]


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def of_texts(*names: str) -> bytes:
    """A Parquet file of one row whose columns have these names."""
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table([["1"]] * len(names), names=list(names)), buffer)
    return buffer.getvalue().to_pybytes()


ROSSMANN = {"map": {"date": "Date", "store": "Store", "sales": "Sales"}, "set": {"item": "all"}}
MAPPED = {"map": {"date": "Datum", "store": "Filiale", "item": "Artikel", "sales": "Absatz"}}
NO_TEXT, NO_COLUMNS, NO_PARQUET = (
    r"is not text \(it holds NUL bytes\)",
    "lacks the column",
    "is not a Parquet file that can be read",
)

BAD_FILES: dict[str, tuple[str, Callable[[], bytes], str] | tuple[str, Callable[[], bytes], str, dict[str, Any]]] = {
    "empty": ("f.csv", lambda: b"", r"^f\.csv is empty; is the export complete\?$"),
    "blank": ("f.csv", lambda: b"\n \n\t\r\n", r"^f\.csv is empty; is the export complete\?$"),
    "a byte order mark alone": ("f.csv", lambda: b"\xef\xbb\xbf", r"^f\.csv is empty"),
    "a header only": ("f.csv", lambda: HEADER, r"^f\.csv has a header and no rows; is the export complete\?$"),
    "a header without a line end": ("f.csv", HEADER.strip, r"^f\.csv has a header and no rows"),
    "a header and blank lines": ("f.csv", lambda: HEADER + b"\n\r\n\n", r"^f\.csv has a header and no rows"),
    "no header": ("f.csv", lambda: GOOD * 3, "lacks the columns date, store, item, sales"),
    "a blank line before the header": ("f.csv", lambda: b"\n" + HEADER + GOOD, NO_COLUMNS),
    "one column lacks": (
        "f.csv", lambda: b"date,store,product,sales\n1,1,1,1\n",
        r"lacks the column item; wanted date, store, item, sales\. Received: date, store, product, sales$",
    ),
    "columns lack": ("f.csv", lambda: b"day;shop;sku;qty\n1;1;1;1\n", "lacks the columns date, store, item, sales"),
    "a column twice": ("f.csv", lambda: b"date,store,item,sales,Sales\n" + b"2026-01-05,1,1,1,2\n", "has the column sales twice"),
    "a column twice in a gzip": ("f.csv.gz", lambda: gzip.compress(b"Date,date,store,item,sales\n1,1,1,1,1\n"), "has the column date twice"),
    "an open quote in the header": ("f.csv", lambda: b'"date,store,item,sales\n' + GOOD, "lacks the column date"),
    "old Mac line ends throughout": ("f.csv", lambda: (HEADER + GOOD * 9).replace(b"\n", b"\r"), "lacks the column sales"),
    "rubbish": ("f.csv", lambda: bytes(range(256)) * 20, NO_TEXT),
    "NUL bytes alone": ("f.csv", lambda: bytes(5000), NO_TEXT),
    "UTF-16 read as UTF-8": ("f.csv", lambda: LONG.decode().encode("utf-16"), NO_TEXT),
    "UTF-16 without a mark read as UTF-8": ("f.csv", lambda: LONG.decode().encode("utf-16-be"), NO_TEXT),
    "UTF-8 read as UTF-16": ("f.csv", lambda: LONG, r"^f\.csv is not text in utf-16; which encoding is it in\?$", {"encoding": "utf-16"}),
    "UTF-8 read as UTF-16 of one order": ("f.csv", lambda: LONG, "lacks the columns date, store, item, sales", {"encoding": "utf-16-le"}),
    "EBCDIC": ("f.csv", lambda: LONG.decode().encode("cp500"), NO_COLUMNS),
    "an Excel file": ("f.csv", lambda: zipped(**{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>" * 99}), NO_TEXT),
    "a ZIP of a CSV": ("f.csv.gz", lambda: zipped(**{"f.csv": LONG}), NO_TEXT),
    "an old Excel file": ("f.csv", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), NO_TEXT),
    "a PDF": ("f.csv", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", NO_COLUMNS),
    "an error page": (
        "f.csv", lambda: b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n",
        r"lacks the columns date, store, item, sales; .* Received: <!DOCTYPE html>$",
    ),
    "an error page in a gzip": ("f.csv.gz", lambda: gzip.compress(b"<html>\n<p>404\n</html>"), NO_COLUMNS),
    "JSON": ("f.csv", lambda: json.dumps([{"date": "2026-01-05", "store": 1, "item": 1, "sales": 7}] * 3).encode(), NO_COLUMNS),
    "lines of JSON": ("f.csv", lambda: b'{"date": "2026-01-05", "store": 1, "item": 1, "sales": 7}\n' * 3, NO_COLUMNS),
    "a line of over 16 MB without an end": (
        "f.csv", lambda: HEADER + GOOD + b"2026-01-06,1,1," + b"7" * csv_pieces.BLOCK, r"^f\.csv has a line of over 16 MB; is it a CSV file\?$"
    ),
    "one line of over 16 MB in a gzip": (
        "f.csv.gz", lambda: gzip.compress(b"x" * (csv_pieces.BLOCK + 1), 1), "has a line of over 16 MB"
    ),
    "16 MB of open quotes in a zstd": ("f.csv.zst", lambda: zstd(HEADER + b'"' * (csv_pieces.BLOCK + 9)), "has a line of over 16 MB"),
    "a gzip cut off": ("f.csv.gz", lambda: cut(gzip.compress(LONG)), r"^f\.csv\.gz is a damaged gzip \(.*\); fetch it again$"),
    "a gzip cut off in its head": ("f.csv.gz", lambda: gzip.compress(LONG)[:5], "is a damaged gzip"),
    "a gzip without its last byte": ("f.csv.gz", lambda: gzip.compress(LONG)[:-1], "is a damaged gzip"),
    "a gzip of nothing": ("f.csv.gz", lambda: gzip.compress(b""), r"^f\.csv\.gz is empty"),
    "a gzip with a wrong checksum": ("f.csv.gz", lambda: gzip.compress(HEADER + GOOD)[:-8] + bytes(8), "is a damaged gzip"),
    "a gzip with damaged content": ("f.csv.gz", lambda: spoilt(gzip.compress(LONG), 12), "is a damaged gzip"),
    "a gzip with rubbish behind it": ("f.csv.gz", lambda: gzip.compress(LONG) + b"rubbish!", "is a damaged gzip"),
    "a gzip of a gzip": ("f.csv.gz", lambda: gzip.compress(gzip.compress(LONG)), NO_TEXT),
    "a damaged gzip that is called CSV": ("f.csv", lambda: cut(gzip.compress(LONG)), r"^f\.csv is a damaged gzip"),
    "a zstd cut off": ("f.csv.zst", lambda: cut(zstd(LONG)), r"^f\.csv\.zst is a damaged zstd \(Truncated .*\); fetch it again$"),
    "a zstd cut off in its head": ("f.csv.zst", lambda: zstd(LONG)[:5], "is a damaged zstd"),
    "a zstd without its last byte": ("f.csv.zst", lambda: zstd(LONG)[:-1], "is a damaged zstd"),
    "a zstd with damaged content": ("f.csv.zst", lambda: spoilt(zstd(LONG), 20), "is a damaged zstd"),
    "a zstd with rubbish behind it": ("f.csv.zst", lambda: zstd(LONG) + b"rubbish!", "is a damaged zstd"),
    "a zstd of nothing": ("f.csv.zst", lambda: zstd(b""), r"^f\.csv\.zst is empty"),
    "a mapped column lacks": (
        "f.csv", lambda: b"Store,Day,Sales\n1,2026-01-05,1\n",
        r"lacks the column Date; wanted Date, Store, Sales\. Received: Store, Day, Sales$", ROSSMANN,
    ),
    "mapped columns lack": (
        "f.csv", lambda: LONG,
        r"lacks the columns Datum, Filiale, Artikel, Absatz; wanted Datum \(date\), Filiale \(store\), "
        r"Artikel \(item\), Absatz \(sales\)\. Received: date, store, item, sales$", MAPPED,
    ),
    "another delimiter than declared": (
        "f.csv", lambda: LONG, r"lacks the columns date, store, item, sales; .* Received: date,store,item,sales$", {"delimiter": ";"}
    ),
    "an empty Parquet": ("f.parquet", lambda: b"", NO_PARQUET),
    "a Parquet cut off": ("f.parquet", lambda: cut(of_columns()), rf"^f\.parquet {NO_PARQUET} \(.*\)$"),
    "a Parquet without its end": ("f.parquet", lambda: of_columns()[:-4], NO_PARQUET),
    "a Parquet with a damaged end": ("f.parquet", lambda: spoilt(whole := of_columns(), len(whole) - 40), NO_PARQUET),
    "a Parquet with a damaged page": ("f.parquet", lambda: spoilt(of_columns(), 4), NO_PARQUET),
    "a Parquet with no rows": (
        "f.parquet", lambda: of_columns(**{name: pa.array([], pa.string()) for name in ("date", "store", "item", "sales")}),
        r"^f\.parquet has a header and no rows",
    ),
    "CSV called Parquet": ("f.parquet", lambda: LONG, NO_PARQUET),
    "Parquet called CSV": ("f.csv", of_columns, NO_TEXT),
    "Parquet: columns lack": ("f.parquet", lambda: of_texts("day"), r"lacks the columns date, .* wanted date, store, item, sales\. Received: day$"),
    "Parquet: a column twice": ("f.parquet", lambda: of_texts("date", "store", "item", "sales", "SALES"), "has the column sales twice"),
    "Parquet: lists": ("f.parquet", lambda: of_columns(sales=[[70], [80]]), NO_PARQUET),
    "Parquet: records": ("f.parquet", lambda: of_columns(sales=[{"a": 1}, {"a": 2}]), NO_PARQUET),
    "Parquet: maps": ("f.parquet", lambda: of_columns(store=pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64()))), NO_PARQUET),
    "Parquet: a day that no calendar has": ("f.parquet", lambda: of_columns(date=pa.array([10**8, 1], pa.date32())), NO_PARQUET),
    "Parquet: a time that no calendar has": ("f.parquet", lambda: of_columns(date=pa.array([10**18, 1], pa.timestamp("us"))), NO_PARQUET),
    "Parquet: a zone that is none": (
        "f.parquet", lambda: of_columns(date=pa.array([1, 2], pa.timestamp("ms", "Mars/Olympus"))), NO_PARQUET
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_refuses_its_batch_and_changes_nothing(home: Home, tmp_path: Path, case: Any) -> None:
    name, content, why, *feed = case
    before = State.of(home)
    written(tmp_path / "in", "a.csv", HEADER + b"2026-01-05,1,1,99\n2026-01-06,9,9,1\nx\n")
    written(tmp_path / "in", name, content())
    files = [tmp_path / "in" / name] if feed else [tmp_path / "in"]
    assert_refused(home, before, ingest(home, *files, feed=Feed(**dict(*feed))), why)


@pytest.mark.parametrize("packed", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_file_that_is_damaged_in_a_later_piece_changes_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(csv_pieces, "BLOCK", 512)
    before = State.of(home)
    path = written(tmp_path, "f.csv", packed(LONG)[:-1])
    assert_refused(home, before, ingest(home, path, size=Few()), r"^f\.csv is a damaged ")


def test_more_stores_than_any_chain_has(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "STORE_BITS", 4)
    before = State.of(home)
    result = ingest(home, written(tmp_path, "f.csv", LONG))
    assert_refused(
        home, before, result, r"^f\.csv holds over 16 different stores; is another column mapped to store\?$"
    )


def test_a_folder_that_is_called_csv(home: Home, tmp_path: Path) -> None:
    before = State.of(home)
    (tmp_path / "in" / "x.csv").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"the folder holds no .* file: .*/x\.csv$"):
        ingest(home, tmp_path / "in" / "x.csv")
    assert State.of(home) == before
    written(tmp_path / "in", "y.csv", HEADER + GOOD)
    assert_taken(home, before, ingest(home, tmp_path / "in"), 1, {FIRST: 7}, [])
