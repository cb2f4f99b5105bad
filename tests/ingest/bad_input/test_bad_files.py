"""Bad files: each kind by name. A file that is no table of sales refuses its batch, and nothing changes."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.ingest.reading import csv_chunks
from tasks.ingest.reading.feed import COLUMNS, Feed
from tasks.ingest.reading.source_file import SourceError
from tasks.state import row_keys
from tasks.state.home import Home
from tests.ingest.bad_input.states import (
    BOM,
    FIRST,
    GOOD,
    HEADER,
    NO_PARQUET,
    SCARCE,
    State,
    assert_refused,
    assert_taken,
    files,
    of_columns,
    written,
    zstd,
)
from tests.ingest.steps import ingest

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
NAME_THEM = (
    r"Name the file's columns with --map date=\.\.\.,store=\.\.\.,item=\.\.\.,sales=\.\.\., "
    r"or set one value for all rows with --set item=\.\.\."
)
NO_TEXT = r"^f\.csv is not text \(it holds NUL bytes\); sales come as CSV in UTF-8$"
EMPTY = r"^f\.csv is empty; is the export complete\?$"
NO_ROWS = r"^f\.\w+ has a header and no rows; is the export complete\?$"

BAD_TEXTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", EMPTY),
    "blank": (b"\n \n\t\r\n", EMPTY),
    "a byte order mark alone": (BOM, EMPTY),
    "a header only": (HEADER, NO_ROWS),
    "a header without a line end": (HEADER.strip(), NO_ROWS),
    "a header and blank lines": (HEADER + b"\n\r\n\n", NO_ROWS),
    "no header": (GOOD * 3, rf"^f\.csv lacks the columns {WANTED}\. Received: 2026-01-05, 1, 1, 7\. {NAME_THEM}$"),
    "a blank line before the header": (b"\n" + HEADER + GOOD, f"lacks the columns {WANTED}"),
    "one column lacks": (
        b"date,store,product,sales\n1,1,1,1\n",
        r"^f\.csv lacks the column item\. Received: date, store, product, sales\. "
        r"Name the file's columns with --map item=product$",
    ),
    "columns lack": (
        b"day;shop;sku;qty\n1;1;1;1\n",
        rf"^f\.csv lacks the columns {WANTED}\. Received: day, shop, sku, qty\. "
        r"Name the file's columns with --map date=day,store=shop,item=sku,sales=qty$",
    ),
    "a column twice": (
        b"date,store,item,sales,Sales\n2026-01-05,1,1,1,2\n",
        r"^f\.csv has the column sales twice\. Received: date, store, item, sales, Sales\. "
        r"Name the file's columns with --map sales=\.\.\.$",
    ),
    "an open quote in the header": (b'"date,store,item,sales\n' + GOOD, r"lacks the column date\. "),
    "old Mac line ends throughout": ((HEADER + GOOD * 9).replace(b"\n", b"\r"), r"lacks the column sales\. "),
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
        rf"lacks the columns {WANTED}\. Received: <!DOCTYPE html>\. {NAME_THEM}$",
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
    "a zstd of a column twice": (zstd(b"Date,date,store,item,sales\n"), r"has the column date twice\. "),
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
    "columns lack": (
        of_names("day"),
        rf"^f\.parquet lacks the columns {WANTED}\. Received: day\. .* --map date=day,store=\.\.\.,",
    ),
    "a column twice": (of_names(*COLUMNS, "SALES"), r"^f\.parquet has the column sales twice\. "),
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
        r"^f\.csv\.zst lacks the column Date\. Received: Store, Day, Sales\. "
        r"Name the file's columns with --map date=day$",
    ),
    "mapped columns lack": (
        GERMAN, LONG,
        r"lacks the columns Datum \(date\), Filiale \(store\), Artikel \(item\), Absatz \(sales\)\. "
        rf"Received: {WANTED}\. {NAME_THEM}$",
    ),
    "another delimiter": (
        Feed(delimiter=";"), LONG, rf"lacks the columns {WANTED}\. Received: date,store,item,sales\. {NAME_THEM}$",
    ),
    "UTF-8 read as UTF-16": (
        Feed(encoding="utf-16"), LONG, r"^f\.csv\.zst is not text in utf-16; which encoding is it in\?$"
    ),
    "UTF-8 read as UTF-16 of one byte order": (
        Feed(encoding="utf-16-le"), LONG, f"lacks the columns {WANTED}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("feed", "content", "why"), UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("packed", [bytes, zstd], ids=["plain", "zstd"])
def test_a_file_that_does_not_fit_its_feed(
    home: Home, before: State, tmp_path: Path, feed: Feed, content: bytes, why: str, packed: Callable[[bytes], bytes]
) -> None:
    result = ingest(home, written(tmp_path, "f.csv.zst", packed(content)), feed=feed)
    assert_refused(home, before, result, why)


@pytest.mark.parametrize("packed", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_file_that_is_damaged_in_a_later_chunk_changes_nothing(
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
