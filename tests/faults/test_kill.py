"""Kill -9 at every write of a step, and at random moments: the home stays consistent, and the next run ends right."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tasks import ledger, publish, quarantine, report, sales_table
from tasks.deliver import promote_wave
from tasks.forecasting.rollout import Wave
from tasks.home import Home
from tasks.release import Release, releases
from tasks.sample import write_sample
from tasks.tidy import named_versions
from tests.conftest import CHAIN, TakeIn, Work
from tests.faults import driver
from tests.faults.driver import STEPS, TILL, Job
from tests.faults.homes import Copy, aged, assert_mended, content, run, sales

LATER = CHAIN.model_copy(update={"days": 460, "shift_on": date(2023, 3, 20), "shift_by": 3.0})


@pytest.fixture
def everything_steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps run here give the bytes that they give in the driver."""
    monkeypatch.setattr(report, "report", report.report)
    monkeypatch.setattr(publish, "datetime", publish.datetime)
    driver.steady(tmp_path)


@pytest.fixture(scope="session")
def shop(published: tuple[Work, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Work:
    return published[0].copied(tmp_path_factory.mktemp("shop") / "home")


@pytest.fixture(scope="session")
def drifting(shop: Work, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """Both stores run the same release, and their level has shifted."""
    folder = tmp_path_factory.mktemp("drifting")
    work = shop.copied(folder / "home")
    release = min(releases(work.home), key=lambda each: each.id)
    promote_wave.fn(work.home, Release(release.folder), Wave("chosen", ("1", "2")), TILL)
    write_sample(folder / "later.parquet", LATER.model_copy(update={"days": 450}))
    take_in(work.home, folder / "later.parquet")
    return work


@pytest.fixture(scope="session")
def quarantined(empty: Work, feed: Path, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    work = empty.copied(tmp_path_factory.mktemp("quarantined") / "home")
    take_in(work.home, feed)
    return work


@pytest.fixture(scope="session")
def old(shop: Work, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """A shop whose releases name its first version; five more came long ago, tidied up once on the way."""
    folder = tmp_path_factory.mktemp("old")
    work = shop.copied(folder / "home")
    for units in range(5):
        rows = [f"2022-{month:02}-05,1,1,{5000 + units}" for month in range(1, 13)] + [f"x,1,1,{units}"]
        (folder / "correction.csv").write_text("\n".join(["date,store,item,sales", *rows]))
        take_in(work.home, folder / "correction.csv")
        if units == 2:
            STEPS["tidying"](work, folder)
    aged(work.home, 40)
    return work


WRITES = [
    "before open landing/PARTIAL",
    "before fsync landing/PARTIAL",
    "before replace landing/PARTIAL",
    "before open quarantine/FILE",
    "before fsync quarantine/FILE",
    "before COMMIT quarantine",
    "after COMMIT quarantine",
    "before open sales/MONTH/FILE",
    "before fsync sales/MONTH/FILE",
    "before COMMIT sales",
    "after COMMIT sales",
    "before write_deltalake ledger",
    "after write_deltalake ledger",
]
"""Where an ingest must have been killed."""

FORMS = {
    r"landing/\..*\.partial": "landing/PARTIAL",
    r"month=\d{4}-\d\d": "MONTH",
    r"[-0-9a-f]{36}\.parquet": "FILE",
    "create_write_transaction|create_table_with_add_actions": "COMMIT",
}


def kinds(copies: list[Copy]) -> set[str]:
    """Where copies were killed, without names that differ from run to run."""
    found = "\n".join(copy.what for copy in copies)
    for pattern, name in FORMS.items():
        found = re.sub(pattern, name, found)
    return set(found.splitlines())


@pytest.mark.parametrize("start", ["empty", "months"], ids=["first ingest", "ingest of corrections"])
def test_an_ingest_that_was_killed_at_any_write(
    start: str, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job("ingest", request.getfixturevalue(start), feed, tmp_path / "copies")
    *copies, undisturbed = run(job)
    assert not set(WRITES) - kinds(copies)
    assert_mended(job, copies, undisturbed.work.home)


CASES = [
    pytest.param("publishing", "built", 30, id="publish"),
    pytest.param("delivering", "shop", 8, id="deliver"),
    pytest.param("monitoring", "drifting", 2, id="monitor"),
    pytest.param("replaying", "quarantined", 8, id="replay"),
]


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(("step", "start", "points"), CASES)
def test_killed_before_every_write(
    step: str, start: str, points: int, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies")
    *copies, undisturbed = run(job)
    assert undisturbed.what == "not killed"
    assert len(copies) >= points, [killed.what for killed in copies]
    assert_mended(job, copies, undisturbed.work.home)


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(
    ("step", "start"),
    [("ingest", "empty"), ("ingest_in_parts", "months"), ("publishing", "built"), ("delivering", "shop")],
)
def test_killed_at_random_moments(
    step: str, start: str, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies", timed=10)
    assert_mended(job, run(job), Home(job.folder / "0"))


def files(home: Home) -> set[str]:
    return {str(path.relative_to(home.sales)) for path in home.sales.rglob("*.parquet")}


def tables(home: Home) -> list[list[str]]:
    """The current files of tables whose small files are joined."""
    return [DeltaTable(path).file_uris() for path in (home.quarantine, home.ledger)]


@pytest.mark.parametrize("timed", [0, 10], ids=["at any write", "at random moments"])
def test_tidying_up_that_was_killed(old: Work, timed: int, tmp_path: Path) -> None:
    job = Job("tidying", old, tmp_path, tmp_path / "copies", timed=timed)
    copies = run(job)
    undisturbed = Home(job.folder / "0") if timed else copies.pop().work.home
    before, versions = content(old.home), [*named_versions(old.home), sales_table.snapshot(old.home)]
    assert len(versions) == 2 and files(undisturbed) < files(old.home), "there are files to remove, and some to keep"
    if not timed:
        assert {"before vacuum sales", "after vacuum sales", "before compact ledger", "after compact ledger"} <= kinds(
            copies
        )
    for copy in copies:
        home = copy.work.home
        for again in ("", "after the next run", "after the run after it"):
            if again:
                STEPS[job.step](copy.work, job.source)
            assert content(home) == before, f"{copy.what} {again}"
            assert [sales(home, each) for each in versions] == [sales(old.home, each) for each in versions], copy.what
        assert files(home) == files(undisturbed), copy.what
        assert [len(each) for each in tables(home)] == [1, 1], copy.what


def test_tables_are_read_while_they_are_tidied_up(old: Work, tmp_path: Path) -> None:
    home = old.copied(tmp_path / "home").home
    versions = [*named_versions(home), None]
    expected, read = [sales(home, each) for each in versions], 0
    entries, rows = len(ledger.read(home, ["ingest"])), len(quarantine.rows(home))
    with ThreadPoolExecutor() as pool:
        tidied = pool.submit(STEPS["tidying"], Work(home, old.candidate), tmp_path)
        while not tidied.done():
            assert [sales(home, each) for each in versions] == expected
            assert (len(ledger.read(home, ["ingest"])), len(quarantine.rows(home))) == (entries, rows)
            read += 1
    tidied.result()
    assert read and files(home) < files(old.home)
