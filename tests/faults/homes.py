"""What a home says, and whether it is in order: what tests of faults compare."""

import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, get_args

from deltalake import DeltaTable

from flows.cli import views
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import quarantine
from tasks.state import ledger, sales_table, scores
from tasks.state.home import Home
from tests.conftest import Work
from tests.faults.driver import STEPS, Job
from tests.sales import sales_rows

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Copy:
    """A copy of a home in which a step ran, and what happened to it."""

    work: Work
    what: str


def run(job: Job) -> Iterator[Copy]:
    """Run a job in a process of its own; each copy as soon as the step ended in it."""
    file, errors = job.folder.with_suffix(".pickle"), job.folder.with_suffix(".errors")
    file.write_bytes(pickle.dumps(job))
    command = [sys.executable, "-m", "tests.faults.driver", str(file)]
    with errors.open("w") as said, Popen(command, cwd=ROOT, stdout=PIPE, stderr=said, text=True) as driver:
        assert driver.stdout
        try:
            for number, line in enumerate(driver.stdout):
                yield Copy(moved(job.work, job.folder / str(number)), line.strip())
            assert driver.wait() == 0, errors.read_text()
        finally:
            driver.kill()


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


def sales(home: Home, version: int | None = None) -> list[tuple[Any, ...]]:
    if sales_table.snapshot(home) is None:
        return []
    return sorted(sales_rows(home, version).itertuples(index=False, name=None))


def content(home: Home) -> dict[str, Any]:
    """All that a home says, but for times and users."""
    return {
        "snapshot": sales_table.snapshot(home),
        "sales": sales(home),
        "quarantine": sorted(str(row.model_dump(exclude={"at"})) for row in quarantine.rows(home)),
        "ledger": [
            (entry.kind, entry.subject, entry.release, entry.variant, entry.why, entry.details)
            for entry in ledger.read(home, get_args(ledger.Kind))
        ],
        "scores": sorted(map(tuple, scores.read(home).astype(str).to_numpy().tolist())),
        "releases": visible(home.releases),
        "channel": visible(home.channel),
        "landing": visible(home.landing),
        "candidates": visible(home.candidates),
    }


def unnamed(table: Path) -> list[str]:
    """Files of a Delta table that no version names."""
    if not DeltaTable.is_deltatable(str(table)):
        return [str(path) for path in table.rglob("*") if path.is_file()]
    named = {
        action["add"]["path"].replace("%3D", "=")
        for log in (table / "_delta_log").glob("*.json")
        for action in map(json.loads, log.read_text().splitlines())
        if "add" in action
    }
    there = (path.relative_to(table) for path in table.rglob("*") if path.is_file())
    return [str(path) for path in there if path.parts[0] != "_delta_log" and str(path) not in named]


def assert_consistent(home: Home, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Nothing is there in part.

    Args:
        home: In which a step was cut off.
        before: Its content before the step.
        after: Its content after the whole step.
    """
    views.status(home, DriftPolicy(), MapePolicy(), datetime.now(UTC))
    views.published(home)
    now = content(home)
    assert now["sales"] in (before["sales"], after["sales"]), "all of the batch or nothing"
    if now["ledger"] != before["ledger"]:
        assert now["sales"] == after["sales"], "the ledger follows the sales"
    for kind, *_, details in now["ledger"]:
        if kind == "ingest":
            counts = details["counts"]
            where = [counts[f"rows_{name}"] for name in ("accepted", "unchanged", "quarantined")]
            assert counts["rows_read"] == sum(where)
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


def assert_mended(job: Job, assert_happened: Callable[[Copy], None] = lambda _: None) -> list[str]:
    """Wherever the step is cut off, the home is consistent, and the next run ends as if nothing had happened.

    Args:
        job: The step, and what goes wrong.
        assert_happened: What else must hold for a copy in which something went wrong. Defaults to nothing.

    Returns:
        What went wrong.
    """
    copies = run(job)
    before, expected = content(job.work.home), content(next(copies).work.home)
    assert expected != before, "the step does something"
    happened = []
    for copy in copies:
        try:
            assert_happened(copy)
            assert_consistent(copy.work.home, before, expected)
            for again in ("the next run", "the run after it"):
                STEPS[job.step](copy.work, job.source)
                now = content(copy.work.home)
                for part, value in expected.items():
                    assert now[part] == value, f"{part} after {again}"
        except Exception as error:
            error.add_note(f"{copy.what} ({copy.work.home.root})")
            raise
        happened.append(copy.what)
    return happened


def aged(home: Home, days: int) -> None:
    """Let all that is in the tables have been written some days ago."""
    for log in home.root.glob("*/_delta_log/*.json"):
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        for value in (value for action in actions for value in action.values()):
            for name in {"timestamp", "deletionTimestamp", "modificationTime"} & value.keys():
                value[name] -= days * 86_400_000
        log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for path in home.root.rglob("*"):
        past = path.stat().st_mtime - days * 86_400
        os.utime(path, (past, past))
