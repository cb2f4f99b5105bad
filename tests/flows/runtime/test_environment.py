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


ASK = """
import httpx
from flows.cli.console import start_prefect
start_prefect()
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    url = f"{client.api_url}deployments/filter".replace("api//", "api/")
    client.read_deployments()
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    print(httpx.post(url, json={}).status_code, httpx.options(url, headers=asks).status_code)
"""


def test_the_embedded_server_of_a_command_answers_nobody_else(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    run, alone = [sys.executable, "-c", ASK], clean | {"PREFECT_HOME": str(tmp_path)}
    done = subprocess.run(run, cwd=ROOT, env=alone, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "401 400"


def test_a_server_of_the_users_own_is_reached_as_the_user_says() -> None:
    code = "import os\nfrom flows.cli.console import start_prefect\nstart_prefect()\n"
    code += "print('PREFECT_API_AUTH_STRING' in os.environ, 'PREFECT_SERVER_API_AUTH_STRING' in os.environ)"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = clean | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "False"]


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
