"""Progress on a terminal and in a log."""

import os
import pty
import re
import subprocess
import sys

CODE = """
import logging
from flows.cli.progress import progress

log = logging.getLogger("shelfcast.test")
log.setLevel(logging.INFO)
with progress(quiet={quiet}):
    log.info("2 variants to build", extra={{"steps": 2}})
    log.info("trained lstm-64", extra={{"done": 1}})
    log.warning("lstm-4 was not built")
    log.info("trained lstm-16", extra={{"done": 1}})
"""


def on_a_terminal(quiet: bool) -> str:
    """What a terminal gets from standard error."""
    ours, theirs = pty.openpty()
    code = CODE.format(quiet=quiet)
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    ) as process:
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 4096):
                text += piece
        except OSError:  # a terminal whose other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode())


def in_a_log(quiet: bool) -> list[str]:
    code = CODE.format(quiet=quiet)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout
    return done.stderr.splitlines()


def test_a_log_has_a_plain_line_a_step_with_the_time() -> None:
    lines = in_a_log(quiet=False)
    assert [line.strip().split("  ", 1)[1] for line in lines] == [
        "2 variants to build",
        "trained lstm-64",
        "lstm-4 was not built",
        "trained lstm-16",
    ]
    assert all(re.match(r" *\d+:\d\d  ", line) for line in lines)


def test_quiet_is_quiet_everywhere() -> None:
    assert in_a_log(quiet=True) == []
    assert on_a_terminal(quiet=True).strip() == ""


def test_a_terminal_has_one_live_line_that_counts_and_warnings_that_stay() -> None:
    text = on_a_terminal(quiet=False)
    assert "trained lstm-16" in text and "2/2" in text
    assert re.search(r"^ *lstm-4 was not built *\r?$", text.replace("\r", "\n"), re.MULTILINE)
