"""An assignment in the channel: a key without a value is left out, and the rest comes back as it was."""

import json

from tasks.state.assignment import Golden, Level, Levels, ModelFile, Sample, StoreAssignment

SAMPLE = Sample(day="2026-01-05", item="1", history=(1.0, None), forecast=2.0)
ASSIGNMENT = StoreAssignment(
    store="1",
    release="r",
    variant="lstm-8",
    model=ModelFile(path="models/a.tflite", sha256="a", bytes=1),
    window=14,
    scaling={"kind": "global-min-max", "low": 0.0, "high": 9.0},
    golden=Golden(tolerance=0.1, samples=(SAMPLE,)),
)


def test_levels_are_left_out_where_the_recipe_keeps_none() -> None:
    content = json.loads(ASSIGNMENT.to_bytes())
    assert list(content) == ["schema_version", "store", "release", "variant", "model", "window", "scaling", "golden"]
    assert content["golden"]["samples"] == [{"day": "2026-01-05", "item": "1", "history": [1.0, None], "forecast": 2.0}]


def test_levels_are_kept_where_it_does() -> None:
    levels = Levels(day="2026-01-04", of={"1": Level(units=3.5, days=60)})
    whole = ASSIGNMENT.model_copy(update={"levels": levels})
    assert json.loads(whole.to_bytes())["levels"] == {"day": "2026-01-04", "of": {"1": {"units": 3.5, "days": 60}}}
    assert StoreAssignment.model_validate_json(whole.to_bytes()) == whole
