"""A retrain as a flow: what is built is not built again, a release is found again, and a refusal is an alert."""

from collections.abc import Callable

import pytest

from flows import retrain as flow
from flows.preflight.retrain import RetrainRequest
from flows.retrain import retrain
from flows.settings import Settings
from flows.settings_errors import SettingsError
from tasks.state.alerts import open_alerts
from tasks.state.ledger import Ledger
from tasks.state.releases import releases
from tests.conftest import Work, only

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
