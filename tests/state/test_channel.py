"""What a store is sent, and whether the channel has it."""

from hashlib import sha256

import pytest

from tasks.state.channel import Channel, assigned, parcel
from tasks.state.ledger import Champion
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tests.conftest import Refusals
from tests.stores import rewrite_manifest

Shop = tuple


def test_a_parcel_names_the_file_that_it_brings(shop: Shop) -> None:
    home, older, _ = shop
    release = Release(home.releases / older)
    sent = parcel(release, "lstm-16", "1")
    assert sent.model == release.file("lstm-16")
    assert sent.assignment.model.sha256 == sha256(sent.model).hexdigest()
    assert sent.assignment.model.path == f"models/{sent.assignment.model.sha256}.tflite"
    assert sent.assignment.items == ("1", "2") and parcel(release, "lstm-16", "new").assignment.items is None
    with pytest.raises(NoSuchRelease):
        parcel(release, "lstm-7", "1")
    assert not home.channel.exists(), "nothing is written"


def test_a_variant_that_devices_could_not_check_is_no_parcel(refusals: Refusals) -> None:
    release = Release(refusals.home.releases / refusals.release)
    path = release.folder / "golden.json"
    path.write_bytes(path.read_bytes().replace(b'"lstm-16"', b'"lstm-other"'))
    files = {"golden.json": {"sha256": sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}}
    rewrite_manifest(refusals.home, refusals.release, lambda record: record["files"].update(files))
    with pytest.raises(DamagedRelease, match=r"golden.json has no forecasts of lstm-16 for devices to repeat"):
        parcel(release, "lstm-16", "1")


def test_the_channel_has_a_parcel_once_it_was_put(shop: Shop) -> None:
    home, older, _ = shop
    channel, sent = Channel.of(home), parcel(Release(home.releases / older), "lstm-16", "1")
    model, path = home.channel / sent.assignment.model.path, channel.assignment("1")
    assert list(channel.differs(sent)) == [model, path] and channel.champion("1") is None
    assert channel.put(sent) and not channel.put(sent)
    assert list(channel.differs(sent)) == [] and channel.champion("1") == Champion(older, "lstm-16")
    model.write_bytes(b"")
    path.write_bytes(b"{")
    again = Channel.of(home)
    assert list(again.differs(sent)) == [model, path] and again.champion("1") is None
    assert again.put(sent) and model.read_bytes() == sent.model


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b'{"release": "r"}', b"\xff"])
def test_what_is_no_assignment_names_no_model(content: bytes) -> None:
    assert assigned(content) is None
