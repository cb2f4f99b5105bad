"""Cells of a CSV that people open in a spreadsheet: none is taken for a formula, and each can be read back."""

import re

_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""What a spreadsheet may take for a formula, and the same behind quotes that were put before it."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?")


def defused(text: str | None) -> str | None:
    """The text with a `'` before it where a spreadsheet might run it; a plain number, such as -3, stays one.

    Source: OWASP, CSV Injection.
    """
    if text is None or _NUMBER.fullmatch(text) or not _FORMULA.match(text):
        return text
    return f"'{text}"


def as_it_was(cell: str) -> str:
    """The text that `defused` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
