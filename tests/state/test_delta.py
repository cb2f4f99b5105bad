"""Delta tables: files of a commit appear together, or are gone; a file's statistics are those of its rows."""

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tasks.state import delta
from tasks.state.parquet import DamagedFile

SCHEMA = pa.schema([("name", pa.string()), ("units", pa.int64())])


def rows(*pairs: tuple[str | None, int]) -> pa.Table:
    names, units = zip(*pairs, strict=True)
    return pa.table([pa.array(names, pa.string()), pa.array(units, pa.int64())], schema=SCHEMA)


def put(path: Path, *pairs: tuple[str | None, int], replace_all: bool = False) -> None:
    with delta.adding(path) as adding:
        adding.file([rows(*pairs)], SCHEMA)
        adding.commit(DeltaTable(path) if delta.exists(path) else None, SCHEMA, {"batch": "b"}, replace_all=replace_all)


def read(path: Path) -> list[tuple[str, int]]:
    return sorted((row["name"], row["units"]) for row in delta.read(path, SCHEMA).to_pylist())


def test_the_version_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "table"
    assert delta.version(path) is None
    put(path, ("a", 1))
    put(path, ("b", 2))
    assert delta.version(path) == 1


def test_a_table_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    assert delta.read(tmp_path / "table", SCHEMA, ["units"]).to_pydict() == {"units": []}


def test_rows_are_added_or_replace_all(tmp_path: Path) -> None:
    path = tmp_path / "table"
    put(path, ("a", 1))
    put(path, ("b", 2))
    assert read(path) == [("a", 1), ("b", 2)]
    put(path, ("c", 3), replace_all=True)
    assert read(path) == [("c", 3)]


def test_files_without_a_commit_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "table"
    put(path, ("a", 1))
    with suppress(RuntimeError), delta.adding(path) as adding:
        adding.file([rows(("b", 2))], SCHEMA).result()
        raise RuntimeError("interrupted")
    assert len(list(path.glob("*.parquet"))) == 1 and read(path) == [("a", 1)]


def test_statistics_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "table"
    put(path, ("b", 5), (None, -1), ("a", 7))
    (file,) = pa.table(DeltaTable(path).get_add_actions(flatten=True)).to_pylist()
    assert (file["num_records"], file["min.units"], file["max.units"]) == (3, -1, 7)
    assert (file["min.name"], file["max.name"], file["null_count.name"]) == ("a", "b", 1)


def test_appended_rows_make_a_table_and_may_bring_columns(tmp_path: Path) -> None:
    path = tmp_path / "table"
    delta.append(path, rows(("a", 1)))
    delta.append(path, rows(("b", 2)))
    assert read(path) == [("a", 1), ("b", 2)]
    wider = rows(("c", 3)).append_column("colour", pa.array(["red"]))
    delta.append(path, wider)
    assert delta.read(path, wider.schema).sort_by("units")["colour"].to_pylist() == [None, None, "red"]


def test_damage_is_found_in_the_file_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "table"
    for number in range(3):
        put(path, ("a", number))
    damaged = delta.paths(path)[1]
    damaged.write_bytes(damaged.read_bytes().replace(b"PAR1", b"PAR2"))
    with pytest.raises(DamagedFile, match=f"{damaged.name} of the table {path} is damaged"):
        read(path)


def test_long_texts_are_not_kept_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "table"
    put(path, ("a" * 65, 1))
    (file,) = pa.table(DeltaTable(path).get_add_actions(flatten=True)).to_pylist()
    assert "min.name" not in file or file["min.name"] is None
