"""How a forecaster is trained: the published benchmark's way and ours."""

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
from tasks.forecasting.model.scaling import GlobalMinMax, RunningLevel, Scaling, WindowMean, neutral
from tasks.forecasting.model.seasonality import PLAIN, Form

CHOOSING = 200_000
"""Validation windows that a choice is made on, at most."""

SPANS = (30, 60, 120)
"""Days that a running level may look back over."""

Choice = TypeVar("Choice")


class Recipe(BaseModel):
    """One way to train. Everything that a forecast depends on, but for the data and the seed."""

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
`production` with one more number a series, which the device keeps."""


def to_learn_from(recipe: Recipe, panel: Panel, split: Split) -> tuple[Windows, bool]:
    """The windows that the network learns from, and whether the validation days are left out of them.

    A history so short that nothing is left without them is learned from up to the holdout.
    """
    for last in (split.validation, split.holdout) if recipe.keeps_validation else (split.holdout,):
        first = max(0, last - recipe.days) if recipe.days else 0
        if len(found := windows(panel, first, last, recipe.windows)):
            break
    return found, last < split.holdout


class Chosen(NamedTuple):
    """What the validation days chose: the form of the seasonal index, and the days that a running level looks back."""

    form: Form
    span: int


def choose(panel: Panel, split: Split, calendar: SpecialDays = PLAIN) -> Chosen:
    """The form and the span that forecast best without a network on the validation days.

    Args:
        panel: All days; those of the holdout are not looked at.
        split: Where validation and holdout begin.
        calendar: Special days and item groups. Defaults to none.
    """
    training = panel.first(split.holdout)
    form = choose_form(training, split, calendar)
    return Chosen(form, choose_span(training, split, form, calendar))


def learn_scaling(
    recipe: Recipe, panel: Panel, split: Split, calendar: SpecialDays = PLAIN, chosen: Chosen | None = None
) -> Scaling:
    """The scaling learned on the days before the holdout.

    Args:
        recipe: Says which scaling.
        panel: All days; those of the holdout are not looked at.
        split: Where validation and holdout begin.
        calendar: Special days and item groups. Defaults to none.
        chosen: Its form and span. Defaults to `choose(panel, split, calendar)`.
    """
    training = panel.first(split.holdout)
    if recipe.scaling == "global-min-max":
        return GlobalMinMax(*training.extremes())
    form, span = chosen or choose(panel, split, calendar)
    seasons = seasonality.learn(training, form, calendar)
    return WindowMean(seasons) if recipe.scaling == "window-mean" else RunningLevel(seasons, span)


def references(
    panel: Panel, split: Split, calendar: SpecialDays = PLAIN, chosen: Chosen | None = None
) -> dict[str, Scaling]:
    """Forecasts without a network, their indices learned on the same days as ours: what a network has to beat.

    The first, with the weekday index, is the gate's; the others have all that `production` and `level` know.
    """
    training, (form, span) = panel.first(split.holdout), chosen or choose(panel, split, calendar)
    seasons = seasonality.learn(training, form, calendar)
    return {
        "14-day mean x weekday index": WindowMean(seasonality.learn(training, Form(annual="none"))),
        f"14-day mean x {form}": WindowMean(seasons),
        f"running level of {span} days x {form}": RunningLevel(seasons, span),
    }


def choose_form(training: Panel, split: Split, calendar: SpecialDays = PLAIN) -> Form:
    """The form of the seasonal index that the 14-day mean forecasts best with on the validation days."""

    def learned(form: Form) -> Scaling:
        return WindowMean(seasonality.learn(training.first(split.validation), form, calendar))

    return _best(seasonality.forms(calendar), learned, training, split)


def choose_span(training: Panel, split: Split, form: Form, calendar: SpecialDays = PLAIN) -> int:
    """Days to look back over so that the running level forecasts best on the validation days."""
    seasons = seasonality.learn(training.first(split.validation), form, calendar)
    return _best(SPANS, lambda span: RunningLevel(seasons, span), training, split)


def _best(choices: Sequence[Choice], scaling: Callable[[Choice], Scaling], training: Panel, split: Split) -> Choice:
    """The first choice with the lowest WAPE on the validation days without a network; NaN never wins.

    Not MAPE, which rewards forecasts that lag behind growth, as they are low.
    """
    chosen = windows(training, split.validation, split.holdout, CHOOSING)
    actual = chosen.actual
    errors = [wape(actual, neutral(scaling(choice).over(training), chosen)) for choice in choices]
    return choices[int(np.argmin(np.nan_to_num(errors, nan=np.inf)))]
