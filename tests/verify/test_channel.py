"""What stores read is compared with what the ledger says."""

import json
import shutil
from pathlib import Path

import pytest

from tasks.state import ledger
from tasks.state.channel import Channel
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.releases import Releases
from tasks.verify.channel import KEPT, LOST, check_channel
from tasks.verify.result import Finding
from tests.stores import promote, update_channel

Shop = tuple[Home, str, str]


@pytest.fixture
def home(shop: Shop) -> Home:
    """Both stores run the newer release."""
    promote(shop[0], shop[2], "1", "2")
    update_channel(shop[0])
    return shop[0]


def found(home: Home, repair: bool = False) -> list[Finding]:
    every = check_channel(Channel.of(home), Releases.of(home), Ledger.of(home), repair)
    return [each for each in every if isinstance(each, Finding)]


def model(home: Home) -> Path:
    return home.channel / json.loads((home.channel / "stores" / "1.json").read_text())["model"]["path"]


def test_a_whole_channel_has_no_findings(home: Home) -> None:
    assert found(home) == []


def test_a_model_that_stores_share_is_named_once_and_repaired(home: Home) -> None:
    content = model(home).read_bytes()
    model(home).write_bytes(content[:-1])
    (finding,) = found(home)
    assert finding.path == f"channel/models/{model(home).name}" and "verify --repair" in finding.remedy
    (repaired,) = found(home, repair=True)
    assert repaired.repaired and model(home).read_bytes() == content
    assert found(home) == []


def test_an_assignment_that_disagrees_with_the_ledger_is_repaired(home: Home) -> None:
    path = home.channel / "stores" / "1.json"
    shutil.copy(home.channel / "stores" / "2.json", path)
    assert [each.path for each in found(home, repair=True)] == ["channel/stores/1.json"]
    assert json.loads(path.read_text())["store"] == "1"


def test_what_runs_a_damaged_release_is_not_repaired(home: Home) -> None:
    (home.releases / Ledger.of(home).running()["1"].release / "golden.json").unlink()
    before = {path: path.read_bytes() for path in home.channel.rglob("*.*")}
    findings = found(home, repair=True)
    assert [(each.path, each.remedy, each.repaired) for each in findings] == [
        ("channel/stores", KEPT, False),
    ]
    assert "run by store 1, 2, is damaged or missing" in findings[0].what
    assert {path: path.read_bytes() for path in before} == before


def test_an_assignment_that_no_decision_stands_behind_is_named_and_stays(home: Home) -> None:
    shutil.rmtree(home.ledger)
    ledger.record(home, [ledger.Entry("alert", "a", "why")])
    findings = found(home, repair=True)
    assert {each.remedy for each in findings} == {LOST} and len(findings) == 2
    assert (home.channel / "stores" / "1.json").exists()
