"""Kill -9 at every write of a step, and at random moments: the home stays consistent, and the next run ends right."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tasks.ingest import quarantine
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tasks.state.releases import releases
from tests.conftest import TakeIn, Work
from tests.faults.driver import STEPS, Job
from tests.faults.homes import aged, assert_mended, content, run, sales


@pytest.fixture(scope="session")
def quarantined(empty: Work, feed: Path, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    work = empty.copied(tmp_path_factory.mktemp("quarantined") / "home")
    take_in(work.home, feed)
    return work


@pytest.fixture(scope="session")
def old(shop: Work, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """A shop whose releases name its first version; more came long ago, and the last one ten days ago."""
    folder = tmp_path_factory.mktemp("old")
    work = shop.copied(folder / "home")
    for units in range(5):
        rows = [f"2022-{month:02}-05,1,1,{5000 + units}" for month in range(2, 13)] + [f"x,1,1,{units}"]
        rows += [f"2022-01-05,1,new {units},5"]  # January gets a further file each time
        (folder / "correction.csv").write_text("\n".join(["date,store,item,sales", *rows]))
        if units == 2:
            STEPS["tidying"](work, folder)
        if units == 4:
            aged(work.home, 40)
        take_in(work.home, folder / "correction.csv")
    aged(work.home, 10)
    DeltaTable(work.home.sales).create_checkpoint()
    return work


WRITES = [
    "before open landing/PARTIAL",
    "before fsync landing/PARTIAL",
    "before replace landing/PARTIAL",
    "before open quarantine/FILE",
    "before fsync quarantine/FILE",
    "before replace quarantine/FILE",
    "before COMMIT quarantine",
    "after COMMIT quarantine",
    "before open sales/MONTH/FILE",
    "before fsync sales/MONTH/FILE",
    "before replace sales/MONTH/FILE",
    "before COMMIT sales",
    "after COMMIT sales",
    "before COMMIT ledger",
    "after COMMIT ledger",
]
"""Where an ingest must have been killed."""

FORMS = {
    r"landing/\..*\.partial": "landing/PARTIAL",
    r"month=\d{4}-\d\d": "MONTH",
    r"[-0-9a-f]{36}(-[0-9a-f]{8})?\.parquet": "FILE",
    "create_write_transaction|create_table_with_add_actions": "COMMIT",
}


def kinds(happened: list[str]) -> set[str]:
    """Where copies were killed, without names that differ from run to run."""
    found = "\n".join(happened)
    for pattern, name in FORMS.items():
        found = re.sub(pattern, name, found)
    return set(found.splitlines())


@pytest.mark.parametrize(
    ("step", "start"),
    [
        pytest.param("ingest", "empty", id="first ingest"),
        pytest.param("ingest_in_parts", "months", id="corrections of many months"),
    ],
)
def test_an_ingest_that_was_killed(
    step: str, start: str, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies", timed=12)
    assert not set(WRITES) - kinds(assert_mended(job))


CASES = [
    pytest.param("publishing", "built", 30, 6, id="publish"),
    pytest.param("overriding", "refused", 3, 3, id="override"),
    pytest.param("delivering", "shop", 8, 6, id="deliver"),
    pytest.param("rolling_back", "promoted", 8, 3, id="roll back"),
    pytest.param("monitoring", "drifting", 2, 0, id="monitor"),
    pytest.param("replaying", "quarantined", 8, 0, id="replay"),
]


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(("step", "start", "points", "timed"), CASES)
def test_another_step_that_was_killed(
    step: str, start: str, points: int, timed: int, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies", timed)
    killed = assert_mended(job)
    assert len(killed) - timed >= points, killed


def files(home: Home) -> set[str]:
    return {str(path.relative_to(home.sales)) for path in home.sales.rglob("*.parquet")}


def joined(home: Home) -> list[int]:
    """Files of the current version of each table."""
    return [len(DeltaTable(path).file_uris()) for path in (home.sales, home.quarantine, home.ledger)]


def kept(home: Home) -> list[int | None]:
    """Versions that must stay readable: those of releases, the one that was replaced ten days ago, the current one."""
    snapshot = sales_table.snapshot(home)
    named = {release.manifest.snapshot.version for release in releases(home)}
    assert snapshot and named
    return [*named, snapshot - 1, snapshot, None]


TIDYING = {
    f"{when} {what} {table}"
    for when in ("before", "after")
    for what, table in (("COMMIT", "sales"), ("vacuum", "sales"), ("COMMIT", "quarantine"), ("COMMIT", "ledger"))
}
"""Where tidying up must have been killed."""


def test_tidying_up_that_was_killed(old: Work, tmp_path: Path) -> None:
    job = Job("tidying", old, tmp_path, tmp_path / "copies", timed=10)
    copies, killed = run(job), []
    undisturbed = next(copies).work.home
    left = files(old.home) & files(undisturbed)
    assert left < files(old.home), "there are files to remove"
    before, versions = content(old.home), kept(old.home)
    rows = [sales(old.home, each) for each in versions]
    for copy in copies:
        home = copy.work.home
        for again in (False, True):
            if again:
                STEPS[job.step](copy.work, job.source)
            assert content(home) == before, copy.what
            assert [sales(home, each) for each in versions] == rows, copy.what
        assert files(home) & files(old.home) == left, copy.what
        assert joined(home) == joined(undisturbed), copy.what
        killed.append(copy.what)
    assert kinds(killed) >= TIDYING


def test_tables_are_read_while_they_are_tidied_up(old: Work, tmp_path: Path) -> None:
    home = old.copied(tmp_path / "home").home
    versions = kept(home)
    expected, read = [sales(home, each) for each in versions], 0
    entries, rows = len(ledger.read(home, ["ingest"])), len(quarantine.rows(home))
    with ThreadPoolExecutor() as pool:
        tidied = pool.submit(STEPS["tidying"], Work(home, old.candidate), tmp_path)
        while not tidied.done():
            assert [sales(home, each) for each in versions] == expected
            assert (len(ledger.read(home, ["ingest"])), len(quarantine.rows(home))) == (entries, rows)
            read += 1
    tidied.result()
    assert read and files(old.home) - files(home)
