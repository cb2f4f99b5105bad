"""Locks: one process at a time, and none after the process that held it."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from tasks.state.lock import is_free, locked

HOLD = """
import sys, time
from pathlib import Path
from tasks.state.lock import locked
with locked(Path(sys.argv[1]), ""):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_and_says_so_until_the_first_is_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "new" / "a.lock"
    with holder(path) as first:
        assert not is_free(path)
        killer = Thread(target=lambda: (time.sleep(0.5), os.kill(first.pid, signal.SIGKILL)))
        killer.start()
        with caplog.at_level(logging.INFO, "shelfcast.lock"), locked(path, "waiting for the other"):
            assert not is_free(path)
            assert first.wait() == -signal.SIGKILL
        killer.join()
    assert [record.message for record in caplog.records] == ["waiting for the other"]
    assert is_free(path) and path.exists(), "what is left of it is harmless"


def test_who_holds_it_goes_on_and_others_are_held_up_by_what_is_left_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert is_free(path)
    with locked(path, ""), locked(path, ""):
        assert not is_free(path)
    assert is_free(path)
