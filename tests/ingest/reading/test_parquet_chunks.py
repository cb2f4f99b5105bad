"""Parquet: columns of any types give the rows of a CSV."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.ingest.reading.found import HEADER, checked, of_csv


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
    found = checked(written(tmp_path, **columns))
    assert found.accepted == of_text.accepted
    assert found.refused == []


def test_bad_rows_of_parquet_have_their_row_number_and_values(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        date=pa.array([datetime(2026, 1, 5, 13), None]),
        store=pa.array([1.0, None]),
        sales=[7.5, float("nan")],
    )
    assert checked(path).refused == [
        (1, "2026-01-05 13:00:00,1,1,7.5", "unparsable date"),
        (2, ",,2,", "missing date"),
    ]
