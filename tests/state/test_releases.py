"""Which releases there are, in the ledger's order; a damaged one is named and passed over."""

import json
import logging
import shutil
from pathlib import Path

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import rank
from tasks.state import releases
from tasks.state.home import Home
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import Releases
from tests.conftest import Refusals
from tests.stores import rewrite_manifest

Shop = tuple[Home, str, str]


def damage(home: Home, name: str) -> Path:
    path = home.releases / name / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"window": 14', b'"window": 15'))
    return path


def test_a_latency_without_a_figure_fits_no_device(shop: Shop) -> None:
    home, _, newer = shop
    rewrite_manifest(home, newer, lambda record: [each.update(latency_us=None) for each in record["variants"]])
    device = DeviceClass(flash_kb=99, ram_kb=99, latency_us=1e6)
    ranking = rank(releases.find(home, newer).candidates, device, CostModel(), 2)
    assert ranking.chosen is None
    assert {row.misfit and row.misfit.resource for row in ranking.passed} == {"no latency"}


def test_a_release_is_found_by_its_id_else_the_newest(shop: Shop, tmp_path: Path) -> None:
    home, older, newer = shop
    assert releases.find(home, older).id == older and releases.find(home, None).id == newer
    (home.releases / "half").mkdir()
    assert len(releases.releases(home)) == 2, "a folder without a manifest is no release"
    with pytest.raises(NoSuchRelease, match=rf"no release 'x'; there are {newer}, {older}"):
        releases.find(home, "x")
    with pytest.raises(NoSuchRelease, match=r"there are no releases in .* yet; run `shelfcast retrain` first"):
        releases.find(Home(tmp_path / "empty"), None)


def test_the_newest_came_into_the_ledger_last_whatever_its_clock_said(shop: Shop) -> None:
    home, older, newer = shop
    rewrite_manifest(home, older, lambda record: record.update(created="2999-01-01T00:00:00+00:00"))
    rewrite_manifest(home, newer, lambda record: record.update(created="1999-01-01T00:00:00+00:00"))
    assert [each.id for each in releases.releases(home)] == [newer, older]
    assert releases.find(home, None).id == newer


def test_a_damaged_release_is_named_and_passed_over(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    home, older, newer = shop
    path = damage(home, newer)
    with caplog.at_level(logging.WARNING, "shelfcast"):
        assert [each.id for each in releases.releases(home)] == [older]
    assert str(path) in caplog.text
    assert Releases.of(home).damaged.keys() == {newer}
    assert releases.find_judged(home, None).id == older, "a look goes to the newest that is whole"
    assert releases.find(home, older).id == older


def test_a_damaged_release_goes_to_no_store_and_nothing_older_in_its_place(shop: Shop) -> None:
    home, _, newer = shop
    damage(home, newer)
    with pytest.raises(DamagedRelease, match=r"the newest release is damaged: .*manifest.json.*; or name an older"):
        releases.find(home, None)
    for look in (releases.find, releases.find_judged):
        with pytest.raises(DamagedRelease, match=r"manifest.json is not the manifest that was published"):
            look(home, newer)


def test_a_release_without_its_manifest_is_damaged(shop: Shop) -> None:
    home, _, newer = shop
    (home.releases / newer / "manifest.json").unlink()
    assert Releases.of(home).damaged.keys() == {newer}


def test_a_release_that_was_moved_away_is_no_damage(shop: Shop) -> None:
    home, older, newer = shop
    shutil.rmtree(home.releases / newer)
    assert not Releases.of(home).damaged and releases.find(home, None).id == older


def test_a_release_that_the_ledger_does_not_know_goes_to_no_store(shop: Shop) -> None:
    home, older, newer = shop
    shutil.copytree(home.releases / newer, home.releases / "20991231-copy")
    known = Releases.of(home)
    assert [each.id for each in known.all] == ["20991231-copy", newer, older] and known.unrecorded == {"20991231-copy"}
    with pytest.raises(NoSuchRelease, match=r"20991231-copy is not in the ledger, as its retrain was cut off; run"):
        releases.find(home, "20991231-copy")


def test_a_damaged_candidate_is_no_candidate(refusals: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    (folder,) = refusals.home.candidates.glob(f"*/{refusals.candidate}")
    record = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(record | {"reason": "another"}))
    with caplog.at_level(logging.WARNING, "shelfcast"):
        assert releases.refused(refusals.home) == {}
    assert str(folder) in caplog.text
    with pytest.raises(NoSuchRelease):
        releases.find_judged(refusals.home, refusals.candidate)
