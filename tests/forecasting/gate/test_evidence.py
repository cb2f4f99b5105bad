"""Evidence says what the holdout says, is the same once it was stored, and can leave some of itself out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import windows
from tasks.forecasting.gate.evidence import CHAMPION, Evidence, File, Forecast

FILES = (
    File("lstm-64", None, None, 70_000, 60_000, (14.1, math.nan), {"tablet": None}),
    File("lstm-32", "lstm-64", "it does not load", 20_000, 18_000),
)


def made() -> tuple[EvaluationSet, dict[str, Forecast]]:
    rng = np.random.default_rng(2)
    sales = rng.poisson(8, (6, 28 + 35)).astype(np.float32)
    sales[4, 40:45] = np.nan
    stores, items = np.repeat(["1", "2", "10"], 2), np.tile(["1", "2"], 3)
    panel = Panel(stores, items, np.datetime64("2024-01-01") + np.arange(63), sales)
    holdout = EvaluationSet(windows(panel, 28, 63), 28, MapePolicy(min_coverage=40.0))
    own, champion = rng.poisson(8, (2, len(holdout.windows))).astype(float)
    return holdout, {"lstm-64": Forecast("lstm-64", own), CHAMPION: Forecast("spring", champion, {"1", "10"})}


HOLDOUT, FORECASTS = made()
EVIDENCE = Evidence.of(HOLDOUT, FILES, FORECASTS, age_days=3)


def test_it_says_what_the_holdout_says() -> None:
    found = HOLDOUT.accuracy(FORECASTS["lstm-64"].units)
    assert EVIDENCE.mape("lstm-64") == pytest.approx(found.mape, rel=1e-6)
    assert EVIDENCE.forecasts.sum() == found.days == len(HOLDOUT.windows)
    signed = EVIDENCE.errors["lstm-64"].signed.sum()
    assert 100 * signed / EVIDENCE.sold.sum() == pytest.approx(found.bias_pct, rel=1e-5)
    assert 100 * EVIDENCE.counted.sum() / EVIDENCE.forecasts.sum() == pytest.approx(found.coverage)
    assert (EVIDENCE.policy, EVIDENCE.min_coverage) == (HOLDOUT.policy.hash, 40.0)


def test_a_forecaster_is_measured_where_it_runs() -> None:
    here = np.isin(HOLDOUT.windows.panel.stores[HOLDOUT.windows.series], ["1", "10"])
    alone = EvaluationSet(HOLDOUT.windows[here], 28, MapePolicy()).accuracy(FORECASTS[CHAMPION].units[here])
    assert EVIDENCE.mape(CHAMPION) == pytest.approx(alone.mape, rel=1e-6)
    assert EVIDENCE.errors[CHAMPION].covers.tolist() == np.isin(EVIDENCE.stores, ["1", "10"]).tolist()


def test_what_is_read_is_what_was_written() -> None:
    read = Evidence.from_bytes(EVIDENCE.to_bytes())
    assert repr(read.files) == repr(FILES)
    assert (read.policy, read.min_coverage, read.age_days) == (EVIDENCE.policy, 40.0, 3)
    for name in ("stores", "classes", "days", "forecasts", "counted", "sold"):
        np.testing.assert_array_equal(getattr(read, name), getattr(EVIDENCE, name))
    assert [*read.errors] == [*EVIDENCE.errors]
    for name, errors in EVIDENCE.errors.items():
        assert read.errors[name].label == errors.label
        for field in ("percentage", "signed", "covers"):
            np.testing.assert_array_equal(getattr(read.errors[name], field), getattr(errors, field))


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert EVIDENCE.to_bytes() == Evidence.of(made()[0], FILES, FORECASTS, 3).to_bytes()
    assert EVIDENCE.to_bytes() != Evidence.of(HOLDOUT, FILES, FORECASTS, 4).to_bytes()


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_an_undefined_forecast_stays_undefined(value: float) -> None:
    """A number that nothing can hold is one too."""
    units = FORECASTS["lstm-64"].units.copy()
    units[np.argmax(HOLDOUT.windows.actual > 0)] = value
    evidence = Evidence.of(HOLDOUT, FILES, {"lstm-64": Forecast("lstm-64", units)})
    assert math.isnan(evidence.mape("lstm-64"))
    assert np.isnan(evidence.errors["lstm-64"].percentage).sum() == 1
    assert math.isnan(Evidence.from_bytes(evidence.to_bytes()).mape("lstm-64"))


def test_nothing_counted_is_undefined() -> None:
    nothing = replace(EVIDENCE, counted=np.zeros_like(EVIDENCE.counted))
    assert math.isnan(nothing.mape("lstm-64"))
