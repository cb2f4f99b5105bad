"""How the command line speaks: the answer alone on stdout, one line for an error, and an exit code for each outcome."""

import json
import os
import sys
from collections.abc import Callable, Iterator

import pytest
import typer

from flows.cli.console import Answer, UsageError, command, parse_pairs
from flows.cli.results import ReportResult
from flows.cli.screen import echo
from flows.preflight.request import RequestError
from tasks.forecasting.data.panel import TooLittleHistory

RESULT = ReportResult(release="r1", report="r1.html")
Act = Callable[[], object]


@pytest.fixture(autouse=True)
def _own_stdout(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command has its process to itself; here stdout is given back after it."""
    fdopen, opened = os.fdopen, []
    monkeypatch.setattr(os, "fdopen", lambda *arguments: opened.append(fdopen(*arguments)) or opened[-1])
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.delenv("SHELFCAST_DEBUG", raising=False)
    kept = os.dup(1)
    yield
    os.dup2(kept, 1)
    for file in (*opened, fdopen(kept)):
        file.close()


def nothing() -> None:
    pass


def run(*arguments: str, act: Act = nothing, refused: bool = False) -> int:
    """The exit code of a command that acts and then answers."""
    app = typer.Typer()

    @command(app, "shelfcast show x")
    def show(name: str) -> Answer:
        act()
        return Answer(RESULT, lambda result: echo(f"{name}: {result.report}"), refused)

    return typer.main.get_command(app)(["x", *arguments], standalone_mode=False) or 0


def raising(error: BaseException) -> Act:
    def act() -> None:
        raise error

    return act


def test_text_from_outside_does_nothing_to_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(act=raising(ValueError("store \x1b]0;PWNED\x07\x9b2J\u202e"))) == 1
    assert "store \\x1b]0;PWNED\\x07\\x9b2J\\u202e" in capfd.readouterr().err


def test_json_has_no_control_characters_either(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--json", act=raising(UsageError("\x9b2J\u202e"))) == 2
    told = capfd.readouterr()
    assert not set(told.out + told.err) & set("\x9b\u202e")
    assert json.loads(told.out)["error"] == "\x9b2J\u202e"


def test_people_get_the_view(capfd: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capfd.readouterr().out == "x: r1.html\n"


@pytest.mark.parametrize("refused", [False, True])
def test_json_is_one_object_whatever_else_is_printed(capfd: pytest.CaptureFixture[str], refused: bool) -> None:
    assert run("--json", act=lambda: os.write(1, b"a library prints\n"), refused=refused) == (3 if refused else 0)
    told = capfd.readouterr()
    assert json.loads(told.out) == {"schema_version": 1, "release": "r1", "report": "r1.html"}
    assert told.err == "a library prints\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("name one of:\n  a, b"), 2, "name one of: a, b"),
        (RequestError("is a day. Received: x", "as_of"), 2, "--as-of is a day. Received: x"),
        (TooLittleHistory("ingest more history"), 3, "ingest more history"),
        (ValueError("of a library"), 1, "ValueError: of a library (SHELFCAST_DEBUG=1 shows where)"),
        (OSError("disk\nfull"), 1, "OSError: disk full (SHELFCAST_DEBUG=1 shows where)"),
        (KeyboardInterrupt(), 130, "interrupted; the same command again resumes"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    capfd: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    assert run(act=raising(error)) == code
    assert capfd.readouterr() == ("", f"shelfcast: {line}\n")


def test_an_error_is_json_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--json", act=raising(UsageError("name one"))) == 2
    told = capfd.readouterr()
    assert json.loads(told.out) == {"schema_version": 1, "error": "name one"}
    assert told.err == "shelfcast: name one\n"


def test_a_fault_of_ours_shows_where_if_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_DEBUG", "1")
    with pytest.raises(OSError, match="disk full"):
        run(act=raising(OSError("disk full")))


def test_a_command_has_its_own_options_and_those_of_all() -> None:
    app = typer.Typer()

    @command(app, "shelfcast look --wide", name="look")
    def seen(wide: bool = False) -> Answer:
        """Look around."""
        return Answer(RESULT, print)

    made = typer.main.get_command(app)
    assert (made.name, made.help, made.epilog) == ("look", "Look around.", "Example: shelfcast look --wide")
    assert [each.opts[0] for each in made.params][:3] == ["--wide", "--json", "--quiet"]
    assert seen().result is RESULT, "the function stays what it is"


def test_pairs_may_come_together_or_one_by_one() -> None:
    assert parse_pairs("--map", None) == {}
    assert parse_pairs("--map", ["date=Datum, store = Filiale", "item=a=b"]) == {
        "date": "Datum",
        "store": "Filiale",
        "item": "a=b",
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["date"], "--map takes name=value,name=value"),
        (["date=a,"], "--map takes name=value"),
        (["=a"], "--map takes name=value"),
        (["date=a", "date=b"], "--map names date twice: a and b"),
    ],
)
def test_pairs_that_are_none(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_pairs("--map", texts)
