"""The environment of flows: prepared whoever imports them, Prefect first or not, and never over the user's own."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.runtime.environment import DEFAULTS

ROOT = Path(__file__).parents[3]
SHOW = """
import logging, os
from prefect.settings import get_current_settings
settings = get_current_settings()
kinds = {type(handler).__name__ for handler in logging.getLogger("shelfcast").handlers}
server = settings.server
print(server.ephemeral.startup_timeout_seconds, settings.logging.extra_loggers, server.analytics_enabled)
print(os.environ["GX_ANALYTICS_ENABLED"], os.environ["DO_NOT_TRACK"])
print(logging.getLogger("shelfcast").level, "APILogHandler" in kinds)
"""
EVERYWHERE = ["300 ['shelfcast'] False", "false 1", f"{logging.INFO} True"]


def shown(code: str, **environment: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if name not in DEFAULTS}
    run = [sys.executable, "-c", code + SHOW]
    done = subprocess.run(run, cwd=ROOT, env=clean | environment, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-3:]


@pytest.mark.parametrize(
    "code",
    ["from flows.tidy import tidy", "import prefect\nfrom flows.tidy import tidy"],
    ids=["a program", "a worker, which imports Prefect first"],
)
def test_a_flow_that_is_imported_has_its_environment(code: str) -> None:
    assert shown(code) == EVERYWHERE


def test_the_command_line_prepares_it_before_prefect_is_there() -> None:
    code = "import sys\nfrom flows.runtime.environment import prepare\nprepare()\n"
    assert shown(f"{code}assert 'prefect' not in sys.modules\nfrom prefect import flow") == EVERYWHERE


def test_what_the_user_set_stays() -> None:
    timeout, loggers, *_ = shown(
        "from flows.tidy import tidy",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="7",
        PREFECT_LOGGING_EXTRA_LOGGERS="mine",
    )[0].split()
    assert (timeout, loggers) == ("7", "['mine']")


def test_an_import_of_the_package_sets_nothing() -> None:
    code = f"import os, flows, flows.settings; print([name for name in {list(DEFAULTS)} if name in os.environ])"
    clean = {name: value for name, value in os.environ.items() if name not in DEFAULTS}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=clean, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
