"""Names of stores' files: short, safe on any file system, and never shared."""

import re
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.state.file_name import file_name

WINDOWS = ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
HOSTILE = ["", ".", "..", "../1", "/etc/passwd", "a/b", "a\\b", "c:", "a.b", "-rf", "SHOP", "é", "e\u0301", "x" * 61]
CODES = st.text() | st.sampled_from([*WINDOWS, *HOSTILE]) | st.from_regex(r"[a-zA-Z0-9_-]{1,70}", fullmatch=True)


@pytest.mark.parametrize("code", ["1", "042", "shop-7_b", "x" * 60, "0sha256-"])
def test_a_plain_code_is_its_own_name(code: str) -> None:
    assert file_name(code) == code


@pytest.mark.parametrize("code", [*WINDOWS, *HOSTILE, "sha256-", file_name("SHOP"), "Магазин", "\udcff", "a\n"])
def test_any_other_code_is_named_by_its_hash(code: str) -> None:
    assert re.fullmatch(r"sha256-[0-9a-f]{32}", file_name(code))


@given(CODES)
def test_a_name_is_short_and_stays_in_its_folder(code: str) -> None:
    name = file_name(code)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", name)
    assert not PureWindowsPath(f"{name}.json").is_reserved()


@given(CODES, CODES)
def test_two_codes_never_share_a_name_in_any_case(one: str, other: str) -> None:
    assert (one == other) == (file_name(one).casefold() == file_name(other).casefold())


@given(CODES)
def test_a_name_is_not_the_name_of_another_code(code: str) -> None:
    name = file_name(code)
    assert name == code or file_name(name) != name
