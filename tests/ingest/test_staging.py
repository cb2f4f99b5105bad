"""The staging folder: what a killed run left is cleared, a live run's folder is not."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tasks.ingest.staging import PREFIX, clear, staging_folder

HOLD = """
import time
from tasks.ingest.staging import staging_folder
with staging_folder() as folder:
    (folder / "rows").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def aged(folder: Path) -> Path:
    past = time.time() - 100
    os.utime(folder, (past, past))
    return folder


def test_it_is_gone_with_its_run(temporary: Path) -> None:
    with staging_folder() as folder:
        assert folder.parent == temporary
        (folder / "rows").mkdir()
    assert not list(temporary.iterdir())


def test_what_a_killed_run_left_goes_with_the_next_and_a_live_runs_folder_stays(temporary: Path) -> None:
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as run:
        assert run.stdout
        folder = aged(Path(run.stdout.readline().strip()))
        assert clear() == [] and folder.exists()
        run.send_signal(signal.SIGKILL)
    with staging_folder() as own:
        assert list(temporary.iterdir()) == [own]


def test_what_is_young_or_no_folder_of_ours_stays(temporary: Path) -> None:
    (temporary / f"{PREFIX}young").mkdir()
    (temporary / f"{PREFIX}file").touch()
    (temporary / "elsewhere").mkdir()
    (temporary / f"{PREFIX}link").symlink_to(aged(temporary / "elsewhere"))
    assert clear() == [] and len(list(temporary.iterdir())) == 4
