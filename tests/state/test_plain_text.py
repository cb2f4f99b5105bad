"""Text from outside: nothing in it acts, and nothing else is changed."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.state.plain_text import chat, markdown, plain, plain_json

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ACTING = [*map(chr, (*range(32), *range(127, 160))), *BIDI, "\u2028", "\u2029", "\udcff"]
TEXTS = st.lists(st.sampled_from(ACTING) | st.characters(), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;PWNED\x07\x1b[31mx", "\\x1b]0;PWNED\\x07\\x1b[31mx"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\udcff", "\\udcff"),
        ("Köln „Süd“ \u00a0 café 日本 👩‍👩‍👧", "Köln „Süd“ \u00a0 café 日本 👩‍👩‍👧"),
    ],
)
def test_what_would_act_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(TEXTS)
def test_nothing_that_acts_is_left(text: str) -> None:
    found = plain(text)
    assert not set(found) & set(ACTING)
    assert not [sign for sign in found if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]
    found.encode()


@given(st.lists(TEXTS | st.dictionaries(TEXTS, TEXTS), max_size=5))
def test_json_has_the_same_value(value: object) -> None:
    text = plain_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not set(text) & set(ACTING)


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=a()>", "[a](javascript:b)", "a | b", "**x**", "`x`", "a\n# b", "\x1b"]
)
def test_markdown_has_no_markup_of_the_texts_own(text: str) -> None:
    found = markdown(f"store {text}")
    assert "<" not in found and "\n" not in found and "\x1b" not in found
    assert not [place for place, sign in enumerate(found) if sign in "|[]`*" and found[place - 1] != "\\"]


MENTIONS = (
    "<!channel> @everyone <https://evil.example|safe> [x](https://evil.example) *b* `c` <img src=x> \x1b[2J\u202e"
)


@pytest.mark.parametrize("target", ["json", "json-html", "json-markdown", "slack", "discord", "mailto"])
def test_a_message_calls_nobody_and_hides_no_link(target: str) -> None:
    """As Apprise hands it to each kind of target."""
    shown = _sent(f"[open] drift: store {chat(MENTIONS)}", target)
    assert not [
        sign for sign in ("<!", "@everyone", "<http", "](", "*b*", "`c`", "<img", "\x1b", "\u202e") if sign in shown
    ]
    assert "channel" in shown


def _sent(body: str, target: str) -> str:
    """A body in the format that a target reads, as Apprise makes it of text."""
    import apprise
    from apprise.conversion import convert_between

    formats = {"json-html": "html", "mailto": "html", "json-markdown": "markdown", "discord": "markdown"}
    return convert_between(apprise.NotifyFormat.TEXT, apprise.NotifyFormat(formats.get(target, "text")), body)
