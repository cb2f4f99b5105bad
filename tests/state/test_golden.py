"""Golden samples: as devices read them."""

import json

import pytest
from pydantic import ValidationError

from tasks.state.golden import Golden, GoldenSample
from tasks.state.home import Home
from tasks.state.release import Release

SAMPLE = GoldenSample(store="1", item="a", day="2026-01-15", history=(2.0, float("nan")), forecast={"lstm-64": 1.5})


def test_the_samples_of_a_release_are_written_again_as_they_are(shop: tuple[Home, str, str]) -> None:
    release = Release(shop[0].releases / shop[1])
    assert release.golden.to_bytes() == (release.folder / "golden.json").read_bytes()
    names = {each.name for each in release.manifest.variants}
    assert release.golden.samples and all(each.forecast.keys() == names for each in release.golden.samples)


def test_a_missing_day_is_null_and_a_level_that_is_not_kept_is_left_out() -> None:
    (written,) = json.loads(Golden(tolerance=0.1, samples=(SAMPLE,)).to_bytes())["samples"]
    assert written["history"] == [2.0, None] and "level" not in written
    levelled = GoldenSample(**SAMPLE.model_dump(exclude_unset=True), level=4.5)
    (written,) = json.loads(Golden(tolerance=0.1, samples=(levelled,)).to_bytes())["samples"]
    assert written["level"] == 4.5


def test_samples_of_another_layout_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Golden.model_validate({"tolerance": 0.1, "samples": [], "unit": "units"})
    with pytest.raises(ValidationError, match=r"samples\.0\.forecast"):
        Golden.model_validate({"tolerance": 0.1, "samples": [SAMPLE.model_dump(exclude={"forecast"})]})
