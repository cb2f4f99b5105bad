"""The way back, on real releases."""

import json
import re
import shutil
from collections.abc import Callable

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.promote import rollback
from tasks.promote.deliver import deliver
from tasks.promote.result import Delivery
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tests import stores
from tests.promote.channel import Shop, promote, running
from tests.stores import roll_back, update_channel


def test_a_rollback_gives_the_previous_champion_back_and_no_more(shop: Shop) -> None:
    home, older, newer = shop
    for release in (older, newer):
        promote(home, release, ["1"])
    back, nothing = roll_back(home, "1", "2")
    update_channel(home)
    assert back == Delivery(
        store="1",
        release=older,
        variant="lstm-16-int8",
        previous=f"{newer}/lstm-16-int8",
        state="rolled back",
        reason="by hand",
    )
    assert nothing == Delivery(
        store="2", release=None, variant=None, previous=None, state="held", reason="runs no model"
    )
    assert running(home) == {"1": older}
    (entry,) = ledger.read(home, ["rollback"])
    assert entry.details == {"from": {"release": newer, "variant": "lstm-16-int8"}}
    (again,) = roll_back(home, "1")
    assert (again.state, again.reason, again.release) == ("held", "has no previous champion", older)
    assert Ledger.of(home).champions() == {"1": [Champion(older, "lstm-16-int8")]}


@pytest.fixture
def three(shop: Shop) -> Shop:
    """Both stores ran the older, the newer and again the older release."""
    home, older, newer = shop
    for release in (older, newer, older):
        promote(home, release, ["1", "2"])
    return shop


def test_a_rollback_that_was_cut_off_is_completed_and_goes_no_further_back(three: Shop) -> None:
    home, older, newer = three
    roll_back(home, "1")
    (completed,) = roll_back(home, "1")
    assert (completed.state, completed.release, completed.reason) == ("unchanged", newer, rollback.COMPLETED)
    update_channel(home)
    (further,) = roll_back(home, "1")
    assert (further.state, further.release) == ("rolled back", older)


def test_a_promotion_that_was_cut_off_is_taken_back(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1"])
    stores.promote(home, newer, "1")
    (back,) = roll_back(home, "1")
    assert (back.state, back.release) == ("rolled back", older)
    assert update_channel(home) == [], "its device never ran the newer one"


def spoil_what_runs(home: Home, name: str) -> None:
    shutil.rmtree(home.releases / name)


def spoil_its_file(home: Home, name: str) -> None:
    (home.releases / name / "lstm-16-int8.tflite").write_bytes(b"rubbish")


def spoil_its_manifest(home: Home, name: str) -> None:
    (home.releases / name / "manifest.json").write_bytes(b"{")


def spoil_the_channel(home: Home, name: str) -> None:
    for path in home.channel.rglob("*.*"):
        path.write_bytes(b"rubbish")


def lose_the_channel(home: Home, name: str) -> None:
    shutil.rmtree(home.channel)


def block_another_store(home: Home, name: str) -> None:
    path = home.channel / "stores" / "2.json"
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_what_runs,
        spoil_its_file,
        spoil_its_manifest,
        spoil_the_channel,
        lose_the_channel,
        block_another_store,
    ],
)
def test_a_rollback_needs_nothing_of_what_is_left(shop: Shop, spoil: Callable[[Home, str], None]) -> None:
    home, older, newer = shop
    for release in (older, newer):
        promote(home, release, ["1", "2"])
    spoil(home, newer)
    (back,) = roll_back(home, "1")
    assert (back.state, back.release) == ("rolled back", older)
    delivered = deliver.fn(home, Ledger.of(home), ["1"])
    assert not delivered.failed
    assert json.loads((home.channel / "stores" / "1.json").read_bytes())["release"] == older


def test_a_target_that_is_damaged_is_refused_and_the_next_older_one_offered(three: Shop) -> None:
    home, older, newer = three
    spoil_its_file(home, newer)
    before = content(home)
    (held,) = roll_back(home, "1")
    assert (held.state, held.release) == ("held", older)
    assert f"lstm-16-int8 of {newer} is damaged: " in held.reason
    assert held.reason.endswith("no older champion is whole: `shelfcast promote` another release")
    assert content(home) == before
    (past,) = roll_back(home, "1", release=older)
    assert past.state == "rolled back" and past.previous == f"{older}/lstm-16-int8"


def test_the_older_champion_that_is_offered_can_be_had(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, ["1"], costs=CostModel(per_mape_pp=1e6))
    for release in (newer, older):
        promote(home, release, ["1"])
    shutil.rmtree(home.releases / newer)
    (held,) = roll_back(home, "1")
    offered = re.search(r"(\S+) of (\S+) is whole: `shelfcast rollback 1 --to (\S+)`", held.reason)
    assert offered and offered[2] == offered[3] == older and offered[1] != "lstm-16-int8"
    (back,) = roll_back(home, "1", release=older)
    assert (back.state, back.release, back.variant) == ("rolled back", older, offered[1])
    update_channel(home)
    (nowhere,) = roll_back(home, "1", release="x")
    assert (nowhere.state, nowhere.reason) == ("held", "did not run release x before")


def content(home: Home) -> list[ledger.Entry]:
    return ledger.read(home, ["promotion", "rollback"])
