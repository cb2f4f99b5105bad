"""What local and remote sources have in common."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.ingest.reading.source_file import SourceFile, is_sales, protocol

FILE = SourceFile(Path("a.csv"), "ab" * 32, "a.csv", "s3://bucket/a.csv", version="1")


def test_a_file_is_known_by_its_versions_and_those_of_its_copies() -> None:
    copies = (replace(FILE, version="2"), replace(FILE, version=None))
    assert replace(FILE, copies=copies).versions == ("1", "2")
    assert replace(FILE, version=None).versions == ()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("in/a.csv", ""),
        ("/in/a.csv", ""),
        ("file:///in/a.csv", ""),
        ("FILE:///in/a.csv", ""),
        ("s3://bucket/a.csv", "s3"),
        ("HTTPS://host/a.csv", "https"),
        ("git+ssh://host/a.csv", "git+ssh"),
        ("zip://a.csv::s3://bucket/in.zip", "zip"),
        ("in/s3://a.csv", ""),
    ],
)
def test_a_path_has_no_protocol(source: str, found: str) -> None:
    assert protocol(source) == found


@pytest.mark.parametrize(
    ("name", "sales"),
    [
        ("a.csv", True),
        ("A.CSV.GZ", True),
        ("a.csv.zst", True),
        ("a.parquet", True),
        ("a.csv.partial", False),
        ("a", False),
    ],
)
def test_sales_come_in_files_of_some_kinds(name: str, sales: bool) -> None:
    assert is_sales(name) is sales
