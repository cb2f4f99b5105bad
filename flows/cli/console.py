"""How the command line speaks: one answer on stdout, progress and errors on stderr, an exit code."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import Signature, signature
from typing import Annotated, Any, Generic, TypeVar

import typer

from flows.cli.progress import progress
from flows.cli.results import ErrorResult
from flows.preflight.request import RequestError
from flows.runtime import environment
from flows.settings import Settings
from flows.settings_errors import is_misuse
from flows.settings_variables import require_known
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.state.plain_text import plain, plain_json
from tasks.state.record import Document

FAILED, MISUSED, REFUSED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes beside 0: it failed; bad usage or settings; refused by a check; ended by Ctrl-C."""

Result = TypeVar("Result", bound=Document)

Json = Annotated[bool, typer.Option("--json", help="Print JSON: one object on stdout")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress, only errors")]


@dataclass(frozen=True)
class Answer(Generic[Result]):
    """What a command answers.

    Attributes:
        result: The command's result, which `--json` prints.
        view: Prints the result for people.
        refused: Whether the result is a refusal, with exit code 3. Defaults to `False`.
        failed: Whether a part of it failed, with exit code 1. Defaults to `False`.
    """

    result: Result
    view: Callable[[Result], None]
    refused: bool = False
    failed: bool = False


class Stdout:
    """The standard output of a command: the answer and nothing else, as JSON or for people.

    Args:
        as_json: Whether results are printed as JSON.
        finish: Ends the display of progress; called before anything is shown.
    """

    def __init__(self, as_json: bool, finish: Callable[[], None]) -> None:
        self._as_json, self._finish = as_json, finish
        self._stdout = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # whatever a library or a worker prints is not part of the answer

    def show(self, answer: Answer[Any]) -> None:
        """Show an answer; leave with exit code 1 if a part of it failed, or else with 3 if it is a refusal."""
        self._finish()
        if self._as_json:
            self.text(plain_json(answer.result.model_dump_json()))
        else:
            sys.stdout = self._stdout
            answer.view(answer.result)
        self._stdout.flush()
        if answer.failed or answer.refused:
            raise typer.Exit(FAILED if answer.failed else REFUSED)

    def text(self, text: str) -> None:
        """Print a text as it is."""
        print(text, file=self._stdout, flush=True)

    def error(self, message: str) -> None:
        """Print one line on stderr; with `--json` also on stdout, as `error`."""
        self._finish()
        print(f"shelfcast: {plain(message)}", file=sys.stderr)
        if self._as_json:
            self.text(plain_json(ErrorResult(error=message).model_dump_json()))


def command(app: typer.Typer, example: str, panel: str | None = None, name: str | None = None) -> Callable[..., Any]:
    """Make a function a command that shows what the function answers; it has the options --json and --quiet too.

    Args:
        app: The application that the command belongs to.
        example: A call of the command, for its help.
        panel: Heading under which the help lists the command. Defaults to `None`, the general one.
        name: Name of the command. Defaults to that of the function.
    """

    def decorated(function: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
        def run(as_json: Json = False, quiet: Quiet = False, **arguments: Any) -> None:
            with command_context(as_json, quiet) as stdout:
                stdout.show(function(**arguments))

        own, (as_json, quiet, _) = signature(function).parameters, signature(run).parameters.values()
        run.__signature__ = Signature([*own.values(), as_json, quiet])  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ |= function.__annotations__
        run.__name__, run.__doc__ = function.__name__, function.__doc__
        app.command(name, rich_help_panel=panel, epilog=f"Example: {example}")(run)
        return function

    return decorated


@contextmanager
def command_context(as_json: bool, quiet: bool) -> Iterator[Stdout]:
    """Run a command's body: errors become one line and an exit code, progress goes to stderr.

    Args:
        as_json: Whether stdout gets one JSON object and nothing else.
        quiet: Whether no progress is shown.
    """
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")  # Prefect's own lines go to its server only
    with progress(quiet) as finish:
        stdout = Stdout(as_json, finish)
        try:
            require_known(Settings.model_fields)
            yield stdout
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            code, message = _outcome(error)
            if code == FAILED and os.environ.get("SHELFCAST_DEBUG"):
                raise
            stdout.error(" ".join(message.split()))
            raise typer.Exit(code) from None


def _outcome(error: BaseException) -> tuple[int, str]:
    """The exit code and the message of an error."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted; the same command again resumes"
    if isinstance(error, TooLittleHistory):
        return REFUSED, str(error)
    if is_misuse(error):
        return MISUSED, error.as_option() if isinstance(error, RequestError) else str(error)
    return FAILED, f"{type(error).__name__}: {error} (SHELFCAST_DEBUG=1 shows where)"


class UsageError(ValueError):
    """Arguments that do not go together."""


def parse_pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """What `name=value,name=value` says, of an option that can come several times.

    Raises:
        UsageError: If a part is no pair, or two have the same name.
    """
    found: dict[str, str] = {}
    for part in ",".join(texts or []).split(",") if texts else []:
        name, equals, value = (each.strip() for each in part.partition("="))
        if not (name and equals):
            raise UsageError(
                f"{option} takes name=value,name=value; a value with a comma goes into a feed of the settings"
            )
        if name in found:
            raise UsageError(f"{option} names {name} twice: {found[name]} and {value}")
        found[name] = value
    return found


def start_prefect() -> None:
    """Prepare for the import of a flow: say that Prefect starts, which takes seconds, and set its environment."""
    own = "" if os.environ.get("PREFECT_API_URL") else " (some 7 s; PREFECT_API_URL names a server that runs already)"
    logging.getLogger("shelfcast").info("starting Prefect%s", own)
    environment.prepare()
    environment.close_embedded_server()
