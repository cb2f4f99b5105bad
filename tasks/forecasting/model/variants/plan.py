"""Which variants of the forecaster a retrain builds, and what each is made from."""

import re
from dataclasses import dataclass
from typing import Literal

BASELINE = "lstm-64"

Storage = Literal["float32", "float16", "int8", "full-int8"]
"""How a file holds its kernels; `full-int8` computes in integers too."""

_STORAGES: dict[str, Storage] = {"f16": "float16", "int8": "int8", "full8": "full-int8"}
_BYTES: dict[Storage, int] = {"float32": 4, "float16": 2, "int8": 1, "full-int8": 1}
_NAME = re.compile(rf"lstm-(?P<units>[1-9]\d*)(?P<steps>(-kd)?(-p[1-9]\d?)?(-({'|'.join(_STORAGES)}))?)")


class NoSuchVariant(ValueError):
    """A name that does not say how to make a forecaster."""


@dataclass(frozen=True)
class Variant:
    """One compressed form of the forecaster, as its name says: `lstm-16-kd-p50-int8` is distilled, half pruned, INT8.

    Attributes:
        name: `lstm-UNITS`, then each step as a suffix.
        units: Width of the LSTM.
        steps: Steps beyond training, in order: `kd` (distil the baseline into it), `pPERCENT` (prune), and one of
            `f16`, `int8` and `full8` (how the file holds it).
        parent: The variant without the last step, which it is made from. For another width and for `kd` it is the
            baseline, only to compare with or to learn from; `None` for the baseline.
    """

    name: str
    units: int
    steps: tuple[str, ...]
    parent: str | None

    @property
    def sparsity(self) -> float:
        """Share of each kernel's weights that is pruned."""
        return next((int(step[1:]) / 100 for step in self.steps if step.startswith("p")), 0.0)

    @property
    def storage(self) -> Storage:
        """How its file holds the kernels."""
        return _STORAGES.get(self.steps[-1], "float32") if self.steps else "float32"

    @property
    def from_scratch(self) -> bool:
        """Whether it is fitted to the sales alone, from initial weights, and needs no parent's."""
        return not self.steps

    @property
    def weights_kb(self) -> float:
        """KB of weights as the published benchmark counts them: 4 bytes each, 2 in float16, 1 in INT8, 0 if pruned."""
        parameters = 4 * self.units * (self.units + 2) + self.units + 1
        return parameters * (1 - self.sparsity) * _BYTES[self.storage] / 1024


def variant(name: str) -> Variant:
    """Read a variant off its name.

    Raises:
        NoSuchVariant: If no variant has such a name.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise NoSuchVariant(
            "a variant's name is lstm-UNITS, then its steps in this order, each at most once: -kd to learn from "
            f"{BASELINE} too, -pPERCENT to prune, and -f16, -int8 or -full8 to store it in fewer bits, such as "
            f"lstm-16-kd-p50-int8. Received: {name!r}"
        )
    steps = tuple(match["steps"].split("-")[1:])
    made_from = name.rpartition("-")[0] if steps and steps[-1] != "kd" else BASELINE
    return Variant(name, int(match["units"]), steps, parent=None if name == BASELINE else made_from)


def plan(names: tuple[str, ...]) -> tuple[Variant, ...]:
    """The variants named, with the baseline and every parent that they need, each after its parent.

    Raises:
        NoSuchVariant: If no variant has one of the names.
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
