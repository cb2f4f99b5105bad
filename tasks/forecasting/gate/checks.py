"""What the gate answers to each question it asks of a variant: numbers and facts, without a word for people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.forecasting.gate.evidence import File
from tasks.forecasting.gate.groups import Worst

NAN = math.nan

Outcome = Literal["pass", "fail", "abstain", "not applicable"]

Gap = Literal[
    "undefined",
    "few days",
    "unknown age",
    "no device class",
    "no limit for a first release",
    "no parent",
    "no champion",
    "no release last year",
    "no earlier model",
    "one run",
]
"""Why a question cannot be answered, or does not arise."""


@dataclass(frozen=True)
class Counterfactual:
    """What a refusal came from, and what would have passed.

    Attributes:
        needed: The smallest change of the value, in the check's unit, with which it would have passed.
        stores: The fewest stores, worst first, without which it would have passed; empty if that takes over half of
            them, or over 20.
        weeks: The fewest weeks, by their Mondays; empty if that takes over a quarter of them, or over 20.
        most: The store that adds most, where there are several stores and no few of them explain the refusal; else
            `None`.
    """

    needed: float
    stores: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()
    most: str | None = None


@dataclass(frozen=True)
class Fault:
    """Why a file is not usable; `None` where it is."""

    why: str | None


@dataclass(frozen=True)
class Files:
    """A variant's file and the file of the variant that it was made from."""

    own: File
    parent: File


@dataclass(frozen=True)
class Devices:
    """For each device class why the file does not fit it; `None` where it does."""

    misfits: Mapping[str, str | None]


@dataclass(frozen=True)
class Runs:
    """Number of runs of a variant."""

    count: int


Facts = Fault | Files | Devices | Worst | Runs


@dataclass(frozen=True)
class Check:
    """One question the gate asked of a variant, and the answer.

    Attributes:
        name: What was asked.
        value: What was measured; NaN where it is undefined.
        limit: The greatest value allowed, or the least where more is better; NaN where nothing can be compared.
        unit: Unit of the value, its bounds and the limit.
        outcome: The answer. `abstain`, where the value or the limit is undefined, never passes.
        low: Lower bound of the value; NaN where there is none.
        high: Upper bound of the value; NaN where there is none.
        confidence: Confidence of each bound, a share; NaN where there is none.
        against: What the variant was compared with, in the words of the evidence; `None` for nothing.
        gap: Why the question has no answer; `None` where it has one.
        facts: What else the answer rests on; `None` for nothing.
        counterfactual: What would have passed, of a refusal on accuracy.
    """

    name: str
    value: float
    limit: float
    unit: str
    outcome: Outcome
    low: float = NAN
    high: float = NAN
    confidence: float = NAN
    against: str | None = None
    gap: Gap | None = None
    facts: Facts | None = None
    counterfactual: Counterfactual | None = None

    @property
    def refuses(self) -> bool:
        """Whether it keeps a variant from passing."""
        return self.outcome in ("fail", "abstain")
