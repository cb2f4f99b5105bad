"""Builds whose worker process is killed, as a machine does that is short of memory."""

import os
import signal
from collections.abc import Callable

from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.build import build_run
from tasks.retrain.candidate import Candidate
from tests.conftest import Work


def kill_in(work: Work, variant: str, run: int, deaths: int) -> Callable[[Candidate, Variant, int], float]:
    """`build_run` as it is, but that the worker of a run is killed, some times; a file in the home counts."""
    (work.home.root / "deaths").write_text(f"{variant} {run} {deaths}")
    return build_or_die


def build_or_die(candidate: Candidate, variant: Variant, run: int) -> float:
    noted = candidate.folder.parents[1] / "deaths"
    name, number, left = noted.read_text().split()
    if (variant.name, run) == (name, int(number)) and int(left):
        noted.write_text(f"{name} {number} {int(left) - 1}")
        os.kill(os.getpid(), signal.SIGKILL)
    return build_run(candidate, variant, run)
