"""Which forms of the forecaster a retrain builds, and from what each is made."""

import re
from dataclasses import dataclass

BASELINE = "lstm-64"

_NAME = re.compile(r"lstm-(?P<units>[1-9]\d*)(?:-p(?P<sparsity>[1-9]\d?))?(?:-(?P<int8>int8))?")


class NoSuchVariant(ValueError):
    """A name that says no way to make a forecaster."""


@dataclass(frozen=True)
class Variant:
    """One form of the forecaster. Its name says how it is made: `lstm-32-p50-int8` is 32 units, half pruned, INT8.

    Attributes:
        name: `lstm-UNITS[-pPERCENT][-int8]`.
        units: Width of the LSTM.
        sparsity: Share of each kernel's weights that is pruned.
        int8: Whether the kernels are stored as 8-bit integers.
        parent: The variant it is compared with and, but for other widths, made from; `None` for the baseline.
    """

    name: str
    units: int
    sparsity: float
    int8: bool
    parent: str | None

    @property
    def from_scratch(self) -> bool:
        """Whether it is fitted from initial weights, not made from its parent's."""
        return not self.sparsity and not self.int8

    @property
    def weights_kb(self) -> float:
        """KB as the published benchmark counts: 4 bytes a parameter, 1 if INT8, none for a pruned share; no file."""
        parameters = 4 * self.units * (self.units + 2) + self.units + 1
        return parameters * (1 - self.sparsity) * (1 if self.int8 else 4) / 1024


def variant(name: str) -> Variant:
    """Read a variant off its name.

    Raises:
        NoSuchVariant: If the name is none of a variant's.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise NoSuchVariant(
            f"a variant's name is lstm-UNITS, then -pPERCENT if pruned, then -int8 if quantized. Received: {name!r}"
        )
    made_from = name.rpartition("-")[0] if match["sparsity"] or match["int8"] else BASELINE
    return Variant(
        name,
        units=int(match["units"]),
        sparsity=int(match["sparsity"] or 0) / 100,
        int8=bool(match["int8"]),
        parent=None if name == BASELINE else made_from,
    )


def plan(names: tuple[str, ...]) -> tuple[Variant, ...]:
    """The variants named, with the baseline and every parent that they need, each after its parent.

    Raises:
        NoSuchVariant: If a name is none of a variant's.
    """
    ordered: dict[str, Variant] = {}

    def add(name: str) -> None:
        made = variant(name)
        if made.parent and made.parent not in ordered:
            add(made.parent)
        ordered.setdefault(name, made)

    for name in (BASELINE, *names):
        add(name)
    return tuple(ordered.values())
