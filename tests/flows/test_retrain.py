"""A retrain as a flow: what is built is not built again, a release is found again, and a refusal is an alert."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import retrain as flow
from flows.preflight.retrain import RetrainRequest
from flows.retrain import retrain
from flows.settings import Settings
from flows.settings_errors import SettingsError
from tasks.retrain import build
from tasks.state.alerts import open_alerts
from tasks.state.home import Home
from tasks.state.ledger import Ledger, read
from tasks.state.releases import releases
from tasks.workers import LostWork
from tests.conftest import Work, only
from tests.support.deaths import kill_in

Ask = Callable[[float], None]


@pytest.fixture
def ask(work: Work, monkeypatch: pytest.MonkeyPatch, api_url: str) -> Ask:
    """Ask for the retrain whose candidate is built already, with a limit on MAPE."""

    def asked(max_mape: float) -> None:
        settings = Settings().model_copy(update={"gate": only(max_mape=max_mape), "alert_urls": ()})
        request = RetrainRequest(work.home, settings, work.candidate.spec, {})
        monkeypatch.setattr(flow, "retrain_request", lambda *_: request)

    return asked


def test_what_cannot_be_asked_for_starts_no_step(work: Work) -> None:
    with pytest.raises(SettingsError, match="no profile 'fast'"):
        retrain.fn(str(work.home.root), "fast")
    assert releases(work.home) == []


def test_a_candidate_that_is_built_is_judged_and_published_once(ask: Ask, work: Work) -> None:
    ask(60)
    files = {path.parent.name: path.read_bytes() for path in work.candidate.folder.glob("*/0.tflite")}
    first = retrain(str(work.home.root), "quick", reason="a test")
    assert [each.id for each in releases(work.home)] == [first.release] == [first.candidate]
    manifest = releases(work.home)[0].manifest
    assert (manifest.reason, manifest.profile.name) == ("a test", "quick")
    assert files == {name: releases(work.home)[0].file(name) for name in files} != {}, "nothing was trained again"
    again = retrain(str(work.home.root), "quick").model_copy(update={"seconds": first.seconds})
    assert again == first, "it is there already"
    assert not open_alerts(Ledger.of(work.home))


def test_where_a_worker_is_killed_always_nothing_is_judged_and_the_next_run_is_whole(
    ask: Ask, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(60)
    before = {path.parent.name: path.read_bytes() for path in work.candidate.folder.glob("*/0.tflite")}
    shutil.rmtree(work.candidate.folder / "lstm-16")
    with monkeypatch.context() as patched:
        patched.setattr(build, "build_run", kill_in(work, "lstm-16", 0, deaths=9))
        with pytest.raises(LostWork, match="in build_or_die of lstm-16, 0; nothing was judged or published"):
            retrain(str(work.home.root), "quick")
    assert releases(work.home) == [] == read(work.home, ["release", "refusal"])
    (alert,) = open_alerts(Ledger.of(work.home))
    assert alert.alert.kind == "run-failed"
    release = retrain(str(work.home.root), "quick").release
    assert before == {name: releases(work.home)[0].file(name) for name in before}
    assert [each.id for each in releases(work.home)] == [release]


def test_a_refusal_is_an_alert_until_a_release_is_there(ask: Ask, work: Work) -> None:
    ask(0.1)
    result = retrain(str(work.home.root), "quick")
    assert result.release is None and not releases(work.home)
    (alert,) = open_alerts(Ledger.of(work.home))
    assert (alert.alert.kind, alert.alert.release) == ("nothing-passed", result.candidate)
    assert alert.alert.message.startswith("no release: lstm-64: ")
    ask(60)
    assert retrain(str(work.home.root), "quick").release
    assert not open_alerts(Ledger.of(work.home))


def test_of_two_retrains_at_once_the_second_waits_and_trains_nothing(built: Work, tmp_path: Path, api_url: str) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(built.home.sales, home.sales)
    (tmp_path / "settings.toml").write_text(
        '[profiles.quick]\nrecipe = "production"\nruns = 1\nvariants = ["lstm-4"]\n[gate]\nmax_mape = 99\n'
        "beat_reference = false\nfit_a_device = false\nmax_bias_pct = 99\n"
    )
    command = [Path(sys.executable).with_name("shelfcast"), "retrain", "--profile", "quick", "--json"]
    environment = {**os.environ, "PREFECT_API_URL": api_url, "SHELFCAST_SETTINGS": str(tmp_path / "settings.toml")}
    both = [
        subprocess.Popen(
            [*command, "--home", home.root], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    (release,) = {json.loads(out)["release"] for out, _ in said}
    (entry,) = read(home, ["release"])
    assert entry.subject == release == releases(home)[0].id
    assert sorted("trained lstm-64" in err for _, err in said) == [False, True]
    (second,) = [err for _, err in said if "trained lstm-64" not in err]
    assert "waiting for another retrain of the same sales" in second and f"{release} is published already" in second
    assert not list(home.candidates.iterdir())
