"""Any damage at all: what is read is what a reader finds that goes line by line, or the batch is refused."""

import gzip
import math
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tasks.ingest.reading import csv_chunks, parquet_chunks
from tasks.ingest.reading.feed import COLUMNS
from tasks.ingest.result import IngestResult
from tasks.ingest.stage import Intake
from tasks.state.home import Home
from tests.ingest.bad_input.states import (
    BOM,
    HEADER,
    NO_PARQUET,
    SCARCE,
    TODAY,
    Key,
    State,
    assert_refused,
    assert_taken,
    copied,
    files,
    unpacked,
    written,
    zstd,
)
from tests.ingest.steps import AMPLE, OURS, ingest


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
def chunks_of(block: int = csv_chunks.BLOCK, rows: int = parquet_chunks.ROWS) -> Iterator[Path]:
    """A folder, while chunks are of so many bytes or rows."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "BLOCK", block)
        patch.setattr(parquet_chunks, "ROWS", rows)
        yield Path(folder)


def assert_as_naively(home: Home, before: State, path: Path, size: Intake) -> None:
    expected, result = naively(path.read_bytes()), ingest(home, path, size=size)
    if expected is None:
        assert_refused(home, before, result, "")
    else:
        bad = State.of(home).of_batch(result.batch)
        assert [(line, raw) for _, line, raw, _ in bad] == expected.bad
        assert_taken(home, before, result, expected.rows, expected.good, bad)
    assert_no_change_by(home, path, result)


def assert_no_change_by(home: Home, path: Path, result: IngestResult) -> None:
    """A file that was ingested changes nothing now, and is counted as before."""
    before, again = files(home), ingest(home, path)
    assert files(home) == before
    assert again.rows_accepted == 0
    for same in ("batch", "snapshot", "refused", "rows_read", "rows_quarantined"):
        assert getattr(again, same) == getattr(result, same)


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
    with chunks_of(block) as folder:
        assert_as_naively(copied(shop, folder), before, written(folder, name, pack(head + rows)), size)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, packed=PACKED, damage=st.lists(DAMAGE, min_size=1, max_size=3))
def test_a_damaged_file_is_refused_or_read_as_it_is(
    shop: Home, before: State, rows: bytes, packed: tuple[str, Callable[[bytes], bytes]], damage: Damage
) -> None:
    name, pack = packed
    with chunks_of() as folder:
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
    with chunks_of() as folder:
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
    rows_a_chunk=st.sampled_from([3, 1000]),
)
def test_a_damaged_parquet_is_refused_or_accounted_for(
    shop: Home, before: State, rows: list[dict[str, Any]], damage: Damage, compression: str, rows_a_chunk: int
) -> None:
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows, KINDS), buffer, compression=compression, row_group_size=8)
    with chunks_of(rows=rows_a_chunk) as folder:
        home = copied(shop, folder)
        path = written(folder, "f.parquet", damaged(buffer.getvalue().to_pybytes(), damage))
        result, after = ingest(home, path, size=SCARCE), State.of(home)
        bad = after.of_batch(result.batch)
        if not damage:
            lines = [",".join(as_text(row[name]) for name in COLUMNS) for row in rows]
            expected = naively(HEADER + "\n".join(lines).encode())
            assert expected and [(row + 1, raw) for _, row, raw, _ in bad] == expected.bad
            assert_taken(home, before, result, len(rows), expected.good, bad)
        elif result.refused:
            assert_refused(home, before, result, NO_PARQUET)
        else:
            good = {key: units for key, units in after.sales.items() if before.sales.get(key) != units}
            assert_taken(home, before, result, result.rows_read, good, bad)
        assert_no_change_by(home, path, result)


@settings(max_examples=25, deadline=None)
@given(files=st.lists(ROWS, min_size=1, max_size=3), block=BLOCKS)
def test_little_memory_gives_the_same_sales_and_quarantine(shop: Home, files: list[bytes], block: int) -> None:
    found = []
    for size, bytes_a_chunk in ((AMPLE, csv_chunks.BLOCK), (SCARCE, block)):
        with chunks_of(bytes_a_chunk) as folder:
            home = copied(shop, folder)
            paths = [written(folder, f"{number}.csv", HEADER + rows) for number, rows in enumerate(files)]
            result, state = ingest(home, *paths, size=size), State.of(home)
            found.append((result, state.snapshot, state.sales, state.quarantined))
    assert found[0] == found[1]
