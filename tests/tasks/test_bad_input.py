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
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tasks import csv_pieces, keys, ledger, parquet_pieces, quarantine, sales_table
from tasks.columns import Feed
from tasks.contract import Breach, Contract, Findings
from tasks.home import Home
from tasks.ingest import merge_batch, read_batch, refuse_batch, summary
from tasks.intake import Intake
from tasks.sources import SourceError

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


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_bad_wherever_it_stands(home: Home, tmp_path: Path, row: bytes, reason: str) -> None:
    """At the beginning, in the middle and at the end of a piece, beside rows that pyarrow reads and rows that it cannot."""
