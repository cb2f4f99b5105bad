"""Our log lines: text from outside in them does nothing to a terminal, whatever handler writes them."""

import logging
from functools import cache
from typing import Any

from tasks.state.plain_text import plain


class _Line(logging.LogRecord):
    def getMessage(self) -> str:  # noqa: N802  # logging's name
        return plain(super().getMessage())


@cache
def keep_plain() -> None:
    """Have each line of a `shelfcast` logger written in one line without control characters."""
    usual = logging.getLogRecordFactory()

    def made(name: str, *arguments: Any, **more: Any) -> logging.LogRecord:
        return (_Line if f"{name}.".startswith("shelfcast.") else usual)(name, *arguments, **more)

    logging.setLogRecordFactory(made)
