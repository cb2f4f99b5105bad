"""Environment variables: one that nobody knows is refused, and the name that was meant is said."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import Settings, load
from flows.settings_errors import SettingsError
from flows.settings_variables import BESIDE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SHELFCAST_ALERT_URL", "is SHELFCAST_ALERT_URLS meant?"),
        ("SHELFCAST_GAET__MAX_MAPE", "is SHELFCAST_GATE__MAX_MAPE meant?"),
        ("shelfcast_home", "is SHELFCAST_HOME meant?"),
        ("SHELFCAST_STORE", "is SHELFCAST_STORES meant?"),
        ("SHELFCAST_", "unset it, or use one of SHELFCAST_ALERT_URLS, "),
        ("SHELFCAST_XQZ", "unset it, or use one of SHELFCAST_ALERT_URLS, "),
    ],
)
def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(
        SettingsError, match=f"^environment variable {name}: no setting has that name; {re.escape(words)}"
    ):
        load()


def test_known_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_DEBUG", "")
    monkeypatch.setenv("SHELFCAST_BENCH_SALES", "x.csv")
    monkeypatch.setenv("shelfcast_gate__max_mape", "20")
    assert load().gate.max_mape == 20


def test_each_variable_that_the_code_reads_is_known() -> None:
    files = [
        path for folder in ("flows", "tasks", "benchmarks", "deployments") for path in (ROOT / folder).rglob("*.py")
    ]
    read = {name for path in files for name in re.findall(r'"SHELFCAST_([A-Z_]+)"', path.read_text())}
    assert read - {""} <= {*BESIDE, *(name.upper() for name in Settings.model_fields)}
    assert {"HOME", "SETTINGS", "STORES", "SEASONS", "DEBUG"} <= read


@pytest.mark.parametrize("command", [("status",), ("rollback", "1"), ("sample", "x.csv")], ids=" ".join)
def test_every_command_refuses_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = os.environ | {"SHELFCAST_ALERT_URL": "json://x", "SHELFCAST_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli.app import main; main()", *command],
        capture_output=True, text=True, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is SHELFCAST_ALERT_URLS meant?" in done.stderr
    assert not list(tmp_path.iterdir())
