"""The whole path on synthetic sales whose noise floor is known: ingest, retrain, promote, monitor, roll back."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.ingest import ingest
from flows.monitor import monitor
from flows.promote import override, promote, rollback
from flows.retrain import retrain
from tasks.forecasting.synthetic import Chain, noise_floor
from tasks.ingest.sample import write_sample
from tasks.promote.result import PromotionResult
from tasks.retrain.outcome import RetrainResult
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.release import Release
from tasks.state.releases import find
from tests.stores import roll_back

CHAIN = Chain(stores=5, items=3, days=1096)
NEXT = CHAIN.model_copy(update={"days": 1096 + 14})
SHIFTED = CHAIN.model_copy(update={"days": 1096 + 60, "shift_on": date(2025, 1, 15), "shift_by": 3.0})

SETTINGS = """
[profiles.quick]
recipe = "production"
runs = 2
variants = ["lstm-16", "lstm-16-int8", "lstm-16-p50"]

[gate]
fit_a_device = false  # on a busy machine there is no figure for latency
max_bias_pct = 20  # levels shift within a holdout, which every forecast follows late

[costs]
per_mape_pp = 0  # the smallest is chosen
"""

Result = dict[str, Any]
Promotions = list[PromotionResult]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], None]]:
    """Replace the settings file by one with another line in its gate."""
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHELFCAST_SETTINGS", str(path))
        patch.delenv("SHELFCAST_ALERT_URLS", raising=False)
        path.write_text(SETTINGS)
        yield lambda line: (path.write_text(SETTINGS.replace("[gate]", f"[gate]\n{line}")), None)[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, api_url: str, settings: Any) -> Path:
    """A home with the chain's sales."""
    folder = tmp_path_factory.mktemp("retailer")
    write_sample(folder / "history.csv.gz", CHAIN)
    result = ingest([str(folder / "history.csv.gz")], str(folder / "home"))
    assert result.rows_accepted == CHAIN.rows
    return folder / "home"


@pytest.fixture(scope="module")
def released(home: Path) -> RetrainResult:
    return retrain(str(home), "quick")


@pytest.fixture(scope="module")
def promoted(home: Path, released: RetrainResult) -> Promotions:
    return [promote(str(home)) for _ in range(3)]


def test_every_variant_comes_within_1_pp_of_the_noise_floor(released: RetrainResult) -> None:
    floor = noise_floor(CHAIN, last=0.2)
    assert [each.name for each in released.variants] == ["lstm-64", "lstm-16", "lstm-16-int8", "lstm-16-p50"]
    for each in released.variants:
        assert floor - 0.5 < each.mape < floor + 1, each.name
        assert each.mape_std < 0.3
        assert each.runs == 2
        assert each.verdict == "pass", each.reasons


def test_the_manifest_vouches_for_every_file(home: Path, released: RetrainResult) -> None:
    release = Release(home / "releases" / released.release)
    files = {path.name for path in release.folder.iterdir()} - {"manifest.json"}
    assert files == set(release.manifest.files)
    assert {"report.html", "card.md", "golden.json", "lstm-16-int8.tflite"} <= files
    for name, record in release.manifest.files.items():
        content = (release.folder / name).read_bytes()
        assert (sha256(content).hexdigest(), len(content)) == (record.sha256, record.bytes)
    assert not list((home / "candidates").iterdir())


def test_the_same_retrain_again_is_the_same_release(home: Path, released: RetrainResult) -> None:
    again = retrain(str(home), "quick")
    assert again.release == released.release
    assert again.variants == released.variants
    assert len(ledger.read(Home(home), ["release"])) == 1


def test_the_comparison_and_its_chart_are_artifacts(released: RetrainResult) -> None:
    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    tables = [each for each in found if each.description == f"release {released.release}"]
    assert {(each.key, each.type) for each in tables} == {("comparison", "table"), ("verdicts", "table")}
    assert all("lstm-16-int8" in str(each.data) for each in tables)
    pictures = [each for each in found if each.key == "size-against-mape"]
    assert pictures
    assert all(str(each.data).startswith("data:image/png;base64,") for each in pictures)


def test_a_release_spreads_from_the_canary_store_to_the_rest(home: Path, promoted: Promotions) -> None:
    canary, rest, nothing = promoted
    assert [each.store for each in canary.stores] == ["1"]
    assert (canary.wave, rest.wave, nothing.wave) == ("canary", "rest", "none")
    assert [each.store for each in rest.stores] == ["2", "3", "4", "5"]
    for store in "12345":
        assignment = json.loads((home / "channel" / "stores" / f"{store}.json").read_text())
        model = home / "channel" / assignment["model"]["path"]
        assert sha256(model.read_bytes()).hexdigest() == assignment["model"]["sha256"]
        assert assignment["variant"] == "lstm-16-int8"


