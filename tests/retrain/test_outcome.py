"""The JSON of a retrain: what the manifest says, and a release's id only if there is a release."""

import json
from pathlib import Path

import pytest

from tasks.retrain.outcome import Outcome, RetrainResult
from tests.support.manifests import manifest


def result(published: bool = True) -> RetrainResult:
    return RetrainResult.of(Outcome(manifest(), Path("/home/report.html"), published), 12.5)


@pytest.mark.parametrize(("published", "release"), [(True, manifest().release), (False, None)])
def test_a_refused_candidate_has_an_id_and_is_no_release(published: bool, release: str | None) -> None:
    assert (result(published).release, result(published).candidate) == (release, manifest().release)


def test_it_repeats_the_manifest() -> None:
    made, found = manifest(), result()
    assert (found.snapshot, found.series_skipped) == (made.snapshot.version, made.snapshot.skipped)
    assert (found.recipe, found.profile) == (made.profile.recipe_name, made.profile.name)
    assert found.naive_mape == made.references[0].mape
    for name in ("references", "holdout", "policy", "variants", "choices", "costs"):
        assert getattr(found, name) == getattr(made, name)


def test_its_json_has_the_time_the_report_and_the_keys_of_the_contract() -> None:
    kept = json.loads(result().to_bytes())
    assert (kept["seconds"], kept["report"]) == (12.5, "/home/report.html")
    assert {*kept} == {
        *("release", "candidate", "snapshot", "seconds", "recipe", "profile", "naive_mape", "references", "holdout"),
        *("policy", "series_skipped", "variants", "choices", "costs", "report", "schema_version"),
    }
