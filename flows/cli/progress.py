"""Progress on stderr: one live line on a terminal, plain lines with the time since the start elsewhere.

A step reports by a log line. `extra={"steps": 36}` adds to the steps to do, `extra={"done": 1}` to those that are done.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from flows.runtime.log_lines import keep_plain


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[], None]]:
    """Show the steps' log lines while a command runs.

    Args:
        quiet: Show errors only.

    Yields:
        A function that ends the display, before something else is printed.
    """
    keep_plain()
    logger = logging.getLogger("shelfcast")
    logger.propagate = False
    live = sys.stderr.isatty() and not quiet
    handler: logging.Handler = _Live() if live else _lines(quiet)
    logger.addHandler(handler)
    try:
        yield handler.close
    finally:
        logger.removeHandler(handler)
        handler.close()


class _Live(logging.Handler):
    """Shows the latest line, how much is done and the time; warnings stay on the screen."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task: TaskID | None = None
        self._steps = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task("", total=None)
        self._steps += getattr(record, "steps", 0)
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._progress.console.print(message, markup=False, style="yellow")
        done = getattr(record, "done", 0)
        self._progress.update(self._task, description=message, advance=done, total=self._steps or None)

    def close(self) -> None:
        self._progress.stop()
        super().close()


class _Elapsed(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        seconds = int(record.relativeCreated / 1000)
        return f"{seconds // 60:3d}:{seconds % 60:02d}  {record.getMessage()}"


def _lines(quiet: bool) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(_Elapsed())
    handler.setLevel(logging.ERROR if quiet else logging.INFO)
    return handler
