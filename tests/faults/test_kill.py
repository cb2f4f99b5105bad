"""Kill -9 at every write of a step, and at random moments: the home stays consistent, and the next run ends right."""

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flows import views
from tasks import ledger, publish, quarantine, report, sales_table, scores
from tasks.deliver import promote_wave
from tasks.forecasting.drift import DriftPolicy
from tasks.forecasting.rollout import Wave
from tasks.home import Home
from tasks.release import Release, releases
from tasks.sample import write_sample
from tests.conftest import CHAIN, TakeIn, Work
from tests.faults import driver
from tests.faults.driver import STEPS, TILL, Job

ROOT = Path(__file__).parents[2]
LATER = CHAIN.model_copy(update={"days": 460, "shift_on": date(2023, 3, 20), "shift_by": 3.0})


@dataclass(frozen=True)
class Killed:
    """A copy of a home in which a step was killed, and where."""

    work: Work
    where: str


def run(job: Job) -> list[Killed]:
    file = job.folder.with_suffix(".pickle")
    file.write_bytes(pickle.dumps(job))
    command = [sys.executable, "-m", "tests.faults.driver", str(file)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return [Killed(moved(job.work, job.folder / str(number)), where) for number, where in enumerate(lines, 1)]


def moved(work: Work, root: Path) -> Work:
    folder = root / "candidates" / work.candidate.folder.name
    return Work(Home(root), replace(work.candidate, folder=folder))


def visible(folder: Path) -> dict[str, bytes]:
    """Files that are data: not those that were being written."""
    paths = folder.rglob("*") if folder.exists() else ()
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.is_file() and not (path.name.startswith(".") and path.name.endswith(".partial"))
    }


def sales(home: Home) -> list[tuple[Any, ...]]:
    if sales_table.snapshot(home) is None:
        return []
    return sorted(sales_table.read(home)[["date", "store", "item", "sales"]].itertuples(index=False, name=None))


def content(home: Home) -> dict[str, Any]:
    """All that a home says, but for times, users and table versions."""
    kinds: list[ledger.Kind] = ["ingest", "release", "refusal", "promotion", "rollback", "alert", "resolved"]
    return {
        "sales": sales(home),
        "quarantine": sorted(str(dict(row, at=None)) for row in quarantine.rows(home)),
        "ledger": [
            (entry.kind, entry.subject, entry.release, entry.variant, entry.why, entry.details)
            for entry in ledger.read(home, kinds)
        ],
        "scores": sorted(map(tuple, scores.read(home).astype(str).to_numpy().tolist())),
        "releases": visible(home.releases),
        "channel": visible(home.channel),
        "landing": visible(home.landing),
        "candidates": visible(home.candidates),
    }


def assert_consistent(home: Home, before: list[Any], after: list[Any]) -> None:
    views.status(home, DriftPolicy())
    views.published(home)
    assert sales(home) in (before, after), "all of the batch or nothing"
    for folder in home.releases.glob("*"):
        record = json.loads((folder / "manifest.json").read_text())["files"]
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
        assert {name: (len(each), sha256(each).hexdigest()) for name, each in found.items()} == {
            name: (each["bytes"], each["sha256"]) for name, each in record.items()
        }
    for name, each in visible(home.channel / "stores").items():
        assignment = json.loads(each)
        model = (home.channel / assignment["model"]["path"]).read_bytes()
        assert sha256(model).hexdigest() == assignment["model"]["sha256"], name
    for name, each in visible(home.landing).items():
        assert sha256(each).hexdigest().startswith(name[:12])


def assert_mended(job: Job, copies: list[Killed], undisturbed: Home) -> None:
    """After each kill the home is consistent, and running the step again ends as if nothing had happened."""
    before, expected = sales(job.work.home), content(undisturbed)
    assert expected != content(job.work.home), "the step does something"
    for killed in copies:
        try:
            assert_consistent(killed.work.home, before, expected["sales"])
            for again in ("the next run", "the run after it"):
                STEPS[job.step](killed.work, job.source)
                now = content(killed.work.home)
                for part, value in expected.items():
                    assert now[part] == value, f"{part} after {again}"
        except Exception as error:
            error.add_note(f"killed {killed.where} ({killed.work.home.root})")
            raise


@pytest.fixture
def everything_steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps run here give the bytes that they give in the driver."""
    monkeypatch.setattr(report, "report", report.report)
    monkeypatch.setattr(publish, "datetime", publish.datetime)
    driver.steady(tmp_path)


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New sales, corrections and bad rows, in two files."""
    folder = tmp_path_factory.mktemp("feed")
    write_sample(folder / "later.parquet", LATER.model_copy(update={"shift_on": None, "days": 435}))
    rows = ["date,store,item,sales", "2023-03-05,1,1,1", "2023-04-01,1,1,2000000", "x,1,1,1", "2023-04-02,3,1,5"]
    (folder / "corrections.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="session")
def empty(built: Work, tmp_path_factory: pytest.TempPathFactory) -> Work:
    root = tmp_path_factory.mktemp("empty") / "home"
    root.mkdir()
    return moved(built, root)


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


CASES = [
    pytest.param("ingest", "built", 10, id="ingest"),
    pytest.param("ingest", "empty", 8, id="first ingest"),
    pytest.param("publishing", "built", 30, id="publish"),
    pytest.param("delivering", "shop", 8, id="deliver"),
    pytest.param("monitoring", "drifting", 2, id="monitor"),
    pytest.param("replaying", "quarantined", 2, id="replay"),
]


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(("step", "start", "points"), CASES)
def test_killed_before_every_write(
    step: str, start: str, points: int, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies")
    *copies, undisturbed = run(job)
    assert undisturbed.where == "not killed"
    assert len(copies) >= points, [killed.where for killed in copies]
    assert_mended(job, copies, undisturbed.work.home)


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(("step", "start"), [("ingest", "built"), ("publishing", "built"), ("delivering", "shop")])
def test_killed_at_random_moments(
    step: str, start: str, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    job = Job(step, request.getfixturevalue(start), feed, tmp_path / "copies", timed=8)
    assert_mended(job, run(job), Home(job.folder / "0"))
