"""How a forecaster is trained: the published benchmark's way and ours."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting import season
from tasks.forecasting.lstm import Training
from tasks.forecasting.metrics import mape
from tasks.forecasting.sales import Panel
from tasks.forecasting.scaling import Floats, GlobalMinMax, Scaled, Scaling, WindowMean
from tasks.forecasting.season import SeasonalIndex
from tasks.forecasting.windows import windows


class Recipe(BaseModel):
    """One way to train. Everything that a forecast depends on, but for the data and the seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scaling: Literal["global-min-max", "window-mean"] = Field(description="what the network sees of a window")
    weight: Literal["equal", "level"] = Field(
        description="how much a window counts in the loss; `level`: in proportion to its level, as noise falls with it"
    )
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


RECIPES = {
    "reference": Recipe(
        scaling="global-min-max",
        weight="equal",
        training=Training(epochs=10, batch=32, learning_rate=1e-3, cosine=False, dropout=0.2),
        finetuning=Training(epochs=3, batch=32, learning_rate=1e-3, cosine=False, dropout=0.2),
        int8="simulated",
    ),
    "production": Recipe(
        scaling="window-mean",
        weight="level",
        training=Training(epochs=5, batch=512, learning_rate=5e-3),
        finetuning=Training(epochs=2, batch=512, learning_rate=2e-3),
        int8="integer",
    ),
}
"""`reference` follows Pagidoju, "Optimizing AI Models for Retail"; its epochs and fine-tuning are ours."""


def learn_scaling(recipe: Recipe, panel: Panel, validation: int, holdout: int) -> Scaling:
    """The scaling learned on the days before index `holdout`, its form chosen on those from `validation` on.

    Args:
        recipe: Says which scaling.
        panel: All days; those from `holdout` on are not looked at.
        validation: Index of the first validation day.
        holdout: Index of the first holdout day.
    """
    training = panel.first(holdout)
    if recipe.scaling == "global-min-max":
        return GlobalMinMax(*training.extremes())
    return WindowMean(season.learn(training, *_form(training, validation)))


def loss_weight(recipe: Recipe, scaled: Scaled) -> Floats:
    """How much each window counts in the loss, shape `(windows,)`, 1 on average.

    Sales are nearly Poisson: the variance of sales over level is 1 / level, so weights in proportion to the level give
    the most precise fit, and slow series do not drown the others.

    Source:
        Weighted least squares, Aitken (1935), "On Least Squares and Linear Combinations of Observations".
    """
    if recipe.weight == "equal":
        return np.ones_like(scaled.unit)
    return scaled.unit / scaled.unit.mean() if scaled.unit.any() else scaled.unit


def _form(training: Panel, validation: int) -> tuple[bool, bool]:
    """Whether weekday and month indices pay: what the 14-day mean forecasts best with on the validation days."""
    chosen = windows(training, validation, len(training.dates))

    def error(form: tuple[bool, bool]) -> float:
        index = season.learn(training.first(validation), *form)
        return mape(chosen.actual, naive(index, chosen.history, chosen.day))

    forms = [(False, False), (True, False), (True, True)]
    errors = {form: error(form) for form in forms}
    return min(forms, key=lambda form: errors[form] if errors[form] == errors[form] else float("inf"))


def naive(index: SeasonalIndex, history, day):  # type: ignore[no-untyped-def]
    """The reference forecast: mean of the deseasonalised window times the target day's index, no network."""
    return WindowMean(index).apply(history, day).neutral
