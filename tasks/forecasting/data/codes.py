"""Codes of stores and items: the one form in which they are kept, and which of them people may have confused."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Annotated
from unicodedata import normalize

from pydantic import AfterValidator


def normal(text: str) -> str:
    """A code as it is kept: without spaces around it, in Unicode's composed form (NFC)."""
    text = text.strip()
    return text if text.isascii() else normalize("NFC", text)


Code = Annotated[str, AfterValidator(normal)]
"""A code in a setting, in the form in which it is kept."""


def look_alikes(codes: Iterable[str], fresh: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of codes that differ only in case, in Unicode form or in leading zeros, each group in order.

    For example, `shop` and `SHOP` are such a group, or `7`, `07` and a full-width 7.

    Args:
        codes: All codes.
        fresh: Those that are new; a group without any of them was told before and is left out.
    """
    if not fresh:
        return ()
    groups: dict[str, set[str]] = defaultdict(set)
    for code in codes:
        groups[_form(code)].add(code)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1 and group & set(fresh)))


def _form(code: str) -> str:
    """What is left of a code without case, Unicode form (NFKC) and leading zeros."""
    folded = code.lower() if code.isascii() else normalize("NFKC", normalize("NFKC", code).casefold())
    return folded.lstrip("0") or "0"
