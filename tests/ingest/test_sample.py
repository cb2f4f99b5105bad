"""A sample's file: the rows that were drawn, in every format, whole or not there."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from tasks.forecasting.synthetic import Chain, blocks
from tasks.ingest import sample
from tasks.ingest.sample import UnknownFormat, write_sample

CHAIN = Chain(stores=2, items=3, days=30, seed=5, closed_weekday=6)
FORMATS = [".csv", ".csv.gz", ".parquet"]


def read(path: Path) -> pd.DataFrame:
    rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, parse_dates=["date"])
    return rows.astype({"date": "datetime64[s]"})


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing fails after the first block."""

    def one_block(chain: Chain) -> Iterator[pd.DataFrame]:
        yield next(blocks(chain, rows=1))
        raise OSError("the disk is full")

    monkeypatch.setattr(sample, "blocks", one_block)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_holds_the_rows_that_were_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new folder" / f"sales{suffix}"
    assert write_sample(path, CHAIN) == CHAIN.rows
    drawn = pd.concat(blocks(CHAIN))[["date", "store", "item", "sales"]]
    pd.testing.assert_frame_equal(read(path), drawn, check_dtype=False)
    assert [file.name for file in path.parent.iterdir()] == [path.name], "no partial file is left"


def test_csv_looks_like_kaggles(tmp_path: Path) -> None:
    write_sample(tmp_path / "sales.csv", CHAIN)
    header, first, *_ = (tmp_path / "sales.csv").read_text().splitlines()
    assert header == "date,store,item,sales"
    assert first.startswith("2022-01-01,1,1,") and first.split(",")[3].isdigit()


def test_parquet_dates_are_days(tmp_path: Path) -> None:
    write_sample(tmp_path / "sales.parquet", CHAIN)
    kinds = parquet.read_schema(tmp_path / "sales.parquet").types
    assert [str(kind) for kind in kinds] == ["date32[day]", "int32", "int32", "int32"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_chain_gives_the_same_bytes(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = (tmp_path / f"{name}{suffix}" for name in ("one", "two", "three"))
    write_sample(one, CHAIN)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    write_sample(two, CHAIN)
    write_sample(three, CHAIN.model_copy(update={"seed": 6}))
    assert one.read_bytes() == two.read_bytes() != three.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_rows_come_block_by_block(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sample(tmp_path / f"whole{suffix}", CHAIN)
    monkeypatch.setattr(sample, "blocks", lambda chain: blocks(chain, rows=1))
    write_sample(tmp_path / f"parts{suffix}", CHAIN)
    pd.testing.assert_frame_equal(read(tmp_path / f"parts{suffix}"), read(tmp_path / f"whole{suffix}"))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("broken_off")
def test_a_file_that_breaks_off_does_not_appear(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OSError, match="disk is full"):
        write_sample(tmp_path / f"sales{suffix}", CHAIN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("broken_off")
def test_a_file_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("old")
    with pytest.raises(OSError, match="disk is full"):
        write_sample(path, CHAIN)
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", ["sales.xlsx", "sales", "sales.gz", "csv"])
def test_another_suffix_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownFormat, match=r"\.csv, \.csv\.gz or \.parquet; rename the file\. Received: .*" + name):
        write_sample(tmp_path / name, CHAIN)
    assert list(tmp_path.iterdir()) == []
