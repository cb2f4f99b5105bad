"""A process that runs a step again and again, each time on a fresh copy of a home, and lets something go wrong inside.

It kills the step, right before its n-th write or at a random moment, or gives it a disk with n free blocks. It imports
once and forks for each copy, and knows no Prefect server. Run as `python -m tests.faults.driver JOB`, where JOB is a
pickled `Job`; stdout says what happened to each copy, one line a copy, as soon as it did.
"""

import builtins
import fcntl
import io
import json
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from deltalake import DeltaTable
from deltalake.table import TableOptimizer

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest import replay
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.replay import ReplayRequest
from tasks.ingest.stage import Intake
from tasks.monitor.score import score
from tasks.monitor.watch import watch
from tasks.promote.deliver import deliver
from tasks.promote.override import grant
from tasks.report import release_report
from tasks.retrain import publish
from tasks.state import delta, sales_table
from tasks.state.alerts import record
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override
from tasks.state.releases import refused, releases
from tasks.state.tidiness import Tidiness
from tasks.tidy import tidy_tables
from tests.conftest import TODAY, Work, publish_candidate
from tests.ingest.steps import AMPLE, merge, read
from tests.stores import promote, roll_back

POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)


@dataclass(frozen=True)
class Job:
    """What to run, and what goes wrong.

    Attributes:
        step: Name of a function below.
        work: What each copy is made of.
        source: The step's input: what to ingest.
        folder: Copies go here, named 0, 1, 2, ...; in the first one nothing goes wrong.
        timed: Kill this many more copies by a timer, at random moments. Defaults to 0.
        disk: A small disk that has 0, 1, 2, ... free blocks, instead of kills. Defaults to none.
        only_staging: Only staging folders are on that disk, not the home.
    """

    step: str
    work: Work
    source: Path
    folder: Path
    timed: int = 0
    disk: Path | None = None
    only_staging: bool = False


class Little(Intake):
    """So little memory that rows of a month have to wait on disk and are merged in parts."""

    @property
    def rows(self) -> int:
        return 100


def ingest(work: Work, source: Path, size: Intake = AMPLE) -> None:
    with TemporaryDirectory() as staging:
        merge(work.home, read(work.home, Path(staging), source, size=size), size=size)


def ingest_in_parts(work: Work, source: Path) -> None:
    ingest(work, source, Little())


def publishing(work: Work, source: Path) -> None:
    """The end of the retrain flow: a release that is there already is only recorded."""
    limits = work.limits[0]
    if not publish.published_earlier(work.home, work.candidate, limits):
        publish_candidate(work.home, work.candidate, limits)


def overriding(work: Work, source: Path) -> None:
    """Of a candidate that was refused as a whole."""
    (name,) = refused(work.home) or [each.id for each in releases(work.home)][:1]
    day = date(2026, 1, 5)
    grant.fn(work.home, Override(name, "verdict", "lstm-16-int8", "Ana Ruiz", "a test", day), day)


def delivering(work: Work, source: Path) -> None:
    release = min(releases(work.home), key=lambda each: each.id)
    promote(work.home, release.id, "1", "2")
    reach_all(work.home)


def reach_all(home: Home) -> None:
    """Deliver to every store; an error where the command would end with exit code 1."""
    for failed in deliver.fn(home, Ledger.of(home)).failed:
        raise OSError(failed.reason)


def rolling_back(work: Work, source: Path) -> None:
    """Of both stores; what was cut off in between is completed and goes no further back."""
    with work.home.writing():
        roll_back(work.home, "1", "2")
        reach_all(work.home)


def monitoring(work: Work, source: Path) -> None:
    (_, last) = sales_table.latest(work.home)
    with work.home.writing():
        decided = Ledger.of(work.home)
        scored = score.fn(work.home, decided, last, POLICY, MapePolicy())
        record(work.home, watch.fn(decided, scored, last, POLICY, TODAY))


def replaying(work: Work, source: Path) -> None:
    with TemporaryDirectory() as staging:
        replay.replay.fn(work.home, Contract(max_sales=10_000_000), ReplayRequest(), Path(staging), AMPLE)


