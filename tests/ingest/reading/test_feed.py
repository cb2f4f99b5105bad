"""Exports as retailers write them: each option by name, with the rows, lines and reasons that it must give."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import ValidationError

from tasks.ingest import quarantine
from tasks.ingest.reading.feed import Feed, WrongColumns
from tasks.state import ledger
from tasks.state.home import Home
from tests.ingest.reading.found import checked
from tests.ingest.steps import ingest
from tests.sales import sales_rows

OURS = "date,store,item,sales\n"


def day(number: int) -> date:
    return date(2026, 1, number)


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


@dataclass(frozen=True)
class Case:
    feed: dict[str, Any]
    content: str
    rows: list[tuple[Any, ...]]
    refused: tuple[tuple[int, str, str], ...] = ()
    packed: Callable[[bytes], bytes] = bytes
    encoding: str = "utf-8"
    repeated: int = 0


GERMAN = {
    "map": {"date": "Datum", "store": "Filiale", "item": "Artikel", "sales": "Absatz"},
    "decimal": ",",
    "date_format": "%d.%m.%Y",
}
ROSSMANN = {"map": {"date": "Date", "store": "Store", "sales": "Sales"}, "set": {"item": "all"}}

CASES = {
    "ours": Case({}, OURS + "2026-01-05,1,2,7\n", [(day(5), "1", "2", 7)]),
    "Rossmann": Case(
        ROSSMANN,
        '"Store","DayOfWeek","Date","Sales","Customers","Open","Promo","StateHoliday","SchoolHoliday"\r\n'
        '1,5,2026-01-05,5263,555,1,1,"0","1"\r\n'
        '2,5,2026-01-05,x,625,1,1,"a","1"\r\n'
        "1115,5,2026-01-05,8314\r\n",
        [(day(5), "1", "all", 5263)],
        (
            (3, '2,5,2026-01-05,x,625,1,1,"a","1"', "unparsable sales"),
            (4, "1115,5,2026-01-05,8314", "wrong number of columns"),
        ),
    ),
    "German, CRLF, BOM, zstd": Case(
        GERMAN,
        "Datum;Filiale;Artikel;Absatz\r\n"
        "05.01.2026;Köln;S-017;13,0\r\n"
        "\r\n"
        "06.01.2026;Köln;S-017;13,5\r\n"
        "2026-01-07;Köln;S-017;1\r\n"
        "31.02.2026;Köln;S-017;1\r\n"
        "08.01.2026;Köln;S-017;13.000\r\n"
        "09.01.2026;Köln;S-017;1.234,0\r\n"
        "10.01.2026;Köln;1\r\n"
        "11.01.2026;Köln;;1\r\n"
        ";Köln;S-017;1\r\n"
        "12.1.2026; Köln ;S-017; 0,\r\n",
        [(day(5), "Köln", "S-017", 13), (day(12), "Köln", "S-017", 0)],
        (
            (4, "06.01.2026;Köln;S-017;13,5", "fractional sales"),
            (5, "2026-01-07;Köln;S-017;1", "unparsable date"),
            (6, "31.02.2026;Köln;S-017;1", "unparsable date"),
            (7, "08.01.2026;Köln;S-017;13.000", "unparsable sales"),
            (8, "09.01.2026;Köln;S-017;1.234,0", "unparsable sales"),
            (9, "10.01.2026;Köln;1", "wrong number of columns"),
            (10, "11.01.2026;Köln;;1", "missing item"),
            (11, ";Köln;S-017;1", "missing date"),
        ),
        zstd,
        "utf-8-sig",
    ),
    "decimal comma between commas, quoted": Case(
        {"decimal": ","},
        OURS + '2026-01-05,1,1,"13,0"\n2026-01-06,1,1,13,0\n',
        [(day(5), "1", "1", 13)],
        ((3, "2026-01-06,1,1,13,0", "wrong number of columns"),),
    ),
    "tabs": Case(
        {},
        "date\tstore\titem\tsales\n2026-01-05\ta, b\tc;d\t7\n2026-01-06\ta\tb\t\n",
        [(day(5), "a, b", "c;d", 7)],
        ((3, "2026-01-06\ta\tb\t", "missing sales"),),
    ),
    "pipes, gzip": Case(
        {},
        "sales|item|store|date\n7|1|2|2026-01-05\n2026-01-06|1|2|7\n",
        [(day(5), "2", "1", 7)],
        ((3, "2026-01-06|1|2|7", "unparsable date"),),
        gzip.compress,
    ),
    "a declared delimiter that auto does not try": Case(
        {"delimiter": "~"}, "date~store~item~sales\n2026-01-05~1~1~7\n", [(day(5), "1", "1", 7)]
    ),
    "a declared delimiter against a header with more of another": Case(
        {"delimiter": ";", "map": {"sales": "Sales, net, of all, in units, a day"}},
        'date;store;item;"Sales, net, of all, in units, a day"\n2026-01-05;1;1;7\n',
        [(day(5), "1", "1", 7)],
    ),
    "auto prefers the delimiter that shows the columns": Case(
        {}, "date;store;item;sales;a,b,c,d,e,f,g\n2026-01-05;1;1;7;0\n", [(day(5), "1", "1", 7)]
    ),
    "quotes with delimiters inside, in header and rows": Case(
        {"map": {"sales": "sold, net", "item": 'the ; "item"'}},
        'date;"store";"the ; ""item""";"sold, net"\n2026-01-05;"a;b";"c ""d"";";"7"\n2026-01-06;"a;b;c;7\n'
        '2026-01-07;"a;b";c;"x"\n',
        [(day(5), "a;b", 'c "d";', 7)],
        ((3, '2026-01-06;"a;b;c;7', "wrong number of columns"), (4, '2026-01-07;"a;b";c;"x"', "unparsable sales")),
    ),
    "codes stay text": Case(
        {},
        OURS + "2026-01-05,S-017,4006381333931,7\n2026-01-05,007,1e3,7\n2026-01-05,7,1.0,7\n",
        [
            (day(5), "S-017", "4006381333931", 7),
            (day(5), "007", "1e3", 7),
            (day(5), "7", "1.0", 7),
        ],
    ),
    "header and map in any case, with spaces": Case(
        {"map": {"date": " DATUM ", "store": "filiale"}},
        " Datum , FILIALE ,Item,SALES\n2026-01-05,1,1,7\n",
        [(day(5), "1", "1", 7)],
    ),
    "a constant hides the file's column": Case(
        {"set": {"item": "all"}}, OURS + "2026-01-05,1,5,7\n", [(day(5), "1", "all", 7)]
    ),
    "a date, store and item that are set": Case(
        {"set": {"date": "2026-01-05", "store": "007", "item": "all"}, "date_format": "%d.%m.%Y"},
        "sales\n7\nx\n7\n",
        [(day(5), "007", "all", 7)],
        ((3, "x", "unparsable sales"),),
        repeated=1,
    ),
    "names swapped": Case(
        {"map": {"store": "item", "item": "store"}}, OURS + "2026-01-05,1,2,7\n", [(day(5), "2", "1", 7)]
    ),
    "month before day": Case(
        {"date_format": "%m/%d/%Y"},
        OURS + "01/05/2026,1,1,7\n13/01/2026,1,1,7\n01/06/26,1,1,7\n",
        [(day(5), "1", "1", 7)],
        ((3, "13/01/2026,1,1,7", "unparsable date"), (4, "01/06/26,1,1,7", "unparsable date")),
    ),
    "an ISO look-alike is not taken for ISO": Case(
        {"date_format": "%Y-%d-%m"},
        OURS + "2026-05-01,1,1,7\n2026-01-13,1,1,7\n",
        [(day(5), "1", "1", 7)],
        ((3, "2026-01-13,1,1,7", "unparsable date"),),
    ),
    "dates without separators have all their digits": Case(
        {"date_format": "%Y%m%d"},
        OURS + "20260105,1,1,7\n2026111,1,1,7\n20260106.0,1,1,7\n",
        [(day(5), "1", "1", 7)],
        ((3, "2026111,1,1,7", "unparsable date"), (4, "20260106.0,1,1,7", "unparsable date")),
    ),
    "midnight is a day, one o'clock is none": Case(
        {"date_format": "%d.%m.%Y %H:%M"},
        OURS + "05.01.2026 00:00,1,1,7\n06.01.2026 01:00,1,1,7\n",
        [(day(5), "1", "1", 7)],
        ((3, "06.01.2026 01:00,1,1,7", "unparsable date"),),
    ),
    "digits that are not ASCII": Case(
        {"date_format": "%d.%m.%Y"}, OURS + "०५.०१.२०२६,1,1,7\n", [], ((2, "०५.०१.२०२६,1,1,7", "unparsable date"),)
    ),
    "cp1252": Case(
        {"encoding": "cp1252"},
        OURS + "2026-01-05,Köln,1,7\n2026-01-06,Köln,1,€\n",
        [(day(5), "Köln", "1", 7)],
        ((3, "2026-01-06,Köln,1,€", "unparsable sales"),),
        encoding="cp1252",
    ),
    "UTF-16 with its BOM, zstd": Case(
        {"encoding": "utf-16"},
        OURS.replace(",", "\t") + "2026-01-05\tKöln\t1\t7\r\nx\n",
        [(day(5), "Köln", "1", 7)],
        ((3, "x", "wrong number of columns"),),
        zstd,
        "utf-16",
    ),
    "a lone carriage return costs its line only": Case(
        GERMAN,
        "Datum;Filiale;Artikel;Absatz\n05.01.2026;1;1;7\n06.01.2026;1;1;7\r07.01.2026;1;1;7\n08.01.2026;1;1;7,0\n",
        [(day(5), "1", "1", 7), (day(8), "1", "1", 7)],
        ((3, "06.01.2026;1;1;7\r07.01.2026;1;1;7", "wrong number of columns"),),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_export_gives_its_rows_lines_and_reasons(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(case.packed(case.content.encode(case.encoding)))
    found = checked(path, Feed(**case.feed))
    assert found.accepted == case.rows
    assert found.refused == list(case.refused)
    assert found.repeated == case.repeated


def test_parquet_reads_texts_as_declared_and_keeps_raw_values(tmp_path: Path) -> None:
    texts = {"Datum": ["05.01.2026", "06.01.2026"], "Filiale": ["S-017", "007"], "Absatz": ["13,0", "13.000"]}
    feed = Feed(**GERMAN | {"map": {"date": "Datum", "store": "Filiale", "sales": "absatz"}, "set": {"item": "all"}})
    for columns in (texts, {name: pa.array(values).dictionary_encode() for name, values in texts.items()}):
        parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
        found = checked(tmp_path / "a.parquet", feed)
        assert found.accepted == [(day(5), "S-017", "all", 13)]
        assert found.refused == [(2, "06.01.2026,007,13.000", "unparsable sales")]


def test_parquet_with_types_of_its_own_needs_no_declaration(tmp_path: Path) -> None:
    columns = {"date": [day(5), day(6)], "store": [1, 2], "item": [4006381333931, 1], "sales": [13.0, 1.5]}
    parquet.write_table(pa.table(columns), tmp_path / "A.PARQUET")
    found = checked(tmp_path / "A.PARQUET", Feed(decimal=",", date_format="%d.%m.%Y"))
    assert found.accepted == [(day(5), "1", "4006381333931", 13)]
    assert found.refused == [(2, "2026-01-06,2,1,1.5", "fractional sales")]


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ({"map": {"datum": "Date"}}, "there is no column 'datum' to map or set; ours are date, store, item, sales"),
        ({"set": {"Item": "all"}}, "there is no column 'Item'"),
        ({"set": {"item": " "}}, "the column item is mapped or set to nothing"),
        ({"map": {"item": "Art"}, "set": {"item": "all"}}, "the column item is mapped to 'Art' and set too"),
        ({"map": {"item": "Store"}}, "store and item are both read from the column 'store'"),
        ({"set": dict.fromkeys(("date", "store", "item", "sales"), "1")}, "all four columns are set"),
        ({"delimiter": "::"}, "a delimiter is auto or one ASCII sign"),
        ({"delimiter": '"'}, "a delimiter is auto or one ASCII sign"),
        ({"decimal": "'"}, "a decimal mark is"),
        ({"date_format": "%d.%m."}, "a date format is iso or names day, month and year"),
        ({"date_format": "dd.mm.yyyy"}, "a date format is iso or names day, month and year"),
        ({"date_format": "%Q"}, "a date format is iso or names day, month and year"),
        ({"date_format": ""}, "a date format is iso or names day, month and year"),
        ({"encoding": "klingon"}, "there is no text encoding 'klingon'"),
        ({"encoding": "base64"}, "there is no text encoding 'base64'"),
        ({"quote": "'"}, "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_a_feed_that_cannot_be(feed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Feed(**feed)


def test_what_is_said_for_one_run_goes_over_the_feed() -> None:
    feed = Feed(map={"date": "Date", "store": "Shop"}, set={"item": "all"}, decimal=",")
    other = feed.with_columns({"item": "Art", "date": "Day"}, {"store": "1"})
    assert other == Feed(map={"date": "Day", "item": "Art"}, set={"store": "1"}, decimal=",")
    assert feed.with_columns({}, {}) == feed
    with pytest.raises(ValidationError, match="the column item is mapped to 'Art' and set too"):
        feed.with_columns({"item": "Art"}, {"item": "none"})


def test_a_file_refused_for_its_columns_comes_in_with_the_right_ones(tmp_path: Path) -> None:
    home, path = Home(tmp_path / "home"), tmp_path / "export.csv"
    path.write_text("Date,Store,Sales\n2026-01-05,S-017,7\n2026-01-06,S-017,x\n")
    assert "lacks the column item" in ingest(home, path).why
    assert not home.root.exists()
    result = ingest(home, path, feed=Feed(**ROSSMANN))
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (2, 1, 1)
    assert [(row.store, row.item, row.sales) for row in sales_rows(home).itertuples()] == [("S-017", "all", 7)]
    assert [(row.line, row.raw) for row in quarantine.rows(home)] == [(3, "2026-01-06,S-017,x")]


def test_content_that_was_ingested_is_known_under_every_feed(tmp_path: Path) -> None:
    home, path = Home(tmp_path / "home"), tmp_path / "export.csv"
    path.write_text("Date,Store,Sales\n2026-01-05,S-017,7\n")
    first = ingest(home, path, feed=Feed(**ROSSMANN))
    (entry,) = ledger.read(home, ["ingest"])
    assert entry.details["reading"] == ROSSMANN
    again = ingest(home, home.landing)
    assert (again.rows_unchanged, again.snapshot, again.warnings) == (1, first.snapshot, ())
    other = ingest(home, path, feed=Feed(**ROSSMANN | {"set": {"item": "1"}}))
    assert (other.rows_unchanged, other.snapshot) == (1, first.snapshot)
    assert [warning.partition(" with ")[0] for warning in other.warnings] == ["export.csv was ingested before"]
    assert len(ledger.read(home, ["ingest"])) == 1


def test_a_header_is_shown_without_signs_that_would_break_the_line() -> None:
    with pytest.raises(WrongColumns, match=r"Received: date\ufffd2026-01-05, 1\. "):
        Feed().positions(["date\r2026-01-05", "1"])
