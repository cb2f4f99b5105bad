"""Fitting: what a panel teaches before the holdout, and each variant after its parent."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.panel import Panel, TooLittleHistory
from tasks.forecasting.model import fit
from tasks.forecasting.model.fit import Fitted, fit_preprocessing, fit_run, fit_variants
from tasks.forecasting.model.scaling import WindowMean
from tasks.forecasting.model.variants import build, litert
from tasks.forecasting.synthetic import Chain, blocks
from tests.conftest import tiny_spec
from tests.forecasting.panels import panel_of

SPEC = tiny_spec("lstm-4", "lstm-4-p50", "lstm-4-p50-int8")
SALES = panel_of(pd.concat(blocks(Chain(stores=1, items=2, days=120))))


def test_preprocessing_splits_learns_and_lays_out() -> None:
    fitted = fit_preprocessing(SPEC, SALES)
    assert (fitted.split, fitted.unseen) == (SPEC.split.split(120), True)
    assert fitted.holdout.column.min() == fitted.split.holdout
    assert isinstance(fitted.scaling, WindowMean)
    assert len(fitted.training_set.inputs) == 2 * (fitted.split.validation - 14)
    assert next(iter(fitted.references)) == "14-day mean x weekday index"


@pytest.mark.parametrize(("days", "counts"), [(14, "0 windows .* and 0 to"), (15, "0 windows .* and 2 to")])
def test_too_short_a_panel_says_what_is_missing(days: int, counts: str) -> None:
    with pytest.raises(TooLittleHistory, match=f"{counts} measure on, both are needed; received {days} days of 2"):
        fit_preprocessing(SPEC, SALES.first(days))


def test_a_panel_without_sales_teaches_nothing() -> None:
    nothing = Panel(SALES.stores, SALES.items, SALES.dates, np.zeros_like(SALES.sales))
    with pytest.raises(TooLittleHistory, match="0 windows with sales"):
        fit_preprocessing(SPEC, nothing)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    training_set = fit_preprocessing(SPEC, SALES).training_set
    return {variant.name: made for variant, made in fit_variants(SPEC, training_set, seed=3)}


def test_each_variant_is_made_from_its_parent(fitted: dict[str, Fitted]) -> None:
    assert list(fitted) == ["lstm-64", "lstm-4", "lstm-4-p50", "lstm-4-p50-int8"]
    pruned, integers = fitted["lstm-4-p50"].weights, fitted["lstm-4-p50-int8"].weights
    assert np.count_nonzero(pruned.recurrent) == 32
    assert all(np.array_equal(one, other) for one, other in zip(pruned.arrays, integers.arrays, strict=True))
    golden = fit_preprocessing(SPEC, SALES).training_set.inputs[:8]
    for variant in SPEC.variants:
        made = fitted[variant.name]
        assert litert.Forecaster(made.content)
        assert build.fault(variant, SPEC.recipe, made.weights, made.content, golden) is None


def test_a_run_of_its_own_gives_the_same_bytes(fitted: dict[str, Fitted]) -> None:
    """Retrains fit one run after the other, each in its worker; backtests fit all variants in one."""
    training_set, variant = fit_preprocessing(SPEC, SALES).training_set, SPEC.variants[2]
    again = fit_run(SPEC.recipe, variant, fitted["lstm-4"].weights, training_set, seed=3)
    assert again.content == fitted[variant.name].content
    other = fit_run(SPEC.recipe, SPEC.variants[1], None, training_set, seed=4)
    assert other.content != fitted["lstm-4"].content


def test_holidays_are_asked_for_the_days_of_the_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, asked = replace(SPEC, calendar=SPEC.calendar.model_copy(update={"country": "US"})), []
    original = fit.tune
    monkeypatch.setattr(fit, "tune", lambda *args: (asked.append(args[2]), original(*args))[1])
    fit_preprocessing(spec, SALES)
    assert "Independence Day" in asked[0].by_name