def tidying(work: Work, source: Path) -> None:
    tidy_tables.fn(work.home, Tidiness())


STEPS: dict[str, Callable[[Work, Path], None]] = {
    step.__name__: step
    for step in (
        ingest,
        ingest_in_parts,
        publishing,
        overriding,
        delivering,
        rolling_back,
        monitoring,
        replaying,
        tidying,
    )
}


class Noon(datetime):
    """A clock that stands still, so that two runs can be compared byte for byte."""

    @classmethod
    def now(cls, tz: Any = None) -> "Noon":
        return cls(2026, 1, 5, 12, tzinfo=tz)


def steady(folder: Path) -> None:
    """Let published bytes depend on nothing but the candidate, and draw each report once: it takes a second."""
    draw = release_report.report

    def drawn(*arguments: Any) -> str:
        path = folder / f"{sha256(repr(arguments).encode()).hexdigest()}.html"
        if not path.exists():
            path.write_text(draw(*arguments))
        return path.read_text()

    release_report.report = drawn
    publish.datetime = Noon  # type: ignore[misc]


FILES: list[tuple[Any, str]] = [
    *((os, name) for name in ("replace", "rename", "fsync", "unlink", "rmdir", "mkdir")),
    (builtins, "open"),
    (io, "open"),
]
"""What changes files."""

COMMITS: list[tuple[Any, str]] = [
    (DeltaTable, "create_write_transaction"),
    (DeltaTable, "vacuum"),
    (delta, "create_table_with_add_actions"),
]
"""What changes Delta tables, out of Python's sight; with `FILES` all that a home's content goes through."""


class Death:
    """The process kills itself at its n-th write to a home, before it or, where that is a commit, right after it."""

    def __init__(self, call: int, said: Path, home: Path) -> None:
        self._left, self._said, self._home = call, said, home
        self._one_at_a_time = RLock()
        for owner, name in FILES:
            setattr(owner, name, self._watched(name, getattr(owner, name)))
        for owner, name in COMMITS:
            setattr(owner, name, self._watched(name, getattr(owner, name), after=True))

    def _watched(self, name: str, function: Any, after: bool = False) -> Any:
        def watched(*arguments: Any, **options: Any) -> Any:
            path = place(*arguments, **options)
            if not path.is_relative_to(self._home) or not changes(name, path, arguments, options):
                return function(*arguments, **options)
            said = f"{name} {path.relative_to(self._home)}"
            self._at(f"before {said}", lambda: half_done(name, function, arguments, options))
            answer = function(*arguments, **options)
            if after:
                self._at(f"after {said}", lambda: None)
            return answer

        return watched

    def _at(self, moment: str, dying: Callable[[], None]) -> None:
        with self._one_at_a_time:
            self._left -= 1
            if not self._left:
                self._said.write_text(moment)
                dying()
                os.kill(os.getpid(), signal.SIGKILL)


def place(first: Any, *_: Any, dir_fd: int | None = None, **__: Any) -> Path:
    """What a call is about: a path, an open file, or a table."""
    if isinstance(first, TableOptimizer | DeltaTable):
        return Path(url2pathname(urlsplit(getattr(first, "table", first).table_uri).path))
    if isinstance(first, int):
        return Path(f"/proc/self/fd/{first}").readlink()
    return place(dir_fd) / first if dir_fd is not None else Path(first).absolute()


