"""The channel says what the ledger says: files first, then assignments."""

import json
import logging
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.promote.deliver import deliver
from tasks.state import ledger
from tasks.state.file_name import file_name
from tasks.state.ledger import Entry, Ledger
from tasks.state.release import DamagedRelease, Release
from tests.promote.channel import Shop, assignments, promote
from tests.stores import update_channel


def test_an_assignment_has_all_that_a_device_needs(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older)
    release, assignment = Release(home.releases / older), assignments(home)["1"]
    model = home.channel / assignment["model"]["path"]
    assert model.read_bytes() == release.file("lstm-16-int8")
    assert sha256(model.read_bytes()).hexdigest() == assignment["model"]["sha256"] == model.stem
    assert model.stat().st_size == assignment["model"]["bytes"]
    assert (assignment["store"], assignment["release"], assignment["variant"]) == ("1", older, "lstm-16-int8")
    assert assignment["items"] == ["1", "2"]
    assert (assignment["window"], assignment["scaling"]) == (14, release.manifest.scaling.model_dump(mode="json"))
    golden = json.loads((release.folder / "golden.json").read_text())
    assert assignment["golden"]["tolerance"] == golden["tolerance"]
    assert assignment["golden"]["samples"] == [
        {name: each[name] for name in ("day", "item", "history")} | {"forecast": each["forecast"]["lstm-16-int8"]}
        for each in golden["samples"]
    ]


def test_delivering_again_changes_nothing_and_a_lost_channel_is_made_anew(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older, ["1", "2"])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in home.channel.rglob("*") if path.is_file()}
    assert update_channel(home) == []
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}
    shutil.rmtree(home.channel)
    assert update_channel(home) == ["1", "2"]
    assert {path: path.read_bytes() for path in before} == {path: content for path, (content, _) in before.items()}


def test_a_damaged_model_is_not_delivered_and_the_store_keeps_its_own(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1"])
    before = assignments(home)
    (home.releases / newer / "lstm-16-int8.tflite").write_bytes(b"rubbish")
    with pytest.raises(DamagedRelease):
        promote(home, newer, ["1"])
    assert assignments(home) == before


def test_a_damaged_model_in_the_channel_is_replaced(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    home, older, _ = shop
    promote(home, older, ["1"])
    (path,) = (home.channel / "models").iterdir()
    content = path.read_bytes()
    path.write_bytes(content + b"X")
    with caplog.at_level(logging.WARNING, "shelfcast"):
        assert update_channel(home) == []
    assert path.read_bytes() == content and f"{path} was damaged and is replaced" in caplog.text


def test_a_store_that_fails_does_not_stop_the_others_and_the_next_run_completes_it(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1", "2"])
    for store in "12":
        ledger.record(home, [Entry("promotion", store, "why", newer, "lstm-16")])
    blocked = home.channel / "stores" / "1.json"
    blocked.unlink()
    blocked.mkdir()
    delivered = deliver.fn(home, Ledger.of(home))
    assert delivered.changed == ("2",)
    assert [each.store for each in delivered.failed] == ["1"] and "1.json" in delivered.failed[0].reason
    blocked.rmdir()
    assert deliver.fn(home, Ledger.of(home)).changed == ("1",)


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"samples": [], "tolerance": 0.001}'])
def test_golden_samples_that_are_damaged_are_found_before_the_ledger_knows(shop: Shop, damage: bytes) -> None:
    home, older, newer = shop
    promote(home, older, ["1"])
    (home.releases / newer / "golden.json").write_bytes(damage)
    before = ledger.read(home, ["promotion"])
    with pytest.raises(DamagedRelease, match=r"golden.json is not the file gated"):
        promote(home, newer, ["1"])
    assert ledger.read(home, ["promotion"]) == before


def test_a_code_that_is_no_file_name_stays_within_the_channel(shop: Shop, tmp_path: Path) -> None:
    home, older, _ = shop
    ledger.record(home, [Entry("promotion", "../../Köln 1", "why", older, "lstm-16")])
    assert update_channel(home) == ["../../Köln 1"]
    (path,) = (home.channel / "stores").iterdir()
    assert path.name == f"{file_name('../../Köln 1')}.json"
    assert json.loads(path.read_text())["store"] == "../../Köln 1"


def test_an_assignment_of_another_layout_is_written_again_and_is_no_other_model(shop: Shop) -> None:
    home, older, _ = shop
    promote(home, older, ["1"])
    path = home.channel / "stores" / "1.json"
    written = path.read_bytes()
    path.write_text(json.dumps(json.loads(written) | {"schema_version": 0}))
    assert update_channel(home) == [] and path.read_bytes() == written
    path.write_bytes(b"half an assign")
    assert update_channel(home) == ["1"] and path.read_bytes() == written
