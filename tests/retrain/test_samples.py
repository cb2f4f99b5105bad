"""Golden samples repeat what the files forecast, and the report's samples are the last days of the holdout."""

import json

import numpy as np
import pytest

from tasks.forecasting.model import scaling
from tasks.forecasting.model.variants import litert
from tasks.retrain.candidate import SHIPPED
from tasks.retrain.samples import SHOWN, SHOWN_DAYS, golden, samples
from tests.conftest import Work


def test_a_golden_sample_is_a_window_and_what_each_file_forecasts_from_it(built: Work) -> None:
    candidate, found = built.candidate, golden(built.candidate)
    assert len(found.samples) == len(candidate.golden)
    assert [sample.day for sample in found.samples] == candidate.golden.day.astype(str).tolist()
    np.testing.assert_array_equal([sample.history for sample in found.samples], candidate.golden.history)
    for variant in candidate.spec.variants:
        content = candidate.path(variant.name, SHIPPED, "tflite").read_bytes()
        expected = scaling.forecast(candidate.scale, candidate.golden, litert.Forecaster(content))
        assert [sample.forecast[variant.name] for sample in found.samples] == pytest.approx(expected.tolist())


def test_a_golden_sample_names_the_series_of_its_window(built: Work) -> None:
    candidate, panel = built.candidate, built.candidate.panel
    for sample, series in zip(golden(candidate).samples, candidate.golden.series, strict=True):
        assert (sample.store, sample.item) == (str(panel.stores[series]), str(panel.items[series]))


def test_a_recipe_without_levels_writes_none(built: Work) -> None:
    kept = json.loads(golden(built.candidate).to_bytes())
    assert not any("level" in sample for sample in kept["samples"])


def test_a_variant_without_a_forecast_is_left_out(work: Work) -> None:
    work.candidate.path("lstm-16-int8", SHIPPED, "forecast.npy").unlink()
    assert {frozenset(sample.forecast) for sample in golden(work.candidate).samples} == {
        frozenset({"lstm-64", "lstm-16", "lstm-16-p50"})
    }


def test_the_report_draws_a_few_series_over_the_last_days_of_the_holdout(built: Work) -> None:
    candidate, drawn = built.candidate, samples(built.candidate, ["lstm-64", "lstm-16"])
    last = candidate.holdout.day.max()
    assert len(drawn) == len({sample.series for sample in drawn}) == min(SHOWN, len(candidate.panel.stores))
    assert drawn[0].series == f"store {candidate.panel.stores[0]}, item {candidate.panel.items[0]}"
    for sample in drawn:
        assert sample.day[-1] == str(last) and sample.day[0] > str(last - SHOWN_DAYS)
        assert sample.day == sorted(sample.day)
        assert {len(sample.actual), *map(len, sample.forecast.values())} == {len(sample.day)}
        assert list(sample.forecast) == ["lstm-64", "lstm-16"]


def test_what_is_drawn_is_what_was_sold_and_forecast(built: Work) -> None:
    candidate, (first, *_) = built.candidate, samples(built.candidate, ["lstm-16"])
    column = int(np.searchsorted(candidate.panel.dates, np.datetime64(first.day[-1])))
    assert first.actual[-1] == candidate.panel.sales[0, column]
    window = np.flatnonzero((candidate.holdout.series == 0) & (candidate.holdout.column == column))
    assert first.forecast["lstm-16"][-1] == candidate.forecast("lstm-16", SHIPPED)[window]