def test_live_accuracy_is_watched_and_drift_is_said_once(home: Path, promoted: Promotions, tmp_path: Path) -> None:
    assert all(each.days == 0 and each.mape is None for each in monitor(str(home)).stores)
    write_sample(tmp_path / "next.parquet", NEXT)
    assert ingest([str(tmp_path / "next.parquet")], str(home)).rows_accepted == 14 * 15
    quiet = monitor(str(home))
    assert [(each.days, each.store) for each in quiet.stores] == [(14, store) for store in "12345"]
    assert all(each.drift_pp is not None and abs(each.drift_pp) < 4 for each in quiet.stores)
    assert quiet.alerts == ()

    write_sample(tmp_path / "shifted.csv", SHIFTED)
    ingest([str(tmp_path / "shifted.csv")], str(home))
    days = [monitor(str(home), as_of=f"2025-01-{day}") for day in (19, 20, 21)]
    raised = [alert for result in days for alert in result.alerts]
    assert sorted(alert.subject for alert in raised) == [f"store.{store}" for store in "12345"]
    assert {(alert.kind, alert.state) for alert in raised} == {("drift", "open")}
    assert len([name for name in days[-1].open_alerts if name.startswith("drift")]) == 5

    recovered = monitor(str(home), as_of="2025-03-01")
    assert sorted((alert.subject, alert.state) for alert in recovered.alerts) == [
        (f"store.{store}", "resolved") for store in "12345"
    ]
    assert not [name for name in recovered.open_alerts if name.startswith("drift")]
    assert monitor(str(home), as_of="2025-03-01").alerts == ()


def test_a_gate_that_nothing_passes_leaves_no_release(home: Path, released: RetrainResult, settings: Any) -> None:
    settings("max_mape = 0.5")
    before = sorted(path.name for path in (home / "releases").iterdir())
    refused = retrain(str(home), "quick")
    settings("")
    assert refused.release is None
    assert Path(refused.report).is_file()
    assert {each.verdict for each in refused.variants} == {"fail"}
    assert "over the limit of 0.5 %" in refused.variants[0].reasons[0]
    assert sorted(path.name for path in (home / "releases").iterdir()) == before
    entry = ledger.read(Home(home), ["refusal"])[-1]
    assert "no variant passed" in entry.why
    given = override(entry.subject, "Ana Ruiz", "a test", str(date.today()), "lstm-16", home=str(home))
    assert (given.outcome, given.reasons) == ("fail", refused.variants[1].reasons)
    assert {each.verdict for each in find(Home(home), entry.subject).manifest.variants} == {"fail"}


def test_a_new_release_is_held_against_the_champion_and_can_be_taken_back(
    home: Path, promoted: Promotions, settings: Any
) -> None:
    newer = retrain(str(home), "quick", reason="season")
    assert newer.release not in (None, promoted[0].release)
    checks = {check.name: check for check in newer.variants[0].checks}
    assert checks["champion"].outcome == "pass"
    taken = promote(str(home), stores=["2"])
    assert [(each.store, each.state) for each in taken.stores] == [("2", "promoted")]
    back = rollback(str(home), store="2", why="shelf labels went blank")
    assert (back.release, back.wave) == (promoted[0].release, "rollback")
    assert back.stores[0].model_dump() | {"reason": ""} == {
        "store": "2",
        "release": promoted[0].release,
        "variant": "lstm-16-int8",
        "previous": f"{newer.release}/lstm-16-int8",
        "state": "rolled back",
        "reason": "",
    }
    assignment = json.loads((home / "channel" / "stores" / "2.json").read_text())
    assert assignment["release"] == promoted[0].release
    entry = ledger.read(Home(home), ["rollback"])[-1]
    assert (entry.subject, entry.why) == ("2", "shelf labels went blank")


def test_a_rollback_that_was_cut_off_is_completed_and_goes_no_further(home: Path, promoted: Promotions) -> None:
    newest = find(Home(home), None).id
    assert promote(str(home), stores=["4"]).stores[0].release == newest
    roll_back(Home(home), "4", why="killed before the channel was written")
    again = rollback(str(home), store="4")
    assert [(each.state, each.release) for each in again.stores] == [("unchanged", promoted[0].release)]
    assert "cut off" in again.stores[0].reason
    assignment = json.loads((home / "channel" / "stores" / "4.json").read_text())
    assert assignment["release"] == promoted[0].release


def test_another_store_is_not_rolled_back_further_than_its_first_champion(home: Path, promoted: Promotions) -> None:
    held = rollback(str(home), store="3")
    assert (held.stores[0].state, held.stores[0].reason) == ("held", "has no previous champion")