def changes(name: str, path: Path, arguments: Any, options: Any) -> bool:
    """Whether a call changes anything."""
    if name == "open":
        mode = options.get("mode", arguments[1] if len(arguments) > 1 else "r")
        return mode.strip("rbt") != ""
    if name == "vacuum":
        return not options.get("dry_run", True)
    if name == "fsync":
        return fcntl.fcntl(arguments[0], fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    if name == "unlink":
        return path.exists() and "dir_fd" not in options  # of a folder that is removed, its subfolders are enough
    return not (name == "mkdir" and path.exists())


def half_done(name: str, function: Any, arguments: Any, options: Any) -> None:
    """What a call that is cut off leaves behind."""
    if name == "open":
        function(*arguments, **options)  # it empties the file that was there
    elif name == "fsync":
        tear(arguments[0])
    elif name == "vacuum":
        table: DeltaTable = arguments[0]
        for path in function(table, *arguments[1:], **{**options, "dry_run": True})[::2]:
            (place(table) / path).unlink(missing_ok=True)  # it names files that are gone already, too


def tear(handle: int) -> None:
    """A power cut: half of what was written and not yet synced is lost."""
    os.ftruncate(handle, os.fstat(handle).st_size // 2)


def forked(
    job: Job, work: Work, said: Path, prepare: Callable[[], Any] = lambda: None, kill_after: float | None = None
) -> int:
    """Run the step in a process of its own; its exit code, negative if it was killed."""
    sys.stdout.flush()
    process = os.fork()
    if not process:
        status = 1
        try:
            prepare()
            STEPS[job.step](work, job.source)
            status = 0
        except BaseException as error:
            said.write_text(json.dumps(vars(Failure.of(error))))
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@dataclass(frozen=True)
class Failure:
    """An error that a step ended with: what it is and the functions it went through, the first one outermost."""

    kinds: list[str]
    text: str
    through: list[str]

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        through = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        return cls([kind.__name__ for kind in type(error).__mro__], str(error), through)


def say(what: str) -> None:
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


def undisturbed(job: Job) -> float:
    """Run the step on the first copy; seconds that it took."""
    work, said = job.work.copied(job.folder / "0"), job.folder / "0.txt"
    start = time.monotonic()
    if forked(job, work, said):
        sys.exit(f"undisturbed, the step failed: {said.read_text()}")
    say("undisturbed")
    return time.monotonic() - start


def every_point(job: Job) -> int:
    """Kill the step at its first, second, ... write until it comes to its end; number of copies."""
    number = 0
    while True:
        number += 1
        work, said = job.work.copied(job.folder / str(number)), job.folder / f"{number}.txt"
        status = forked(job, work, said, lambda: Death(number, said, work.home.root))  # noqa: B023  # called at once
        if status != -signal.SIGKILL:
            break
        say(said.read_text())
    if status:
        sys.exit(f"copy {number} was not killed, it failed with exit code {status}: {said.read_text()}")
    return number


def random_moments(job: Job, number: int, took: float) -> None:
    moments = random.Random(0)
    shutil.rmtree(job.folder / str(number))
    for each in range(number, number + job.timed):
        after = moments.uniform(0, took)
        forked(job, job.work.copied(job.folder / str(each)), job.folder / f"{each}.txt", kill_after=after)
        say(f"after {1000 * after:.0f} of {1000 * took:.0f} ms")


def every_shortage(job: Job, disk: Path) -> None:
    """Give the step 0, 1, 2, ... free blocks until they are enough, and say how it ended: exit code and failure."""
    number, status = 0, 1
    while status:
        number += 1
        copy, said = job.folder / str(number), job.folder / f"{number}.txt"
        work = job.work.copied(copy if job.only_staging else disk / "home")
        tempfile.tempdir = str(disk) if job.only_staging else None
        with (disk / "ballast").open("wb") as ballast:
            room = os.statvfs(disk)
            os.posix_fallocate(ballast.fileno(), 0, (room.f_bavail - number + 1) * room.f_frsize)
        status = forked(job, work, said)
        if not job.only_staging:
            shutil.move(work.home.root, copy)
        for path in disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        say(json.dumps([status, json.loads(said.read_text()) if status > 0 else None]))


if __name__ == "__main__":
    given: Job = pickle.loads(Path(sys.argv[1]).read_bytes())
    given.folder.mkdir(parents=True, exist_ok=True)
    steady(given.folder.parent)
    seconds = undisturbed(given)
    if given.disk:
        every_shortage(given, given.disk)
    else:
        random_moments(given, every_point(given), seconds)
