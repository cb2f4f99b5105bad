"""Cells for spreadsheets: no formula is left, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.cells import as_it_was, defused

FORMULAS = ["=cmd|' /C calc'!A0", "=HYPERLINK(1)", "@SUM(1+1)*cmd|x", "+1+1", "-1+1", "\t=1+1", "\r=1", " =1", "＝1+1"]
TEXTS = st.text() | st.from_regex(r"'{0,3}[=+@\t\r \-]{0,2}[0-9=a]{0,3}", fullmatch=True)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_a_quote(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "7", "-3", "+3.5", "-1e3", "'tis", "a=b", "2026-01-05", None])
def test_what_is_none_stays(text: str | None) -> None:
    assert defused(text) == text


@given(TEXTS)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert as_it_was(defused(text) or "") == text


@given(TEXTS)
def test_a_correction_that_a_person_types_stays(text: str) -> None:
    assert as_it_was(text) in (text, text.removeprefix("'"))
