"""Recipes: how a forecaster is trained, in the published benchmark's way and in ours."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.accuracy.metrics import wape
from tasks.forecasting.data.holidays import SpecialDays
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import Split, Windows, windows
from tasks.forecasting.model import seasonality
from tasks.forecasting.model.lstm import Training
from tasks.forecasting.model.scaling import GlobalMinMax, Scaling, SmoothedLevel, WindowMean, naive_forecast
from tasks.forecasting.model.seasonality import SeasonalSpec

CHOOSING = 200_000
"""Greatest number of validation windows that options are compared on."""

SPANS = (30, 60, 120)
"""Numbers of days that a smoothed level may look back over."""

Option = TypeVar("Option")


class Recipe(BaseModel):
    """One way to train: everything that a forecast depends on except the data and the seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scaling: Literal["global-min-max", "window-mean", "running-level"] = Field(
        description="what the network sees of a window"
    )
    weight: Literal["equal", "level"] = Field(
        description="how much a window counts in the loss; `level`: in proportion to its level, as noise falls with it"
    )
    days: int | None = Field(
        None,
        ge=1,
        description="most recent days that the network learns from, as growth changes; `None`: all",
    )
    keeps_validation: bool = Field(
        True, description="the network learns nothing from the validation days, so that they can rank its variants"
    )
    windows: int | None = Field(None, ge=1, description="windows drawn to learn from, at most; `None`: all")
    training: Training = Field(description="from initial weights")
    finetuning: Training = Field(description="after pruning, with the pruned weights held at 0")
    int8: Literal["simulated", "integer"] = Field(
        description="`simulated`: rounded to 8 bits and stored as float, as published; `integer`: stored as INT8"
    )
    distillation: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the baseline's answer in what a distilled variant is fitted to; the rest is the actual",
    )


PRODUCTION = Recipe(
    scaling="window-mean",
    weight="level",
    days=730,
    windows=150_000,
    training=Training(epochs=1, at_least=150_000, batch=512, learning_rate=5e-3),
    finetuning=Training(epochs=1, at_least=75_000, batch=512, learning_rate=1e-3),
    int8="integer",
)

RECIPES = {
    "reference": Recipe(
        scaling="global-min-max",
        weight="equal",
        keeps_validation=False,
        training=Training(epochs=10, batch=32, learning_rate=1e-3, cosine=False, dropout=0.2),
        finetuning=Training(epochs=3, batch=32, learning_rate=1e-3, cosine=False, dropout=0.2),
        int8="simulated",
    ),
    "production": PRODUCTION,
    "level": PRODUCTION.model_copy(update={"scaling": "running-level"}),
}
"""`reference` follows Pagidoju, "Optimizing AI Models for Retail"; its epochs and fine-tuning are ours. `level` is
`production` with a smoothed level of each series, which the device keeps."""


def training_windows(recipe: Recipe, panel: Panel, split: Split) -> tuple[Windows, bool]:
    """The windows that the network learns from, and whether the validation days are left out of them.

    Where the history is so short that no window is left without the validation days, they are learned from too.
    """
    for last in (split.validation, split.holdout) if recipe.keeps_validation else (split.holdout,):
        first = max(0, last - recipe.days) if recipe.days else 0
        if len(training := windows(panel, first, last, recipe.windows)):
            break
    return training, last < split.holdout


class Tuned(NamedTuple):
    """What the validation days chose.

    Attributes:
        seasons: What the seasonal index is made of.
        span: Days that a smoothed level looks back over.
    """

    seasons: SeasonalSpec
    span: int


def tune(panel: Panel, split: Split, special_days: SpecialDays) -> Tuned:
    """The form of the seasonal index, and then the span, that forecast best without a network on the validation days.

    Args:
        panel: All days; those of the holdout are not looked at.
        split: Where validation and holdout begin.
        special_days: Holidays, events and item groups.
    """
    training, known = panel.first(split.holdout), panel.first(split.validation)

    def window_mean(spec: SeasonalSpec) -> Scaling:
        return WindowMean(seasonality.learn(known, spec, special_days))

    spec = _best(seasonality.candidate_specs(special_days), window_mean, training, split)
    seasons = seasonality.learn(known, spec, special_days)
    return Tuned(spec, _best(SPANS, lambda span: SmoothedLevel(seasons, span), training, split))


def learn_scaling(recipe: Recipe, panel: Panel, split: Split, special_days: SpecialDays, tuned: Tuned) -> Scaling:
    """Learn the scaling on the days before the holdout.

    Args:
        recipe: Says which scaling.
        panel: All days; those of the holdout are not looked at.
        split: Where validation and holdout begin.
        special_days: Holidays, events and item groups.
        tuned: What the validation days chose, see `tune`.
    """
    training = panel.first(split.holdout)
    if recipe.scaling == "global-min-max":
        return GlobalMinMax(*training.extremes())
    seasons = seasonality.learn(training, tuned.seasons, special_days)
    return WindowMean(seasons) if recipe.scaling == "window-mean" else SmoothedLevel(seasons, tuned.span)


def references(panel: Panel, split: Split, special_days: SpecialDays, tuned: Tuned) -> dict[str, Scaling]:
    """Forecasts without a network, by name, learned on the days before the holdout: what a network has to beat.

    The first, with the weekday index, is the gate's; the others have all that `production` and `level` know.

    Args:
        panel: All days; those of the holdout are not looked at.
        split: Where validation and holdout begin.
        special_days: Holidays, events and item groups.
        tuned: What the validation days chose, see `tune`.
    """
    training = panel.first(split.holdout)
    seasons = seasonality.learn(training, tuned.seasons, special_days)
    weekdays = seasonality.learn(training, SeasonalSpec(annual="none"), special_days)
    return {
        "14-day mean x weekday index": WindowMean(weekdays),
        f"14-day mean x {tuned.seasons}": WindowMean(seasons),
        f"running level of {tuned.span} days x {tuned.seasons}": SmoothedLevel(seasons, tuned.span),
    }


def _best(options: Sequence[Option], scaling: Callable[[Option], Scaling], training: Panel, split: Split) -> Option:
    """The first option with the lowest WAPE on the validation days, without a network; NaN never wins.

    MAPE would reward forecasts that lag behind growth, since they are low.
    """
    validation = windows(training, split.validation, split.holdout, CHOOSING)
    actual = validation.actual
    errors = [wape(actual, naive_forecast(scaling(option).for_panel(training), validation)) for option in options]
    return options[int(np.argmin(np.nan_to_num(errors, nan=np.inf)))]
