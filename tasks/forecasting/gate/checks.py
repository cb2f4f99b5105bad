"""What the gate answers to each question that it asks of a variant: numbers and facts; sentences are made elsewhere."""

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
        stores: The fewest stores, the worst first, without which it would have passed; none if that takes more than
            half of them, or more than 20.
        weeks: The fewest weeks, by their Mondays; none if that takes more than a quarter of them, or more than 20.
        most: The store that adds most, where there are several stores and `stores` names none; else `None`.
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
    """One question that the gate asked of a variant, and the answer.

    Attributes:
        name: What was asked.
        value: What was measured; NaN where it is undefined.
        limit: The greatest value allowed, or the least where more is better; NaN where nothing can be compared.
        unit: Unit of the value, its bounds and the limit.
        outcome: The answer. `abstain` says that the value or the limit is undefined, and never passes.
        low: Lower bound of the value. Defaults to NaN, no bound.
        high: Upper bound of the value. Defaults to NaN, no bound.
        confidence: Confidence of each bound, a share. Defaults to NaN, no bounds.
        against: What the variant was compared with, in the words of the evidence. Defaults to `None`, nothing.
        gap: Why the question has no answer. Defaults to `None`, where it has one.
        facts: What else the answer rests on. Defaults to `None`, nothing.
        counterfactual: What would have passed, where MAPE was refused. Defaults to `None`.
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
        """Whether the answer keeps a variant from passing."""
        return self.outcome in ("fail", "abstain")
