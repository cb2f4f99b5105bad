"""CSV: line numbers, quotes, columns and compression. `bad_input/` has each kind of bad row and bad file."""

import gzip
from datetime import date
from pathlib import Path

from tests.ingest.reading.found import GOOD, HEADER, checked, csv, of_csv


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


def test_a_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert len(checked(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv.gz")).accepted) == 1
    assert len(checked(csv(tmp_path, gzip.compress(HEADER + GOOD), "feed.csv")).accepted) == 1
    assert len(checked(csv(tmp_path, HEADER + GOOD, "feed.csv.gz")).accepted) == 1
