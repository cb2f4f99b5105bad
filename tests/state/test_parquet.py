"""Parquet files: no damage of any bit makes other rows of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.state import parquet
from tasks.state.parquet import DamagedFile

SCHEMA = pa.schema([("day", pa.date32()), ("store", pa.string()), ("sales", pa.int64())])


@pytest.fixture
def rows() -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table([np.arange(99, dtype=np.int32), [str(n % 5) for n in range(99)], random.poisson(9, 99)], SCHEMA)


def read(path: Path) -> pa.Table:
    return pa.Table.from_batches(parquet.batches(path, coded=["store"])).cast(SCHEMA)


def test_what_was_written_is_read(tmp_path: Path, rows: pa.Table) -> None:
    path, metadata = parquet.write(tmp_path, [rows, rows.slice(0, 0), rows], SCHEMA)
    assert list(tmp_path.iterdir()) == [path]
    assert metadata.num_rows == 198 and read(path) == pa.concat_tables([rows, rows])
    parquet.require_unchanged(path)


def test_no_flipped_bit_makes_other_rows(tmp_path: Path, rows: pa.Table) -> None:
    path, _ = parquet.write(tmp_path, [rows], SCHEMA)
    content, damaged = path.read_bytes(), 0
    for byte in range(len(content)):
        flipped = bytearray(content)
        flipped[byte] ^= 1 << byte % 8
        path.write_bytes(flipped)
        try:
            read(path)
        except DamagedFile:
            damaged += 1
    assert damaged == len(content)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, -1])
def test_a_file_that_was_cut_off_is_named_with_its_table(tmp_path: Path, rows: pa.Table, kept: int) -> None:
    path, _ = parquet.write(tmp_path, [rows], SCHEMA)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedFile, match=f"{path.name} of the table {tmp_path} is damaged: .*from a backup"):
        parquet.require_unchanged(path)


def test_a_missing_file_is_named_with_its_table(tmp_path: Path, rows: pa.Table) -> None:
    (tmp_path / "month=2026-01").mkdir()
    path, _ = parquet.write(tmp_path / "month=2026-01", [rows], SCHEMA)
    path.unlink()
    with pytest.raises(DamagedFile, match=f"of the table {tmp_path} is damaged: it is missing"):
        read(path)


def test_files_of_other_writers_are_read(tmp_path: Path, rows: pa.Table) -> None:
    pa.parquet.write_table(rows, tmp_path / "other.parquet")
    assert read(tmp_path / "other.parquet") == rows


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path, rows: pa.Table) -> None:
    with pytest.raises(ValueError, match="does not match schema"):
        parquet.write(tmp_path, [rows, rows.select(["day"])], SCHEMA)
    assert not list(tmp_path.iterdir())
