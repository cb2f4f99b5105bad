"""The training specification: all that trained models depend on except the sales and the seed."""

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from importlib.metadata import version

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.data.holidays import SeasonCalendar
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.variants.plan import Variant

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "holidays", "shelfcast")
"""Packages whose versions trained models depend on."""


@dataclass(frozen=True)
class TrainingSpec:
    """What a retrain or a backtest trains, and how.

    Attributes:
        recipe_name: Name of `recipe`.
        recipe: How the variants are trained.
        variants: The variants to build, each after its parent, the baseline first.
        runs: Fits of each variant; run `r` has seed `r`.
        split: Which days train, choose and measure.
        history: Which days and series take part.
        calendar: Holidays, events and item groups that are known beforehand.
        policy: Which days count in which errors.
    """

    recipe_name: str
    recipe: Recipe
    variants: tuple[Variant, ...]
    runs: int
    split: SplitPolicy
    history: History
    calendar: SeasonCalendar
    policy: MapePolicy

    def hash(self, snapshot: int, with_runs: bool) -> str:
        """The hash of everything that models trained on a snapshot depend on, in 8 hexadecimal digits.

        Args:
            snapshot: Version of the sales table.
            with_runs: Whether `runs` counts. A backtest fits each model once, whatever the profile says.
        """
        depends_on = {
            "snapshot": snapshot,
            "recipe": self.recipe.model_dump(),
            **({"runs": self.runs} if with_runs else {}),
            "variants": [variant.name for variant in self.variants],
            "days": self.split.model_dump(),
            "history": self.history.model_dump(mode="json"),
            "calendar": self.calendar.model_dump(mode="json"),
            "mape": self.policy.model_dump(mode="json"),
            "packages": {name: version(name) for name in PACKAGES},
        }
        return sha256((json.dumps(depends_on, indent=1, allow_nan=False) + "\n").encode()).hexdigest()[:8]

    def folder_name(self, last_day: date, snapshot: int, with_runs: bool) -> str:
        """Name of the folder that the models belong in; the same work gets the same name again.

        Args:
            last_day: The last day with sales, which the name begins with.
            snapshot: Version of the sales table.
            with_runs: Whether `runs` is part of the name, see `hash`.
        """
        return f"{last_day:%Y%m%d}-{self.hash(snapshot, with_runs)}"
