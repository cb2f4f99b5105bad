"""Log lines with text from outside, by whatever handler."""

import logging

import pytest

from flows.runtime.log_lines import keep_plain

TITLE = "\x1b]0;PWNED\x07\nfake line"


def test_a_line_of_ours_is_plain_and_others_stay(caplog: pytest.LogCaptureFixture) -> None:
    keep_plain()
    with caplog.at_level(logging.INFO):
        logging.getLogger("shelfcast.alert").info("store %s", TITLE)
        logging.getLogger("other").info("a\nb")
    assert caplog.messages == ["store \\x1b]0;PWNED\\x07\\nfake line", "a\nb"]


def test_it_is_done_once() -> None:
    keep_plain()
    before = logging.getLogRecordFactory()
    keep_plain()
    assert logging.getLogRecordFactory() is before
