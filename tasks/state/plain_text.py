"""Text from outside where it could act: in a terminal, in a log, in Markdown, in a chat."""

import re
from html import escape

_ACTS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (C0, DEL, C1), line separators, marks that change the direction of writing, half surrogates."""

_CHAT = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "\uff20", "]": "]\u2060", "*": "\u2217", "`": "\u2019"})
"""Signs of mentions, links, tags and emphasis, and signs that look like them; `]` is parted from a `(` behind it."""

_MARKUP = frozenset(r"\|[]`*")


def plain(text: str) -> str:
    r"""The text in one line that a terminal and a log show as it is; what would act becomes `\x1b` or `\u202e`."""
    return text if text.isprintable() else _ACTS.sub(lambda found: ascii(found[0])[1:-1], text)


def plain_json(text: str) -> str:
    r"""JSON of the same value in which what would act in a terminal is written as `\u009b`."""
    return text if text.isprintable() else _ACTS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def markdown(text: str) -> str:
    """Text as one line of Markdown without any markup of its own."""
    line = " ".join(escape(plain(" ".join(text.split())), quote=False).split())
    return "".join(f"\\{sign}" if sign in _MARKUP else sign for sign in line)


def chat(text: str) -> str:
    """The text as a line of a message that calls nobody, hides no link and has no markup, wherever it is sent."""
    return plain(" ".join(text.split())).translate(_CHAT)
