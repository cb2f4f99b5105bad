"""Fitting: what is learned from the days before the holdout, then the weights and the file of each variant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tasks.forecasting.data.panel import Panel, TooLittleHistory
from tasks.forecasting.data.windows import Split, Windows, windows
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.recipe import Recipe, learn_scaling, references, training_windows, tune
from tasks.forecasting.model.scaling import Scaling
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.training_set import TrainingSet, build_training_set
from tasks.forecasting.model.variants import build
from tasks.forecasting.model.variants.plan import Variant


@dataclass(frozen=True)
class Preprocessing:
    """What all variants of one retrain have in common, learned on the days before the holdout.

    Attributes:
        split: Where validation and holdout begin in the panel.
        holdout: The windows that only measure.
        scaling: What the networks see of a window.
        training_set: What the networks learn from.
        unseen: Whether the validation days are left out of the training set.
        references: Forecasts without a network by name; the first is the gate's.
    """

    split: Split
    holdout: Windows
    scaling: Scaling
    training_set: TrainingSet
    unseen: bool
    references: Mapping[str, Scaling]


def fit_preprocessing(spec: TrainingSpec, panel: Panel) -> Preprocessing:
    """Learn scaling and reference forecasts from a panel, and lay out the windows that networks learn from.

    Args:
        spec: How the panel is split and what is learned.
        panel: The series and days that take part, see `History.cut`.

    Raises:
        TooLittleHistory: If no window with sales is there to learn from, or none to measure on.
    """
    split = spec.split.split(len(panel.dates))
    holdout = windows(panel, split.holdout, len(panel.dates))
    training, unseen = training_windows(spec.recipe, panel, split)
    _require_windows(training, holdout)
    special_days = spec.calendar.known(*panel.dates[[0, -1]].tolist())
    tuned = tune(panel, split, special_days)
    scaling = learn_scaling(spec.recipe, panel, split, special_days, tuned)
    training_set = build_training_set(spec.recipe, scaling.for_panel(panel), training)
    return Preprocessing(split, holdout, scaling, training_set, unseen, references(panel, split, special_days, tuned))


def _require_windows(training: Windows, holdout: Windows) -> None:
    sold, panel = np.count_nonzero(training.actual), holdout.panel
    if not sold or not len(holdout):
        raise TooLittleHistory(
            f"{sold} windows with sales to learn from and {len(holdout)} to measure on, both are needed; received "
            f"{len(panel.dates)} days of {len(panel.stores)} series up to {panel.dates[-1]}; ingest more history"
        )


@dataclass(frozen=True)
class Fitted:
    """One fit of a variant.

    Attributes:
        weights: Its weights.
        content: Its `.tflite` file.
    """

    weights: Weights
    content: bytes


def fit_run(recipe: Recipe, variant: Variant, parent: Weights | None, training_set: TrainingSet, seed: int) -> Fitted:
    """Fit a variant once, and write its file.

    Args:
        recipe: How it is trained.
        variant: What is trained.
        parent: Weights of its parent in the same run; `None` for a variant that is fitted from scratch.
        training_set: What it learns from.
        seed: Seeds the fit, and the draw of the windows that INT8 is calibrated on.
    """
    if parent is None:
        weights = build.train(variant, recipe, training_set, seed)
    else:
        weights = build.compress(variant, recipe, parent, training_set, seed)
    content = build.file(variant, recipe, weights, build.representative(training_set, seed))
    return Fitted(weights, content)


def fit_variants(spec: TrainingSpec, training_set: TrainingSet, seed: int) -> Iterator[tuple[Variant, Fitted]]:
    """Fit each variant of a specification once, in its order, so that every parent comes first."""
    fitted: dict[str, Fitted] = {}
    for variant in spec.variants:
        parent = None if variant.from_scratch else fitted[str(variant.parent)].weights
        fitted[variant.name] = fit_run(spec.recipe, variant, parent, training_set, seed)
        yield variant, fitted[variant.name]
