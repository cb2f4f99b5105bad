"""A release: read as it was written, and vouched for by its manifest, as that is by the ledger."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.state.home import Home
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tests.conftest import Work
from tests.stores import rewrite_manifest

Shop = tuple[Home, str, str]


def test_a_changed_or_missing_file_is_not_handed_out(shop: Shop, built: Work) -> None:
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


def test_the_mape_gated_at_is_the_stores_own_else_that_of_all(shop: Shop) -> None:
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
def test_a_foreign_manifest_is_refused_in_one_line(shop: Shop, change: Any, said: str) -> None:
    home, older, _ = shop
    rewrite_manifest(home, older, lambda manifest: manifest.update(change))
    path = home.releases / older / "manifest.json"
    with pytest.raises(DamagedRelease, match=said) as raised:
        _ = Release(path.parent).manifest
    assert str(path) in str(raised.value) and "restore it" in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["golden.json", "items.json", "evidence.npz"])
def test_every_file_is_checked_where_it_is_read(shop: Shop, name: str) -> None:
    release = Release(shop[0].releases / shop[1])
    path = release.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedRelease, match=rf"{name} is not the file gated"):
        getattr(release, path.stem)


def test_a_manifest_that_is_not_the_one_published_is_refused(shop: Shop) -> None:
    folder = shop[0].releases / shop[1]
    content = (folder / "manifest.json").read_bytes()
    assert Release(folder, sha256(content).hexdigest()).manifest == Release(folder).manifest
    (folder / "manifest.json").write_bytes(content.replace(b'"fail"', b'"pass"').replace(b"0.1", b"1.1"))
    with pytest.raises(DamagedRelease, match=r"manifest.json is not the manifest that was published; restore it"):
        _ = Release(folder, sha256(content).hexdigest()).manifest
    (folder / "manifest.json").unlink()
    with pytest.raises(DamagedRelease):
        _ = Release(folder).manifest


def test_a_manifest_is_read_as_it_was_written(shop: Shop) -> None:
    path = shop[0].releases / shop[1] / "manifest.json"
    assert Release(path.parent).manifest.to_bytes() == path.read_bytes()
    assert json.loads(path.read_text())["schema_version"] == 1
