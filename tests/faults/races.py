"""A process that runs pairs of commands at once, each in a process of its own and on a fresh copy of a home.

It imports once and forks for each command. Run as `python -m tests.faults.races JOB`, where JOB is a pickled `Pairs`;
stdout says which pair ran in which copy, and the two exit codes, one line a pair, as soon as it ended. Each pair that
is drawn also runs one after the other, in both orders.
"""

import os
import pickle
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

from tasks.promote.deliver import deliver
from tasks.promote.override import grant, revoke
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override
from tasks.state.releases import releases
from tasks.verify.walk import walk
from tests.conftest import Work
from tests.faults.driver import monitoring, say
from tests.stores import promote, roll_back

DAY = date(2026, 1, 5)


@dataclass(frozen=True)
class Pairs:
    """What to run.

    Attributes:
        work: What each copy is made of.
        folder: Copies go here.
        draws: Number of pairs that run at once.
    """

    work: Work
    folder: Path
    draws: int


def promote_all(home: Home) -> None:
    with home.writing():
        promote(home, releases(home)[0].id, "1", "2")
        deliver.fn(home, Ledger.of(home))


def promote_older(home: Home) -> None:
    with home.writing():
        promote(home, releases(home)[1].id, "1")
        deliver.fn(home, Ledger.of(home))


def rollback_one(home: Home) -> None:
    _roll_back(home, "1")


def rollback_all(home: Home) -> None:
    _roll_back(home, "1", "2")


def _roll_back(home: Home, *stores: str) -> None:
    with home.writing():
        roll_back(home, *stores)
        deliver.fn(home, Ledger.of(home), stores)


def override(home: Home) -> None:
    with home.writing():
        grant.fn(home, _freeze(home), DAY)


def revoke_it(home: Home) -> None:
    with home.writing():
        revoke.fn(home, _freeze(home), DAY)


def _freeze(home: Home) -> Override:
    return Override(releases(home)[0].id, "freeze", None, "Ana Ruiz", "a test", DAY)


def monitor(home: Home) -> None:
    monitoring(Work(home, None), Path())  # type: ignore[arg-type]


def verify(home: Home) -> None:
    walk.fn(home, repair=True)


COMMANDS: tuple[Callable[[Home], None], ...] = (
    promote_all,
    promote_older,
    rollback_one,
    rollback_all,
    override,
    revoke_it,
    monitor,
    verify,
)


def started(command: Callable[[Home], None], home: Home, at: float) -> int:
    """The process id of a command that begins at a moment."""
    sys.stdout.flush()
    process = os.fork()
    if not process:
        status = 1
        try:
            time.sleep(max(0.0, at - time.monotonic()))
            command(home)
            status = 0
        finally:
            os._exit(status)
    return process


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def copied(job: Pairs, name: str) -> Home:
    shutil.copytree(job.work.home.root, job.folder / name)
    return Home(job.folder / name)


def main(job: Pairs) -> None:
    pairs = random.Random(0)
    serial = set[tuple[str, str]]()
    for number in range(job.draws):
        one, other = pairs.choice(list(product(COMMANDS, COMMANDS)))
        for first, second in ((one, other), (other, one)):
            if (first.__name__, second.__name__) not in serial:
                serial.add((first.__name__, second.__name__))
                home = copied(job, f"{first.__name__}-{second.__name__}")
                if ended(started(first, home, 0)) or ended(started(second, home, 0)):
                    sys.exit(f"{first.__name__} and then {second.__name__} fail")
        home, now = copied(job, str(number)), time.monotonic() + 0.05
        processes = [started(each, home, now + pairs.uniform(0, 0.05)) for each in (one, other)]
        say(" ".join(map(str, (number, one.__name__, other.__name__, *map(ended, processes)))))


if __name__ == "__main__":
    main(pickle.loads(Path(sys.argv[1]).read_bytes()))
