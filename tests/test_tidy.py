"""Tidying up: named snapshots stay readable, what nothing names goes, and tables say the same as before."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tasks.ingest import quarantine
from tasks.state import ledger, sales_table
from tasks.state.atomic import remove_folder, write_file
from tasks.state.home import Home
from tasks.state.ledger import Entry
from tasks.state.lock import lock_of, locked
from tasks.state.parquet import DamagedFile
from tasks.state.tidiness import Tidiness
from tasks.tidy import TidyResult, forget_scores, forget_work, named_versions, tidy_tables
from tests.conftest import TakeIn
from tests.sales import sales_rows
from tests.support.manifests import changed, manifest, prepared

KEEP = Tidiness(keep_days=7)


@pytest.fixture
def home(tmp_path: Path, take_in: TakeIn) -> Home:
    """Eight versions of one row; a release names version 2, a candidate version 4."""
    home = Home(tmp_path / "home")
    for version in range(8):
        (tmp_path / "a.csv").write_text(
            f"date,store,item,sales\n2026-01-05,1,1,{version}\n2026-01-06,1,1,-{version + 1}\n"
        )
        take_in(home, tmp_path / "a.csv")
    made = manifest()
    made = changed(made, snapshot=changed(made.snapshot, version=2))
    write_file(home.releases / "r1" / "manifest.json", made.to_bytes())
    write_file(home.candidates / "c1" / "prepared.json", prepared(made, version=4).to_bytes())
    return home


def aged(home: Home, days: float) -> None:
    """Let all that is there have been written some days ago."""
    for path in home.root.rglob("*"):
        past = path.stat().st_mtime - days * 86_400
        if path.suffix == ".json" and path.parent.name == "_delta_log":
            shifted = [_shifted(json.loads(line), days) for line in path.read_text().splitlines()]
            path.write_text("\n".join(map(json.dumps, shifted)) + "\n")
        os.utime(path, (past, past))


def _shifted(action: Any, days: float) -> Any:
    for value in action.values():
        for name in ("timestamp", "deletionTimestamp", "modificationTime"):
            if isinstance(value, dict) and name in value:
                value[name] -= int(days * 86_400_000)
    return action


def value(home: Home, version: int | None = None) -> int:
    return int(sales_rows(home, version)["sales"].iloc[0])


def test_versions_that_a_release_or_a_candidate_names_stay_and_others_go(home: Home) -> None:
    assert named_versions(home) == [2, 4]
    aged(home, 10)
    result = tidy_tables.fn(home, KEEP)
    assert result.kept_versions == (2, 4)
    assert [value(home, version) for version in (2, 4, None)] == [2, 4, 7]
    for version in (0, 1, 3, 5, 6):
        with pytest.raises(DamagedFile, match="it is missing"):
            value(home, version)
    (sales,) = (each for each in result.tables if each.table == "sales")
    assert (sales.files_before, sales.files, sales.removed) == (8, 3, 5)
    assert sales.bytes_freed > 0


def test_young_versions_stay(home: Home) -> None:
    aged(home, 3)
    tidy_tables.fn(home, KEEP)
    assert [value(home, version) for version in range(8)] == list(range(8))


def test_the_snapshot_is_still_the_last_one_that_brought_sales(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    aged(home, 10)
    before = sales_table.snapshot(home), sales_table.latest(home)
    tidy_tables.fn(home, KEEP)
    assert DeltaTable(home.sales).version() > 7
    assert (sales_table.snapshot(home), sales_table.latest(home)) == before == (7, (7, before[1][1]))
    assert take_in(home, tmp_path / "a.csv").rows_accepted == 0


def test_the_current_snapshot_stays_however_long_nothing_came(home: Home) -> None:
    for path in home.candidates, home.releases:
        remove_folder(path)
    tidy_tables.fn(home, KEEP)
    aged(home, 40)
    tidy_tables.fn(home, KEEP)
    assert value(home, sales_table.snapshot(home)) == value(home) == 7


def test_what_a_killed_run_left_goes_when_it_is_old(home: Home) -> None:
    write_file(home.sales / "month=2026-01" / "orphan.parquet", b"half a file")
    tidy_tables.fn(home, KEEP)
    assert (home.sales / "month=2026-01" / "orphan.parquet").exists()
    aged(home, 10)
    tidy_tables.fn(home, KEEP)
    assert not (home.sales / "month=2026-01" / "orphan.parquet").exists()


@pytest.mark.parametrize(
    "read", [lambda home: ledger.read(home, ["ingest", "alert"]), quarantine.rows], ids=["ledger", "quarantine"]
)
def test_small_files_are_joined_and_say_the_same(home: Home, read: Callable[[Home], Any]) -> None:
    ledger.record(home, [Entry("alert", "a", "b")])
    before = read(home)
    result = tidy_tables.fn(home, KEEP)
    assert read(home) == before and len(before) > 7
    for each in result.tables[1:]:
        assert len(DeltaTable(home.root / each.table).file_uris()) == 1, each


def test_twice_is_once(home: Home) -> None:
    aged(home, 10)
    tidy_tables.fn(home, KEEP)
    again = tidy_tables.fn(home, KEEP)
    assert [each.removed for each in again.tables] == [0, 0, 0]
    versions = [each.version for each in again.tables]
    assert [each.version for each in tidy_tables.fn(home, KEEP).tables] == versions


def test_an_empty_home_has_nothing_to_tidy(tmp_path: Path) -> None:
    assert tidy_tables.fn(Home(tmp_path / "home"), KEEP) == TidyResult(tables=(), kept_versions=())


def test_old_work_goes_unless_a_retrain_works_on_it(home: Home) -> None:
    for name in ("candidates/c2", "backtests/b1"):
        write_file(home.root / name / "part" / "0.npz", b"weights")
    aged(home, 10)
    write_file(home.candidates / "c1" / "part" / "1.npz", b"younger")
    before = datetime.now(UTC) - timedelta(days=9)
    with locked(lock_of(home.candidates / "c2"), ""):
        assert forget_work.fn(home, before) == ("backtests/b1",)
    assert forget_work.fn(home, before) == ("candidates/c2",)
    assert {path.name for path in home.candidates.iterdir()} == {"c1"} and not list(home.backtests.iterdir())
    assert forget_scores.fn(home, before.date()) == 0
