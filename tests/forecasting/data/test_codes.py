"""Codes: the form in which they are kept, and those that people may have confused."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.forecasting.data.codes import look_alikes, normal


@pytest.mark.parametrize(
    ("text", "code"),
    [(" 7 ", "7"), ("Cafe\u0301", "Caf\u00e9"), ("\u212b", "\u00c5"), ("SHOP", "SHOP"), ("\uff17", "\uff17")],
)
def test_a_code_has_no_spaces_around_it_and_is_composed(text: str, code: str) -> None:
    assert normal(text) == code


@given(st.text())
def test_a_code_that_is_kept_stays_as_it_is(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@pytest.mark.parametrize(
    "group",
    [
        ("SHOP", "shop"),
        ("007", "07", "7"),
        ("7", "\uff17"),
        ("0", "00"),
        ("Straße", "strasse"),
        ("ﬁsh", "Fish"),
        ("IX", "Ⅸ"),
    ],
    ids=str,
)
def test_codes_that_differ_in_form_only_look_alike(group: tuple[str, ...]) -> None:
    assert look_alikes([*group, "other"], {group[0]}) == (tuple(sorted(group)),)


@pytest.mark.parametrize("pair", [("7", "70"), ("a", "á"), ("a-1", "a1"), ("", "x")], ids=str)
def test_other_codes_do_not(pair: tuple[str, str]) -> None:
    assert look_alikes(pair, set(pair)) == ()


def test_a_group_without_a_new_code_was_told_before() -> None:
    codes = ["7", "07", "shop", "SHOP"]
    assert look_alikes(codes, {"SHOP"}) == (("SHOP", "shop"),)
    assert look_alikes(codes, set()) == ()


@given(st.sets(st.text(max_size=5), max_size=20))
def test_groups_are_those_of_a_naive_loop(codes: set[str]) -> None:
    def form(code: str) -> str:
        return normalize("NFKC", normalize("NFKC", code).casefold()).lstrip("0") or "0"

    pairs = {(a, b) for a in codes for b in codes if a < b and form(a) == form(b)}
    found = {(a, b) for group in look_alikes(codes, codes) for a in group for b in group if a < b}
    assert found == pairs
