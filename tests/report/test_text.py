"""Numbers as people read them: no minus zero, a sign that shows, and a mark for what is undefined."""

import math

import pytest

from tasks.report.text import (
    ON_PAGES,
    amount,
    capitalised,
    difference,
    listed,
    number,
    percent,
    plural,
    rounded,
    setting,
    signed,
    span,
)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234.5, 2, "1,234.50"),
        (-0.3, 2, "-0.30"),
        (-0.001, 2, "0.00"),
        (0.0, 2, "0.00"),
        (69172, 0, "69,172"),
        (0.0123, 3, "0.012"),
        (None, 2, "-"),
        (math.nan, 2, "-"),
        (math.inf, 2, "-"),
    ],
)
def test_a_number(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.12, "+0.12"), (-0.12, "-0.12"), (0.001, "0.00"), (-0.001, "0.00"), (None, "-")]
)
def test_a_number_with_its_sign(value: float | None, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(8.581, "%", "8.58 %"), (0.3, "pp", "0.30 pp"), (1732, "bytes", "1,732 bytes")]
)
def test_a_number_with_its_unit(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text
    assert amount(None, unit) == "-"


def test_pages_have_a_dash_and_a_minus_sign() -> None:
    assert ON_PAGES["number"](None) == ON_PAGES["signed"](math.nan) == ON_PAGES["amount"](None, "%") == "–"
    assert ON_PAGES["number"](-1.5) == ON_PAGES["signed"](-1.5) == "−1.50"
    assert ON_PAGES["amount"](-1.5, "%") == "−1.50 %" and ON_PAGES["number"](2.25, 1) == "2.2"


def test_rounding_keeps_the_undefined_apart_from_zero() -> None:
    assert rounded(math.nan) is rounded(None) is None
    assert math.copysign(1, rounded(-0.001) or 0.0) == 1


@pytest.mark.parametrize(("share", "text"), [(0.95, "95 %"), (0.995, "99.5 %"), (0.9, "90 %")])
def test_a_share(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, ""),
        (1, "0"),
        (5, "0, 1, 2, 3, 4"),
        (6, "0, 1, 2, 3, 4 and 1 more"),
        (1005, "0, 1, 2, 3, 4 and 1,000 more"),
    ],
)
def test_a_few_of_many(count: int, text: str) -> None:
    assert listed([str(each) for each in range(count)]) == text


def test_a_count_with_its_noun() -> None:
    assert [plural(count, "day") for count in (0, 1, 2, 1000)] == ["0 days", "1 day", "2 days", "1,000 days"]


def test_a_capital_letter_first() -> None:
    assert capitalised("it would have passed at MAPE 3") == "It would have passed at MAPE 3"
    assert capitalised("") == ""


@pytest.mark.parametrize(
    ("value", "other", "found"),
    [(8.584303, 8.588003, 0.0), (13.40, 13.36, 0.04), (8.0, 9.0, -1.0), (None, 1.0, None), (1.0, math.nan, None)],
)
def test_a_difference_is_rounded_after_the_subtraction(value: float, other: float, found: float | None) -> None:
    got = difference(value, other)
    assert got == found and str(got) != "-0.0"


@pytest.mark.parametrize(
    ("values", "unit", "text"),
    [
        ([8.591, 8.589], "%", "8.59 %"),
        ([0.3, -0.08, None], "pp", "-0.08 to 0.30 pp"),
        ([6004, 1732], "bytes", "1,732 to 6,004 bytes"),
        ([None, math.nan], "%", "-"),
        ([], "%", "-"),
    ],
)
def test_the_lowest_and_the_highest(values: list[float | None], unit: str, text: str) -> None:
    assert span(values, unit) == text


def test_a_setting_as_people_read_it() -> None:
    values = (True, False, None, 150_000, 0.005, "level", ("1", "2"), [1, 2])
    assert [*map(setting, values)] == ["yes", "no", "–", "150,000", "0.005", "level", "1, 2", "1, 2"]
