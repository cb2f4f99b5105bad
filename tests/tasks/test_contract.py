"""The contract: which shares of bad rows refuse a batch, warn, or pass."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks import contract
from tasks.contract import Breach, Contract, worst
from tasks.validate import validate

SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("sales", pa.int64()),
        ("reason", pa.string()),
    ]
)
GOOD = {"date": 20_000, "store": "1", "item": "1", "sales": 7, "reason": None}
UNDATED = GOOD | {"date": None, "reason": "unparsable date"}
DOUBTFUL = GOOD | {"reason": "duplicate key with another value"}


def batch(tmp_path: Path, *rows: dict) -> Path:
    path = tmp_path / "checked.parquet"
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), path)
    return path


@pytest.mark.parametrize(
    ("rows", "severity", "says"),
    [
        pytest.param([GOOD] * 200, None, "", id="all good"),
        pytest.param([GOOD] * 199 + [UNDATED], None, "", id="half a percent bad"),
        pytest.param(
            [GOOD] * 97 + [UNDATED] * 3, "warning", "more rows than usual are bad (3 of 100 rows)", id="3 % bad"
        ),
        pytest.param([GOOD] * 50 + [UNDATED] * 50, "warning", "(50 of 100 rows)", id="exactly half bad"),
        pytest.param(
            [GOOD] * 49 + [UNDATED] * 51,
            "critical",
            "too many rows have no valid date (51 of 100 rows); too many rows are bad (51 of 100 rows)",
            id="over half bad",
        ),
        pytest.param([GOOD] * 4 + [DOUBTFUL] * 6, "critical", "too many rows are bad (6 of 10 rows)", id="conflicts"),
        pytest.param([], "critical", "there are no rows", id="no rows"),
    ],
)
def test_shares_of_bad_rows(tmp_path: Path, rows: list[dict], severity: str | None, says: str) -> None:
    breaches = contract.check(batch(tmp_path, *rows), Contract())
    assert {breach.severity for breach in breaches} == ({severity} if severity else set())
    assert says in "; ".join(breach.message for breach in breaches)
    assert worst(breaches) == (says if severity == "critical" else None)


def test_sales_out_of_range(tmp_path: Path) -> None:
    rows = [GOOD] * 4 + [GOOD | {"sales": 1001}] * 6
    (breach,) = contract.check(batch(tmp_path, *rows), Contract(max_sales=1000))
    assert breach == Breach("critical", "too many sales are out of range (6 of 10 rows)")


def test_a_file_that_cannot_be_read_and_a_batch_of_known_files(tmp_path: Path) -> None:
    assert validate.fn(tmp_path / "missing", Contract(), "a.csv is empty") == [Breach("critical", "a.csv is empty")]
    assert validate.fn(tmp_path / "missing", Contract()) == []
    assert validate.fn(batch(tmp_path, GOOD), Contract()) == []
