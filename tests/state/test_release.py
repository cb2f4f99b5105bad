"""A release: found by its id, read as it was written, and vouched for by its manifest."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import rank
from tasks.state import releases
from tasks.state.home import Home
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tests.conftest import Work


def test_a_latency_without_a_figure_fits_no_device(shop: tuple[Home, str, str]) -> None:
    home, _, newer = shop
    path = home.releases / newer / "manifest.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"variants": [each | {"latency_us": None} for each in record["variants"]]}))
    device = DeviceClass(flash_kb=99, ram_kb=99, latency_us=1e6)
    ranking = rank(releases.find(home, newer).candidates, device, CostModel(), 2)
    assert ranking.chosen is None
    assert {row.misfit and row.misfit.resource for row in ranking.passed} == {"no latency"}


def test_a_release_is_found_by_its_id_else_the_newest(shop: tuple[Home, str, str], tmp_path: Path) -> None:
    home, older, newer = shop
    assert releases.find(home, older).id == older
    path = home.releases / newer / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": "2999-01-01T00:00:00+00:00"}))
    assert releases.find(home, None).id == newer
    (home.releases / "half").mkdir()
    assert len(releases.releases(home)) == 2, "a folder without a manifest is no release"
    with pytest.raises(NoSuchRelease, match=rf"no release 'x'; there are {newer}, {older}"):
        releases.find(home, "x")
    with pytest.raises(NoSuchRelease, match=r"there are no releases in .* yet; run `shelfcast retrain` first"):
        releases.find(Home(tmp_path / "empty"), None)


def test_a_changed_or_missing_file_is_not_handed_out(shop: tuple[Home, str, str], built: Work) -> None:
    release = Release(shop[0].releases / shop[1])
    path = release.folder / "lstm-16.tflite"
    content = path.read_bytes()
    assert release.file("lstm-16") == content
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedRelease, match=r"is not the file gated: sha256 .*, expected "):
        release.file("lstm-16")
    path.unlink()
    with pytest.raises(DamagedRelease):
        release.forecast("lstm-16", built.candidate.holdout)
    with pytest.raises(NoSuchRelease, match="has no variant 'lstm-7'"):
        release.file("lstm-7")


def test_the_mape_gated_at_is_the_stores_own_else_that_of_all(shop: tuple[Home, str, str]) -> None:
    release = Release(shop[0].releases / shop[1])
    record = release.variant("lstm-16")
    assert release.gated_mape("lstm-16", "2", MapePolicy()) == record.by_store["2"]
    assert release.gated_mape("lstm-16", "new", MapePolicy()) == record.shipped_mape
    assert record.shipped_mape != record.by_store["2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "schema_version must be 1; received 2, of another shelfcast version"),
        ({"window": None}, "window: Input should be a valid integer"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
    ],
)
def test_a_foreign_manifest_is_refused_in_one_line(shop: tuple[Home, str, str], change: Any, said: str) -> None:
    path = shop[0].releases / shop[1] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DamagedRelease, match=said) as raised:
        releases.find(shop[0], shop[1])
    assert str(path) in str(raised.value) and "Restore it" in str(raised.value) and "\n" not in str(raised.value)


def test_a_manifest_is_read_as_it_was_written(shop: tuple[Home, str, str]) -> None:
    path = shop[0].releases / shop[1] / "manifest.json"
    assert Release(path.parent).manifest.to_bytes() == path.read_bytes()
    assert json.loads(path.read_text())["schema_version"] == 1
