"""What a retrain writes down: it comes back as it was written, and what is not in the layout is refused."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tasks.forecasting.model.scaling import GlobalMinMax, Scaling, SmoothedLevel, WindowMean, from_dict
from tasks.forecasting.model.seasonal_index import SeasonalIndex, Seasons
from tasks.state.home import Home
from tasks.state.manifest import Manifest, Prepared, ScalingRecord
from tasks.state.release import Release
from tests.conftest import Work
from tests.support.manifests import changed, manifest, variant

SCALING: TypeAdapter[Any] = TypeAdapter(ScalingRecord)

INDEX = SeasonalIndex((0.5, *[1.0] * 5, 1.5), annual=((0.1, -0.2),), days={"2024-03-01": 2.0})
GROUPED = Seasons(INDEX, ((("1", "3"), SeasonalIndex()),))


def test_what_a_retrain_writes_before_training_comes_back(built: Work) -> None:
    written = (built.candidate.folder / "prepared.json").read_bytes()
    assert Prepared.model_validate_json(written).to_bytes() == written


def test_a_manifest_takes_over_what_was_known_before_training(shop: tuple[Home, str, str], built: Work) -> None:
    release = Release(shop[0].releases / shop[1]).manifest
    shared = Prepared.model_fields.keys() & Manifest.model_fields.keys()
    assert shared == Prepared.model_fields.keys() - {"series", "levels"}
    for name in shared:
        assert getattr(release, name) == getattr(built.candidate.prepared, name), name


@pytest.mark.parametrize(
    "scaling",
    [GlobalMinMax(0, 231), WindowMean(Seasons(INDEX)), WindowMean(GROUPED), SmoothedLevel(GROUPED, 30)],
    ids=["global-min-max", "window-mean", "window-mean in groups", "running-level"],
)
def test_a_manifest_keeps_every_scaling(scaling: Scaling) -> None:
    kept = manifest(scaling=scaling.to_dict())
    assert from_dict(Manifest.model_validate_json(kept.to_bytes()).scaling.model_dump()) == scaling


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"kind": "global-min-max", "low": 0}, "Field required"),
        ({"kind": "global-min-max", "low": 0, "high": 1, "span": 7}, "Extra inputs are not permitted"),
        ({"kind": "logarithm"}, "does not match any of the expected tags"),
    ],
)
def test_another_scaling_is_refused(record: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SCALING.validate_python(record)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "schema_version must be 1; received 2"),
        ({"unknown": 1}, "Extra inputs are not permitted"),
        ({"release": None}, "Input should be a valid string"),
        ({"holdout": {"first": "2017-01-03", "last": "2017-12-31"}}, "holdout.days"),
    ],
)
def test_another_layout_is_refused(change: dict[str, Any], said: str) -> None:
    written = json.loads(manifest().to_bytes())
    with pytest.raises(ValidationError, match=said):
        Manifest.model_validate_json(json.dumps(written | change))


def test_an_undefined_error_of_a_reference_is_null() -> None:
    first, *others = manifest().references
    kept = manifest(references=(changed(first, mape=float("nan")), *others))
    assert json.loads(kept.to_bytes())["references"][0]["mape"] is None


def test_only_what_the_gate_passed_counts_as_passed() -> None:
    variants = [variant("lstm-64"), variant("lstm-32", verdict="fail"), variant("lstm-16", mape=None)]
    assert [each.name for each in manifest(variants=variants).passed] == ["lstm-64"]
