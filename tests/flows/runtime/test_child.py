"""A child and all that it started, however stubborn, end with the parent; a program stands in `prefect`'s place."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('{}', 'w').close(); time.sleep(600)"
)
COMMAND = f"""
import subprocess, sys, time
from pathlib import Path
run = [sys.executable, "-c", {STUBBORN!r}.format("ready")]  # as a worker starts runs: in a session of its own
child = subprocess.Popen(run, start_new_session=True)
Path("arguments").write_text(" ".join(sys.argv[1:]))
Path("pid").write_text(str(child.pid))
time.sleep(600)
"""
PARENT = """
import os, sys, time
from pathlib import Path
from flows.runtime import child
child.FINISH_SECONDS, child.END_SECONDS = 1, 1
child.ROOT = Path.cwd()
with child.prefect(os.environ, "worker", "start") as process:
    print(process.pid, flush=True)
    sys.stdin.read()
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing for {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "__init__.py").touch()
    (tmp_path / "prefect" / "__main__.py").write_text(COMMAND)
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("how", ["the block ends", "kill -9"])
def test_a_child_and_what_it_started_end_with_the_parent(
    parent: subprocess.Popen[str], tmp_path: Path, how: str
) -> None:
    assert parent.stdout and parent.stdin
    child = int(parent.stdout.readline())
    wait_until((tmp_path / "ready").exists)
    wait_until((tmp_path / "pid").read_text)
    run = int((tmp_path / "pid").read_text())
    assert (tmp_path / "arguments").read_text() == "worker start"
    assert not gone(child) and not gone(run)
    if how == "kill -9":
        parent.send_signal(signal.SIGKILL)
    parent.stdin.close()
    wait_until(lambda: gone(child) and gone(run), seconds=30)
