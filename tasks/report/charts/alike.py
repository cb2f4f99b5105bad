"""Lines that lie over each other are one line, named after all of them."""

from collections.abc import Mapping, Sequence

Values = Sequence[float | None]


def alike(lines: Mapping[str, Values], apart: float) -> dict[str, list[str]]:
    """The lines to draw, by name, and which lines each of them stands for: itself, and all that follow it closely.

    Args:
        lines: By name; all of one length, `None` where there is a gap.
        apart: How far two lines may be from each other anywhere and still look like one.
    """
    kept: dict[str, list[str]] = {}
    for name, values in lines.items():
        same = (other for other in kept if _close(lines[other], values, apart))
        kept.setdefault(next(same, name), []).append(name)
    return kept


def _close(one: Values, other: Values, apart: float) -> bool:
    pairs = zip(one, other, strict=True)
    return all(a is b if a is None or b is None else abs(a - b) <= apart for a, b in pairs)
