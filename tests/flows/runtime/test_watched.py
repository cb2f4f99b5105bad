"""A run that fails is an open alert until a later run completes, whatever else is wrong."""

import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from prefect.states import Failed

from flows.runtime.deployed import NotAllowed
from flows.runtime.watched import run_failed, watched
from flows.settings_errors import SettingsError
from tasks import notify
from tasks.state.alerts import Alert, open_alerts
from tasks.state.home import Home
from tasks.state.ledger import Entry, Ledger, record
from tasks.state.outbox import PREFECT, Waiting, waiting


@watched
def nightly(home: str, error: str | None = None) -> None:
    """A flow that ends as it is asked to."""
    if error == "input":
        raise SettingsError("no such profile")
    if error:
        raise RuntimeError(error)


def opened(home: Path) -> list[Alert]:
    return [each.alert for each in open_alerts(Ledger.of(Home(home)))]


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.delenv("SHELFCAST_ALERT_URLS", raising=False)


@pytest.mark.usefixtures("api_url", "quiet")
def test_runs_that_fail_are_one_alert_until_one_completes(tmp_path: Path) -> None:
    for error in ("disk full", "disk still full"):
        with pytest.raises(RuntimeError, match=error):
            nightly(str(tmp_path), error)
    (alert,) = opened(tmp_path)
    assert (alert.id, alert.kind, alert.severity) == ("run-failed-nightly", "run-failed", "critical")
    assert alert.message.startswith("the nightly run ") and "disk still full" in alert.message
    nightly(str(tmp_path))
    assert opened(tmp_path) == []


@pytest.mark.usefixtures("api_url", "quiet")
def test_a_wrong_input_is_no_alert_where_a_person_sees_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "shelfcast.alert"), pytest.raises(SettingsError):
        nightly(str(tmp_path), "input")
    assert "run-failed" not in caplog.text
    assert opened(tmp_path) == []


@pytest.mark.usefixtures("api_url", "quiet")
def test_a_deployed_run_keeps_to_its_workers_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_HOME", str(tmp_path / "own"))
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(nightly), name="stranger's")
        asked = {"home": str(tmp_path / "other")}
        run = client.create_flow_run_from_deployment(deployment, parameters=asked)
    with pytest.raises(NotAllowed, match=r"home must be the worker's own, .*/own, .* Received: .*/other"):
        run_flow(nightly, flow_run=run, parameters=asked)
    assert not (tmp_path / "other").exists()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be sent, without a server."""
    sent: list[str] = []

    def send(due: Sequence[Waiting], urls: Sequence[str]) -> set[str]:
        sent.extend(each.alert.message for each in due)
        return {PREFECT}

    monkeypatch.setattr(notify, "send", send)
    return sent


def failed(home: Path, deployment: bool) -> None:
    deployed = uuid4() if deployment else None
    run: Any = SimpleNamespace(name="odd-owl", deployment_id=deployed, parameters={"home": str(home)})
    flow: Any = Flow(lambda: None, name="retrain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHELFCAST_HOME", str(home))
        run_failed(flow, run, Failed(data=SettingsError("no such profile"), message="no such profile"))


@pytest.mark.usefixtures("quiet")
def test_a_deployed_run_with_a_wrong_input_is_an_open_alert(tmp_path: Path, said: list[str]) -> None:
    failed(tmp_path, deployment=True)
    message = "the retrain run odd-owl failed: no such profile"
    assert said == [message] and [alert.message for alert in opened(tmp_path)] == [message]


@pytest.mark.usefixtures("quiet")
def test_no_home_is_made_for_a_run_that_failed(tmp_path: Path, said: list[str]) -> None:
    failed(tmp_path / "home", deployment=True)
    assert len(said) == 1 and not (tmp_path / "home").exists()


def test_settings_that_cannot_be_read_do_not_hide_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "nowhere.toml"))
    failed(tmp_path, deployment=True)
    assert len(said) == len(opened(tmp_path)) == 1


@pytest.mark.usefixtures("quiet")
def test_a_failure_that_cannot_be_told_is_recorded_and_told_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "send", lambda *_: set())
    failed(tmp_path, deployment=True)
    assert [alert.id for alert in opened(tmp_path)] == ["run-failed-retrain"]
    (due,) = waiting(Ledger.of(Home(tmp_path)), [PREFECT])
    assert due.alert.id == "run-failed-retrain"


@pytest.mark.usefixtures("quiet")
def test_a_failure_that_cannot_be_recorded_is_told(tmp_path: Path, said: list[str]) -> None:
    record(Home(tmp_path), [Entry("alert", "other", "why")])
    for file in tmp_path.glob("ledger/*.parquet"):
        file.write_bytes(b"rubbish")
    failed(tmp_path, deployment=True)
    assert said == ["the retrain run odd-owl failed: no such profile"]
