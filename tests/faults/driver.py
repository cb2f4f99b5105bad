"""A process that runs a step again and again, each time on a fresh copy of a home, and kills it somewhere inside.

It imports once and forks for each kill, and knows no Prefect server. Run as `python -m tests.faults.driver JOB`, where
JOB is a pickled `Job`; stdout says where each copy was killed, one line a copy.
"""

import builtins
import io
import json
import os
import pickle
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deltalake.table import TableMerger

from tasks import ledger, publish, quarantine, replay, report, sales_table, scores
from tasks.contract import Contract
from tasks.deliver import deliver, plan_wave, promote_wave
from tasks.forecasting.drift import DriftPolicy
from tasks.forecasting.rollout import DeviceClass, RolloutPolicy, StoreList
from tasks.ingest import merge_batch, read_batch
from tasks.judge import judge
from tasks.manifest import release_id
from tasks.release import Release, releases
from tasks.score import remember, score, watch
from tests.conftest import Work

TILL = StoreList(default_device="till", devices={"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)})
POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)


@dataclass(frozen=True)
class Job:
    """What to run and kill.

    Attributes:
        step: Name of a function below.
        work: What each copy is made of.
        source: The step's input: what to ingest.
        folder: Copies go here, named 1, 2, ...; the last one of a run of all points was not killed.
        timed: Kill this many copies by a timer instead, at random moments. Defaults to 0.
    """

    step: str
    work: Work
    source: Path
    folder: Path
    timed: int = 0


def ingest(work: Work, source: Path) -> None:
    with TemporaryDirectory() as staging:
        merge_batch.fn(read_batch.fn([str(source)], work.home, Contract(), Path(staging)), work.home)


def publishing(work: Work, source: Path) -> None:
    """The end of the retrain flow: a release that is there already is only settled."""
    limits = work.limits[0]
    release = Release(work.home.releases / release_id(work.candidate, limits))
    if release.folder.exists():
        publish.settle(work.home, work.candidate, release)
    else:
        verdicts = judge.fn(work.candidate, None, limits)
        publish.publish.fn(work.home, work.candidate, verdicts, limits, "tiny", "a test")


def delivering(work: Work, source: Path) -> None:
    release = min(releases(work.home), key=lambda each: each.id)
    wave = plan_wave.fn(work.home, release, TILL, RolloutPolicy(), ["1", "2"])
    promote_wave.fn(work.home, release, wave, TILL)
    deliver.fn(work.home)


def monitoring(work: Work, source: Path) -> None:
    last, scored = score.fn(work.home, None, POLICY)
    remember.fn(work.home, watch.fn(work.home, scored, last, POLICY), scored)


def replaying(work: Work, source: Path) -> None:
    with TemporaryDirectory() as staging:
        replay.replay.fn(work.home, Contract(max_sales=10_000_000), None, Path(staging))


STEPS: dict[str, Callable[[Work, Path], None]] = {
    step.__name__: step for step in (ingest, publishing, delivering, monitoring, replaying)
}


class Noon(datetime):
    """A clock that stands still, so that two runs can be compared byte for byte."""

    @classmethod
    def now(cls, tz: Any = None) -> "Noon":
        return cls(2026, 1, 5, 12, tzinfo=tz)


def steady(folder: Path) -> None:
    """Let published bytes depend on nothing but the candidate, and draw each report once: it takes a second."""
    draw = report.report

    def drawn(*arguments: Any) -> str:
        path = folder / f"{sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()}.html"
        if not path.exists():
            path.write_text(draw(*arguments))
        return path.read_text()

    report.report = drawn
    publish.datetime = Noon  # type: ignore[misc]


PRIMITIVES: list[tuple[Any, str]] = [
    *((os, name) for name in ("replace", "rename", "fsync", "unlink", "rmdir", "mkdir")),
    *((module, "write_deltalake") for module in (ledger, quarantine, sales_table, scores)),
    (TableMerger, "execute"),
    (builtins, "open"),
    (io, "open"),
]
"""What writes: everything that a home's content goes through."""


def die_at(call: int, said: Path, home: Path) -> None:
    """Let the process kill itself right before its n-th write."""
    calls = 0

    def watched(name: str, function: Any) -> Any:
        def before(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 0 if name.endswith(".open") and not writes(*arguments[1:2], **options) else 1
            if calls == call:
                about = next((str(each) for each in arguments if isinstance(each, str | Path)), "")
                said.write_text(f"{name} {about.removeprefix(str(home))}")
                if name == "os.fsync":
                    tear(arguments[0])
                if name.endswith(".open"):
                    function(*arguments, **options)  # it empties the file that was there
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return before

    for owner, name in PRIMITIVES:
        setattr(owner, name, watched(f"{owner.__name__}.{name}", getattr(owner, name)))


def writes(mode: str = "r", **_: Any) -> bool:
    """Whether a file that is opened like this is written to."""
    return mode.strip("rbt") != ""


def tear(handle: int) -> None:
    """A power cut: half of what was written and not yet synced is lost."""
    with suppress(OSError):  # opened for reading only, so there is nothing to lose
        os.ftruncate(handle, os.fstat(handle).st_size // 2)


def forked(job: Job, number: int, prepare: Callable[[Path], None], kill_after: float | None = None) -> bool:
    """Run the step on a copy in a process of its own; whether it came to its end."""
    work = job.work.copied(job.folder / str(number))
    sys.stdout.flush()
    process = os.fork()
    if not process:
        status = 1
        try:
            prepare(work.home.root)
            STEPS[job.step](work, job.source)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(f"copy {number} failed, it was not killed")
    return os.WIFEXITED(status)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def every_point(job: Job) -> None:
    number, done = 0, False
    while not done:
        number += 1
        said = job.folder / f"{number}.txt"
        done = forked(job, number, lambda home, call=number, said=said: die_at(call, said, home))  # type: ignore[misc]
        say("not killed" if done else f"before write {number}: {said.read_text()}")


def random_moments(job: Job) -> None:
    start = time.monotonic()
    forked(job, 0, lambda _: None)
    took = time.monotonic() - start
    moments = random.Random(0)
    for number in range(1, job.timed + 1):
        after = moments.uniform(0, took)
        forked(job, number, lambda _: None, kill_after=after)
        say(f"after {1000 * after:.0f} of {1000 * took:.0f} ms")


if __name__ == "__main__":
    given: Job = pickle.loads(Path(sys.argv[1]).read_bytes())
    given.folder.mkdir(parents=True, exist_ok=True)
    steady(given.folder.parent)
    (random_moments if given.timed else every_point)(given)
