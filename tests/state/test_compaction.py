"""Joining small files: the rows stay, the files are checked ones, and no rows are new to who looks at changes."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.state import compaction, delta
from tasks.state.compaction import join_small_files
from tasks.state.parquet import DamagedFile

SCHEMA = pa.schema([("name", pa.string()), ("units", pa.int64())])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table"
    for number in range(4):
        delta.append(path, pa.table([[f"n{number}"], [number]], SCHEMA))
    return path


def rows(path: Path) -> list[tuple[str, int]]:
    return sorted((row["name"], row["units"]) for row in delta.read(path, SCHEMA).to_pylist())


def test_small_files_become_one_that_is_checked_and_changes_no_rows(path: Path) -> None:
    before = rows(path)
    join_small_files(path)
    (joined,) = delta.paths(path)
    assert rows(path) == before and delta.rows(path) == 4
    last = sorted((path / "_delta_log").glob("*.json"))[-1]
    actions = [json.loads(line) for line in last.read_text().splitlines()]
    assert {each[kind]["dataChange"] for each in actions for kind in ("add", "remove") if kind in each} == {False}
    joined.write_bytes(joined.read_bytes()[:-1])
    with pytest.raises(DamagedFile, match=joined.name):
        rows(path)


def test_once_is_enough_and_large_files_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    join_small_files(path)
    version = delta.version(path)
    join_small_files(path)
    assert delta.version(path) == version
    delta.append(path, pa.table([["x"], [9]], SCHEMA))
    monkeypatch.setattr(compaction, "SMALL", 1)
    join_small_files(path)
    assert len(delta.paths(path)) == 2


def test_partitions_are_joined_each_and_columns_that_came_later_are_null(tmp_path: Path) -> None:
    path, whole = tmp_path / "table", pa.schema([*SCHEMA, ("month", pa.string())])
    for number in range(5):
        with delta.adding(path) as adding:
            adding.file([pa.table([[f"n{number}"], [number]], SCHEMA)], SCHEMA, {"month": f"2026-0{1 + number // 3}"})
            adding.commit(delta.open_table(path) if number else None, whole, {}, "month")
    join_small_files(path)
    assert {file.parent.name for file in delta.paths(path)} == {"month=2026-01", "month=2026-02"}
    assert len(delta.paths(path)) == 2 and len(rows(path)) == 5
    assert len(delta.read(path, SCHEMA, where=pa.compute.field("units") > 2)) == 2


def test_a_damaged_file_is_named_and_nothing_changes(path: Path) -> None:
    damaged, version = delta.paths(path)[2], delta.version(path)
    damaged.write_bytes(b"")
    with pytest.raises(DamagedFile, match=damaged.name):
        join_small_files(path)
    assert delta.version(path) == version and len(list(path.glob("*.parquet"))) == 4
