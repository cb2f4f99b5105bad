"""Ingest: what comes in, what changes, what is refused, and that every row is counted once."""

import tempfile
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tasks.ingest import quarantine
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.ingest import refuse_batch
from tasks.state import ledger, sales_table
from tasks.state.atomic import remove_folder
from tasks.state.home import Home
from tests.conftest import TakeIn
from tests.ingest.steps import merge, read
from tests.sales import sales_rows

HEADER = "date,store,item,sales\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def csv(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def sales(home: Home, version: int | None = None) -> dict[tuple[str, str, str], int]:
    rows = sales_rows(home, version)
    return {(str(row.date), row.store, row.item): row.sales for row in rows.itertuples()}


def tree(root: Path) -> dict[str, str]:
    """Every file below a folder with a hash of its bytes, and every folder."""
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in root.rglob("*")
    }


def test_good_rows_go_into_the_table_and_bad_ones_into_quarantine(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    path = csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,-1", "2026-01-06,2,1,3", "2026-01-06,2,1,3", "x")
    result = take_in(home, path)
    assert result.model_dump(mode="json") | {"batch": ""} == {
        "schema_version": 1,
        "batch": "",
        "rows_read": 5,
        "rows_accepted": 2,
        "rows_changed": 0,
        "rows_unchanged": 1,
        "snapshot": 0,
        "rows_quarantined": 2,
        "rows_refused": 0,
        "reasons": {"negative sales": 1, "wrong number of columns": 1},
        "refused": False,
        "refused_stores": [],
        "why": None,
        "warnings": [],
        "records": [],
        "docs": None,
        "bad_rows": [],
    }
    assert sales(home) == {("2026-01-05", "1", "1"): 7, ("2026-01-06", "2", "1"): 3}
    refused = [(row.file, row.line, row.raw, row.reason) for row in quarantine.rows(home)]
    assert refused == [
        ("a.csv", 3, "2026-01-06,1,1,-1", "negative sales"),
        ("a.csv", 6, "x", "wrong number of columns"),
    ]
    assert {row.batch for row in quarantine.rows(home)} == {result.batch}


def test_the_landing_file_is_copied_untouched(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    path = csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "rubbish \xff", "")
    before = path.read_bytes()
    take_in(home, path)
    (landed,) = home.landing.iterdir()
    assert landed.read_bytes() == path.read_bytes() == before
    assert landed.name == f"{sha256(before).hexdigest()[:12]}-a.csv"


def test_a_file_in_the_landing_folder_is_not_copied_again(home: Home, take_in: TakeIn) -> None:
    csv(home.landing / "a.csv", "2026-01-05,1,1,7")
    assert take_in(home, home.landing).rows_accepted == 1
    assert [path.name for path in home.landing.iterdir()] == ["a.csv"]


def test_the_same_file_again_changes_nothing(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    path = csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,x")
    first = take_in(home, path)
    before = tree(home.root)
    again = take_in(home, path)
    assert tree(home.root) == before
    assert again.batch == first.batch and again.snapshot == first.snapshot == 0
    assert (again.rows_read, again.rows_accepted, again.rows_unchanged, again.rows_quarantined) == (
        2,
        0,
        1,
        1,
    )


def test_the_same_content_under_another_name_changes_nothing(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    take_in(home, csv(tmp_path / "a.csv", "2026-01-05,1,1,7"))
    before = tree(home.root)
    assert take_in(home, csv(tmp_path / "b.csv", "2026-01-05,1,1,7")).rows_unchanged == 1
    assert tree(home.root) == before


def test_the_same_rows_in_another_file_make_no_new_version(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    take_in(home, csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,7"))
    again = take_in(home, csv(tmp_path / "b.csv", "2026-01-06,1,1,7", "2026-01-05,1,1,7"))
    assert (again.rows_accepted, again.rows_unchanged, again.snapshot) == (0, 2, 0)


def test_a_correction_replaces_and_the_old_value_is_in_the_snapshot_before(
    home: Home, tmp_path: Path, take_in: TakeIn
) -> None:
    before = take_in(home, csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,7")).snapshot
    after = take_in(home, csv(tmp_path / "b.csv", "2026-01-05,1,1,9", "2026-01-06,1,1,7", "2026-01-07,1,1,7"))
    assert (after.rows_accepted, after.rows_changed, after.rows_unchanged) == (2, 1, 1)
    assert sales(home)[("2026-01-05", "1", "1")] == 9
    assert sales(home, before)[("2026-01-05", "1", "1")] == 7
    assert len(sales(home, before)) == 2


def test_several_files_and_known_ones_are_one_batch(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    old = csv(tmp_path / "in" / "a.csv", "2026-01-05,1,1,7", "bad")
    take_in(home, old)
    csv(tmp_path / "in" / "b.csv", "2026-01-06,1,1,7", "worse,")
    parquet.write_table(
        pa.table({"date": ["2026-01-07"], "store": [1], "item": [1], "sales": [5]}), tmp_path / "in" / "c.parquet"
    )
    result = take_in(home, tmp_path / "in")
    assert (result.rows_read, result.rows_accepted, result.rows_unchanged) == (5, 2, 1)
    assert result.rows_quarantined == 2 == len(quarantine.rows(home))
    assert len(ledger.read(home, ["ingest"])) == 3


def test_a_batch_with_a_file_that_cannot_be_read_leaves_the_home_as_it_was(
    home: Home, tmp_path: Path, take_in: TakeIn
) -> None:
    take_in(home, csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "bad"))
    before = tree(home.root)
    csv(tmp_path / "in" / "b.csv", "2026-01-06,1,1,7")
    (tmp_path / "in" / "c.csv").write_text("")
    result = take_in(home, tmp_path / "in")
    assert result.refused and "c.csv is empty" in result.why
    assert (result.rows_accepted, result.snapshot) == (0, 0)
    assert tree(home.root) == before


def test_a_refusal_is_in_the_ledger_once_and_changes_no_table(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    take_in(home, csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "bad"))
    before = tree(home.root)
    batch = read(home, tmp_path / "staging", csv(tmp_path / "b.csv", "x", "y"))
    found = Findings((Breach("critical", "too many rows are bad"),), batch.bad_rows(50))
    for _ in range(2):
        result = refuse_batch.fn(batch, found, home)
    assert (result.rows_read, result.rows_refused, result.rows_quarantined) == (2, 2, 0)
    assert [(row.file, row.line, row.reason, row.raw) for row in result.bad_rows] == [
        ("b.csv", 2, "wrong number of columns", "x"),
        ("b.csv", 3, "wrong number of columns", "y"),
    ]
    changed = {name for name, content in tree(home.root).items() if before.get(name) != content}
    assert changed and all(name.startswith("ledger") for name in changed)
    (refusal,) = ledger.read(home, ["refusal"])
    assert (refusal.subject, refusal.why) == (f"batch.{batch.id}", "too many rows are bad")
    assert refusal.details["counts"] == {"rows_read": 2, "rows_refused": 2}


def test_reading_writes_nothing_into_the_home(home: Home, tmp_path: Path) -> None:
    batch = read(home, tmp_path / "staging", csv(tmp_path / "a.csv", "2026-01-05,1,1,7"))
    assert batch.rows == 1
    assert not home.root.exists()


def test_a_file_of_nothing_but_bad_rows_makes_no_sales_table(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    result = take_in(home, csv(tmp_path / "a.csv", "x", "2026-01-05,1,1,-7"))
    assert (result.rows_quarantined, result.snapshot) == (2, None)
    assert not home.sales.exists()


def test_the_contract_says_which_days_and_units_can_be(home: Home, tmp_path: Path, take_in: TakeIn) -> None:
    path = csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,11", "2025-12-31,1,1,7")
    result = take_in(home, path, contract=Contract(first_day=date(2026, 1, 1), max_sales=10))
    assert result.reasons == {"sales too large": 1, "date too early": 1}


def test_merging_the_same_batch_twice_is_merging_it_once(home: Home, tmp_path: Path) -> None:
    batch = read(home, tmp_path / "staging", csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "x"))
    merge(home, batch)
    before = sales(home), [row.raw for row in quarantine.rows(home)], sales_table.snapshot(home)
    assert merge(home, batch).rows_accepted == 0
    assert (sales(home), [row.raw for row in quarantine.rows(home)], sales_table.snapshot(home)) == before


def test_a_file_that_another_run_took_in_meanwhile_is_not_set_aside_again(home: Home, tmp_path: Path) -> None:
    source = str(csv(tmp_path / "a.csv", "2026-01-05,1,1,7", "2026-01-06,1,1,-7"))
    batches = [read(home, tmp_path / name, source) for name in ("first", "second")]
    merge(home, batches[0])
    quarantine.remove(home, {row.place for row in quarantine.rows(home)})
    result = merge(home, batches[1])
    assert (result.rows_accepted, result.rows_unchanged, result.rows_quarantined) == (0, 1, 1)
    assert quarantine.rows(home) == [] and len(ledger.read(home, ["ingest"])) == 1


def test_a_batch_that_was_cut_off_and_is_judged_more_strictly_now_adds_up(home: Home, tmp_path: Path) -> None:
    source = str(csv(tmp_path / "a.csv", *(f"2026-01-{day:02},{store},1,7" for day in range(1, 9) for store in (1, 2))))
    for stores in ((), ("2",)):
        with tempfile.TemporaryDirectory() as staging:
            result = merge(home, read(home, Path(staging), source), stores)
        remove_folder(home.ledger)
    assert (result.rows_read, result.rows_accepted, result.rows_unchanged, result.rows_quarantined) == (16, 0, 8, 8)


FIELDS = st.sampled_from(["", "x", "-3", "1.5", "13.0", "2013-02-30", "2999-01-01", '"', "1,2", "\xe9", "\r", " "])
DAMAGE = st.tuples(st.integers(0, 3), FIELDS)
LINE = st.tuples(st.integers(0, 5), st.integers(1, 2), st.integers(1, 2), st.integers(0, 9), st.none() | DAMAGE)


def line(day: int, store: int, item: int, units: int, damage: tuple[int, str] | None) -> str:
    fields = [str(date(2026, 1, 1) + timedelta(day)), str(store), str(item), str(units)]
    if damage:
        fields[damage[0]] = damage[1]
    return ",".join(fields)


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(LINE, min_size=1, max_size=25), min_size=1, max_size=3))
def test_rows_read_are_accepted_unchanged_or_quarantined(batches: list[list], take_in: TakeIn) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, known = Home(Path(folder) / "home"), 0
        for number, rows in enumerate(batches):
            path = Path(folder) / f"{number}.csv"
            path.write_bytes((HEADER + "".join(f"{line(*row)}\n" for row in rows)).encode())
            result = take_in(home, path)
            assert not result.refused
            counted = result.rows_accepted + result.rows_unchanged + result.rows_quarantined
            assert result.rows_read == len(rows) == counted
            assert sum(result.reasons.values()) == result.rows_quarantined
            known += result.rows_accepted - result.rows_changed
            assert known == (len(sales(home)) if result.snapshot is not None else 0)
            again = take_in(home, path)
            assert (again.rows_accepted, again.snapshot) == (0, result.snapshot)
