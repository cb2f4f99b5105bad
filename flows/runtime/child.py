"""A `prefect` command as a child that ends with its parent, however the parent ends, and whose runs end with it."""

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import psutil

ROOT = Path(__file__).parents[2]
FINISH_SECONDS = 20
"""Seconds in which a child that is told to stop may finish what it does: a worker waits for its runs."""
END_SECONDS = 5
"""Seconds in which whatever is left may end by itself before it is killed."""


@contextmanager
def prefect(environment: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `prefect` command that ends with the block, and all that it started with it.

    It is in a session of its own, so that Ctrl-C stops it in our order. It also ends when this process is killed: the
    pipe at its standard input closes then.

    Args:
        environment: Its environment variables.
        arguments: The command and its options, such as `worker`, `start`.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        family = _family(process.pid)  # runs have sessions of their own
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(FINISH_SECONDS)
        _end(family)
        process.wait()


def _family(pid: int) -> list[psutil.Process]:
    """A process and all below it; none if it has ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _end(family: list[psutil.Process]) -> None:
    """End processes: a flow run that is told to stop reports itself as crashed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, family = psutil.wait_procs(family, END_SECONDS)


def _end_with_parent() -> None:
    """Wait until the parent's end of the pipe closes, then end all below this process, and this process."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    _end(_family(os.getpid())[1:])  # while it is here to see that they do
    os.kill(os.getpid(), signal.SIGKILL)


def _main() -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
