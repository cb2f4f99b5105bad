"""What people see on stdout: sentences that wrap at words, and tables that fit the terminal."""

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from tasks.report.text import plural
from tasks.state.plain_text import plain

GAP = 2
"""Blanks between two columns."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        text: Whether its cells are text, which is aligned to the left and may wrap; numbers are aligned to the right.
        rank: Where a terminal is too narrow, columns of the highest rank are left out first; those of rank 0 never.
    """

    title: str
    text: bool = False
    rank: int = 0


def echo(line: str = "") -> None:
    """Print a line of text; on a terminal it wraps at words, and paths and commands stay whole."""
    line, width = plain(line), _width()
    print(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) if width else line)


def table(columns: Sequence[Column | str], rows: Iterable[Sequence[Any]], wide: bool = False) -> None:
    """Print a table with the columns that fit; a last line says how many were left out.

    Args:
        columns: Its columns; a plain string is a column of numbers.
        rows: One cell a column; `None` is shown as a dash.
        wide: Show all columns, whatever the terminal's width. Piped output has them anyway. Defaults to `False`.
    """
    headed = [column if isinstance(column, Column) else Column(column) for column in columns]
    cells = [["-" if cell is None else plain(str(cell)) for cell in row] for row in rows]
    titles = [column.title for column in headed]
    widths = [max(map(cell_len, texts)) for texts in zip(titles, *cells, strict=True)]
    limit = None if wide else _width()
    shown = _fitting(headed, widths, limit)
    full = sum(widths[index] + GAP for index in shown)
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for index in shown:
        _add_column(grid, headed[index], widths[index])
    for row in cells:
        grid.add_row(*(row[index] for index in shown))
    Console(file=sys.stdout, highlight=False, markup=False, width=min(full, limit) if limit else full).print(grid)
    if left_out := len(headed) - len(shown):
        echo(f"{plural(left_out, 'more column')}: --wide")


def _add_column(grid: Table, column: Column, width: int) -> None:
    if column.text:
        grid.add_column(column.title, overflow="fold")
    else:
        grid.add_column(column.title, justify="right", no_wrap=True, overflow="fold", min_width=width)


def _fitting(columns: Sequence[Column], widths: Sequence[int], limit: int | None) -> list[int]:
    """Places of the columns to show."""
    shown = list(range(len(columns)))
    while limit and sum(widths[index] + GAP for index in shown) - GAP > limit:
        last = max(reversed(shown), key=lambda index: columns[index].rank)
        if not columns[last].rank:
            break
        shown.remove(last)
    return shown


def _width() -> int | None:
    """Columns of the terminal, or of `$COLUMNS`; `None` where output goes elsewhere."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return get_terminal_size().columns
    return None
