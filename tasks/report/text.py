"""Numbers and lists as people read them, each formatted in one place."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

DASH, MINUS = "–", "−"
"""An undefined number and the minus sign on pages; terminals and JSON have a hyphen, which every encoding can show."""


def rounded(value: float | None, digits: int = 2) -> float | None:
    """A number to so many decimals, never minus zero; `None` where it is undefined."""
    return None if value is None or not math.isfinite(value) else round(value, digits) + 0.0


def difference(value: float | None, other: float | None, digits: int = 2) -> float | None:
    """How far a number is above another: subtracted as they are, rounded afterwards; `None` where one is undefined.

    Two numbers that are shown as 8.58 and 8.59 may so differ by 0.00.
    """
    return None if value is None or other is None else rounded(value - other, digits)


def number(value: float | None, digits: int = 2, minus: str = "-", undefined: str = "-") -> str:
    """A number with commas between thousands.

    Args:
        value: The number; `None` and NaN are undefined.
        digits: Number of decimals. Defaults to 2.
        minus: Sign of a number below zero. Defaults to a hyphen.
        undefined: Text for an undefined number. Defaults to a hyphen.
    """
    known = rounded(value, digits)
    return undefined if known is None else f"{known:,.{digits}f}".replace("-", minus)


def signed(value: float | None, digits: int = 2, minus: str = "-", undefined: str = "-") -> str:
    """A number with its sign, which zero has not; arguments as for `number`."""
    plus = "+" if (rounded(value, digits) or 0) > 0 else ""
    return plus + number(value, digits, minus, undefined)


def amount(value: float | None, unit: str, minus: str = "-", undefined: str = "-") -> str:
    """A number with its unit: two decimals of percent and percentage points, none of bytes, days and the like."""
    text = number(value, 2 if unit in ("%", "pp") else 0, minus, undefined)
    return text if text == undefined else f"{text} {unit}"


def span(values: Iterable[float | None], unit: str, minus: str = "-", undefined: str = "-") -> str:
    """The lowest and the highest of some numbers, with their unit; one number where both look the same."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (amount(end(known, default=None), unit, minus, undefined) for end in (min, max))
    return high if low == high else f"{low.removesuffix(f' {unit}')} to {high}"


_FORMATS: Mapping[str, Callable[..., str]] = {"number": number, "signed": signed, "amount": amount, "span": span}
ON_PAGES: Mapping[str, Callable[..., str]] = {
    name: partial(formatted, minus=MINUS, undefined=DASH) for name, formatted in _FORMATS.items()
}
"""The same for templates of pages, by the names of their filters."""


def setting(value: object) -> str:
    """A setting or a fact: yes or no, commas between thousands, a dash for none, lists with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(map(setting, value))
    if value is None or isinstance(value, bool):
        return DASH if value is None else "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def percent(share: float) -> str:
    """A share as percent, with as many decimals as it needs: 0.95 is `95 %`."""
    return f"{100 * share:g} %"


def listed(items: Sequence[str], at_most: int = 5) -> str:
    """A few of many items, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(items) - at_most:,} more" if len(items) > at_most else ""
    return ", ".join(items[:at_most]) + more


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 variant`, `2 variants`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def capitalised(sentence: str) -> str:
    """A sentence with a capital first letter, and every other letter as it was."""
    return sentence[:1].upper() + sentence[1:]
