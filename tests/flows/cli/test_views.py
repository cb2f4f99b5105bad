"""The views of a home: what runs where, what is wrong, what people decided."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from flows.cli import views
from flows.cli.views import StatusResult
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.promote.override import grant
from tasks.state import delta
from tasks.state.alerts import Alert, Changes, Kind, record
from tasks.state.home import Home
from tasks.state.overrides import Override
from tests.conftest import Refusals
from tests.stores import promote


def status(home: Home, later: timedelta = timedelta()) -> StatusResult:
    return views.status(home, DriftPolicy(), MapePolicy(), datetime.now(UTC) + later)


def test_the_views_show_what_is_active_and_what_was_refused_as_a_whole(refusals: Refusals) -> None:
    home, until = refusals.home, date.today() + timedelta(3)
    asked = Override(refusals.release, "verdict", "lstm-16-int8", "Ana Ruiz", "the new tills cannot wait", until)
    grant.fn(home, asked, date.today())
    grant.fn(home, replace(asked, what="freeze", variant=None, until=date.today() - timedelta(1)), date.today())
    shown = [
        {
            "release": refusals.release,
            "variant": "lstm-16-int8",
            "what": "verdict",
            "who": "Ana Ruiz",
            "why": asked.why,
            "until": str(until),
        }
    ]
    listed = views.published(home)
    for result in (status(home), listed):
        assert json.loads(result.model_dump_json())["overrides"] == shown
    assert [each.release for each in listed.refused_candidates] == [refusals.candidate]
    assert [each.release for each in listed.releases] == [refusals.release]


def test_status_lists_every_open_alert_and_what_it_is_about(tmp_path: Path) -> None:
    kinds: list[Kind] = ["data-refused", "data-warning", "nothing-passed", "run-failed", "drift"]
    raised = [Alert(kind, kind, "critical", "batch.b", "open", f"{kind}!", "file:///docs") for kind in kinds]
    record(Home(tmp_path), Changes(tuple(raised)))
    result = json.loads(status(Home(tmp_path)).model_dump_json())
    assert [alert["id"] for alert in result["alerts"]] == kinds
    assert set(result["alerts"][0]) == {"id", "message", "since", "kind", "severity", "subject", "link"}
    assert result["alerts"][0]["link"] == "file:///docs" and result["snapshot"] is None
    later = status(Home(tmp_path), timedelta(8))
    assert [alert.id for alert in later.alerts] == [kind for kind in kinds if kind != "data-warning"]


def test_status_says_what_a_store_runs_and_ran(refusals: Refusals) -> None:
    promote(refusals.home, refusals.release, "2")
    (store,) = status(refusals.home).stores
    assert (store.store, store.release, store.previous, store.days) == ("2", refusals.release, None, 0)
    assert store.mape is store.drift_pp is None and store.gated_mape is not None


@pytest.mark.parametrize("table", ["sales", "quarantine", "scores"])
def test_status_goes_on_without_a_table_that_cannot_be_read(refusals: Refusals, tmp_path: Path, table: str) -> None:
    promote(refusals.home, refusals.release, "2")
    before = status(refusals.home)
    folder = refusals.home.root / table
    shutil.rmtree(folder, ignore_errors=True)
    delta.append(folder, pa.table({"x": [1]}))
    (log,) = (folder / "_delta_log").glob("*.json")
    log.write_text("{")
    result = status(refusals.home)
    (why,) = result.unreadable
    assert f"the log of the table {folder} cannot be read" in why
    assert result.stores == before.stores and before.unreadable == ()
