"""How the command line speaks: one answer on stdout, progress and errors on stderr, an exit code."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from tasks.forecasting.data.panel import TooLittleHistory

FAILED, MISUSED, REFUSED = 1, 2, 3
"""Exit codes beside 0: it failed; bad usage or settings; refused by a check."""

View = Callable[[Any], None]


class Answer:
    """Takes a command's result to stdout, as JSON or for people."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._stdout = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # whatever a library or a worker prints is not part of the answer

    def __call__(self, result: BaseModel | dict[str, Any], view: View, refused: bool = False) -> None:
        """Show a result; leave with exit code 3 if it is a refusal."""
        if self._as_json:
            self.json(result)
        else:
            sys.stdout = self._stdout
            view(result)
        self._stdout.flush()
        if refused:
            raise typer.Exit(REFUSED)

    def json(self, result: BaseModel | dict[str, Any]) -> None:
        text = result.model_dump_json() if isinstance(result, BaseModel) else json.dumps(result, allow_nan=False)
        print(text, file=self._stdout, flush=True)

    def error(self, message: str) -> None:
        """One line on stderr; in JSON on stdout too, as `error`."""
        print(f"shelfcast: {message}", file=sys.stderr)
        if self._as_json:
            self.json({"error": message})


@contextmanager
def answering(as_json: bool, quiet: bool) -> Iterator[Answer]:
    """Run a command's body: errors become one line and an exit code, progress goes to stderr.

    Args:
        as_json: One JSON object on stdout, nothing else there.
        quiet: No progress.
    """
    answer = Answer(as_json)
    _log(quiet)
    try:
        yield answer
    except typer.Exit:
        raise
    except TooLittleHistory as error:
        answer.error(str(error))
        raise typer.Exit(REFUSED) from None
    except KeyboardInterrupt:
        answer.error("interrupted; run the same command again to go on")
        raise typer.Exit(130) from None
    except Exception as error:
        if _is_misuse(error):
            answer.error(" ".join(str(error).split()))
            raise typer.Exit(MISUSED) from None
        if os.environ.get("SHELFCAST_DEBUG"):
            raise
        answer.error(f"{type(error).__name__}: {' '.join(str(error).split())} (SHELFCAST_DEBUG=1 shows where)")
        raise typer.Exit(FAILED) from None


class Misuse(ValueError):
    """Arguments that do not go together."""


def pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """What `name=value,name=value` says, of an option that can come several times.

    Raises:
        Misuse: If a part is no pair, or two have the same name.
    """
    found: dict[str, str] = {}
    for part in ",".join(texts or []).split(",") if texts else []:
        name, equals, value = (each.strip() for each in part.partition("="))
        if not (name and equals):
            raise Misuse(f"{option} takes name=value,name=value; a value with a comma goes into a feed of the settings")
        if name in found:
            raise Misuse(f"{option} names {name} twice: {found[name]} and {value}")
        found[name] = value
    return found


def _is_misuse(error: Exception) -> bool:
    """Our own value errors are the user's to mend; anybody else's is a fault of ours."""
    return isinstance(error, ValueError) and type(error).__module__.split(".")[0] in ("flows", "tasks")


class _Elapsed(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        seconds = int(record.relativeCreated / 1000)
        return f"{seconds // 60:3d}:{seconds % 60:02d}  {record.getMessage()}"


def _log(quiet: bool) -> None:
    """Steps' log lines go to stderr with the time since the start; Prefect's own go to its server only."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    handler = logging.StreamHandler()
    handler.setFormatter(_Elapsed())
    handler.setLevel(logging.ERROR if quiet else logging.INFO)
    logger = logging.getLogger("shelfcast")
    logger.addHandler(handler)
    logger.propagate = False


def flows(module: str) -> Any:
    """The module `flows.<module>`; says first that Prefect starts, which takes seconds."""
    own = (
        ""
        if os.environ.get("PREFECT_API_URL")
        else "; its embedded server takes a while, PREFECT_API_URL names another"
    )
    logging.getLogger("shelfcast").info("starting Prefect%s", own)
    return import_module(f"flows.{module}")


def say(text: str) -> None:
    """Text for people, on stdout."""
    Console(file=sys.stdout, highlight=False, soft_wrap=True).print(text, markup=False)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], left: int = 1) -> None:
    """A table for people, on stdout; the first `left` columns are text, the others numbers."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for index, header in enumerate(headers):
        grid.add_column(header, justify="left" if index < left else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*("-" if cell is None else str(cell) for cell in row))
    width = None if sys.stdout.isatty() else 160
    Console(file=sys.stdout, highlight=False, width=width).print(grid)
