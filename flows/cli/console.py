"""How the command line speaks: one answer on stdout, progress and errors on stderr, an exit code."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

import typer

from flows.cli.progress import progress
from flows.cli.results import ErrorResult
from flows.preflight.errors import RequestError
from flows.runtime import environment
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.state.record import Document

FAILED, MISUSED, REFUSED = 1, 2, 3
"""Exit codes beside 0: it failed; bad usage or settings; refused by a check."""

Result = TypeVar("Result", bound=Document)


class Answer:
    """Takes a command's result to stdout, as JSON or for people."""

    def __init__(self, as_json: bool, finish: Callable[[], None]) -> None:
        """Args: as_json: print JSON. finish: called before anything is shown; ends the display of progress."""
        self._as_json, self._finish = as_json, finish
        self._stdout = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # whatever a library or a worker prints is not part of the answer

    def __call__(self, result: Result, view: Callable[[Result], None], refused: bool = False) -> None:
        """Show a result; leave with exit code 3 if it is a refusal."""
        self._finish()
        if self._as_json:
            self.json(result)
        else:
            sys.stdout = self._stdout
            view(result)
        self._stdout.flush()
        if refused:
            raise typer.Exit(REFUSED)

    def json(self, result: Document) -> None:
        self.text(result.model_dump_json())

    def text(self, text: str) -> None:
        """Take a text to stdout as it is."""
        print(text, file=self._stdout, flush=True)

    def error(self, message: str) -> None:
        """One line on stderr; in JSON on stdout too, as `error`."""
        self._finish()
        print(f"shelfcast: {message}", file=sys.stderr)
        if self._as_json:
            self.json(ErrorResult(error=message))


@contextmanager
def command_context(as_json: bool, quiet: bool) -> Iterator[Answer]:
    """Run a command's body: errors become one line and an exit code, progress goes to stderr.

    Args:
        as_json: One JSON object on stdout, nothing else there.
        quiet: No progress.
    """
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")  # Prefect's own lines go to its server only
    with progress(quiet) as finish:
        answer = Answer(as_json, finish)
        try:
            yield answer
        except typer.Exit:
            raise
        except TooLittleHistory as error:
            answer.error(str(error))
            raise typer.Exit(REFUSED) from None
        except KeyboardInterrupt:
            answer.error("interrupted; the same command again resumes")
            raise typer.Exit(130) from None
        except Exception as error:
            if _is_usage_error(error):
                answer.error(" ".join(_as_typed(error).split()))
                raise typer.Exit(MISUSED) from None
            if os.environ.get("SHELFCAST_DEBUG"):
                raise
            answer.error(f"{type(error).__name__}: {' '.join(str(error).split())} (SHELFCAST_DEBUG=1 shows where)")
            raise typer.Exit(FAILED) from None


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


def _as_typed(error: Exception) -> str:
    """What is wrong, in the words of the command line."""
    return error.as_option() if isinstance(error, RequestError) else str(error)


def _is_usage_error(error: Exception) -> bool:
    """Our own value errors are the user's to mend; anybody else's is a fault of ours."""
    return isinstance(error, ValueError) and type(error).__module__.split(".")[0] in ("flows", "tasks")


def start_prefect(module: str) -> Any:
    """The module `flows.<module>`; says first that Prefect starts, which takes seconds."""
    own = "" if os.environ.get("PREFECT_API_URL") else " (some 7 s; PREFECT_API_URL names a server that runs already)"
    logging.getLogger("shelfcast").info("starting Prefect%s", own)
    environment.prepare()
    return import_module(f"flows.{module}")
