"""`python -m benchmarks`: every part is a module that is named, can be imported, and runs when it is asked for."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as program

FOLDER = Path(program.__file__).parent
RUNNABLE = {path.stem for path in FOLDER.glob("*.py") if "\ndef main() -> None:" in path.read_text()} - {"__main__"}


def asked(monkeypatch: pytest.MonkeyPatch, *parts: str) -> list[str]:
    """The parts that run, instead of running them."""
    ran: list[str] = []
    monkeypatch.setattr(program, "import_module", lambda name: SimpleNamespace(main=lambda: ran.append(name)))
    monkeypatch.setattr(sys, "argv", ["benchmarks", *parts])
    program.main()
    return ran


def test_every_module_that_measures_something_is_a_part() -> None:
    assert set(program.PARTS) == RUNNABLE


def test_every_part_can_be_imported() -> None:
    code = "import importlib, sys; [importlib.import_module(f'benchmarks.{part}').main for part in sys.argv[1:]]"
    subprocess.run([sys.executable, "-c", code, *program.PARTS], cwd=FOLDER.parent, check=True, capture_output=True)


def test_help_names_every_part(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        asked(monkeypatch, "--help")
    told = capsys.readouterr().out
    assert all(f"  {name:10} {what}" in told for name, what in program.PARTS.items())


def test_parts_run_as_named_and_all_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, "gate", "files") == ["benchmarks.gate", "benchmarks.files"]
    assert asked(monkeypatch) == [f"benchmarks.{name}" for name in program.PARTS]


def test_an_unknown_part_is_refused_before_any_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        asked(monkeypatch, "files", "speed")
    assert "Received: speed" in capsys.readouterr().err
