"""`serve` for real: one process to start, everything up; one signal, everything gone."""

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.runtime import serve
from tests.flows.runtime import served
from tests.flows.runtime.served import ROOT, SERVE, Api, alive, api_of, descendants, serving, wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return served.environment(tmp_path)


def retrains(api: Api) -> int:
    """The number of retrains that the server believes to be running."""
    found = api.deployment("retrain/seasonal")
    return found["global_concurrency_limit"]["active_slots"]


def test_all_is_up_then_all_is_gone_and_a_run_that_died_does_not_block_the_next(environment, tmp_path):
    with serving(environment, tmp_path) as process, api_of(environment) as api:
        names = {item["entrypoint"].partition(":")[2] for item in api.all("deployments")}
        assert names == {"routine", "ingest", "monitor", "promote", "retrain", "tidy", "verify"}
        wait_until(lambda: api.post("/work_pools/shelfcast/workers/filter", json={}).json())
        later = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2090-01-01T00:00:00Z"}}}
        run = api.start("retrain/seasonal", **later).raise_for_status().json()
        for state in ({"type": "PENDING"}, {"type": "RUNNING"}):  # as a worker would say that has started it
            api.post(f"/flow_runs/{run['id']}/set_state", json={"state": state, "force": False}).raise_for_status()
        assert retrains(api) == 1
        command = {"properties": {"command": {"type": "string"}}}
        template = {"job_configuration": {"command": "{{ command }}"}, "variables": command}
        api.patch("/work_pools/shelfcast", json={"base_job_template": template}).raise_for_status()
        children = descendants(process.pid)
        assert len(children) >= 2, "a server and a worker"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not alive(children)

    with serving(environment, tmp_path) as process, api_of(environment) as api:
        assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "CRASHED"
        assert "command" not in str(api.all("work_pools")), "as an earlier version made it"
        assert retrains(api) == 0
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not alive(children)


DAY = ("ingest/daily", "monitor/daily", "promote/daily")


def test_after_a_time_without_serve_the_day_goes_in_its_order_once(environment, tmp_path):
    with serving(environment, tmp_path) as process, api_of(environment) as api:
        for seconds in (20, 21):  # two days that will be missed
            due = {"type": "SCHEDULED", "state_details": {"scheduled_time": later(seconds)}}
            api.start("routine/daily", state=due).raise_for_status()
        due_at = datetime.now(UTC) + timedelta(seconds=22)
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_until(lambda: datetime.now(UTC) > due_at)

    with serving(environment, tmp_path), api_of(environment) as api:
        wait_until(lambda: [run for run in api.runs("routine/daily") if run["state_type"] == "COMPLETED"], seconds=200)
        assert sorted(run["state_type"] for run in api.runs("routine/daily") if not run["auto_scheduled"]) == [
            "CANCELLED",
            "COMPLETED",
        ]
        steps = [run for name in DAY for run in api.runs(name)]
        assert [run["deployment_id"] for run in steps] == [api.deployment(name)["id"] for name in DAY]
        times = [time for run in steps for time in (run["start_time"], run["end_time"])]
        assert times == sorted(times)


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_serve_that_is_killed_leaves_nothing_and_a_second_one_leaves_it_alone(environment, tmp_path):
    with serving(environment, tmp_path) as process:
        line = refused(environment)
        assert f"one `shelfcast serve` may use {environment['PREFECT_HOME']}" in line
        assert f"process {process.pid} does; stop it" in line
        children = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until(lambda: not alive(children), seconds=15)
    with socket.create_server(("127.0.0.1", int(environment["PREFECT_SERVER_API_PORT"]))):
        pass


def test_a_server_that_dies_ends_serve_and_its_worker(environment, tmp_path):
    with serving(environment, tmp_path) as process:
        children = descendants(process.pid)
        os.kill(children[0], signal.SIGKILL)
        assert process.wait(60) == 1
        assert not alive(children)
    assert "ServeError: the server must keep running" in (tmp_path / "serve.log").read_text()


def refused(environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", SERVE]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_taken_port_is_refused_with_the_remedy(environment):
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment["PREFECT_SERVER_API_PORT"])))
        other.listen()
        line = refused(environment)
    assert f"ServeError: port {environment['PREFECT_SERVER_API_PORT']} must be free" in line
    assert f"in use by process {os.getpid()}. " in line
    assert "Set PREFECT_SERVER_API_PORT to another port" in line


def test_a_server_that_does_not_answer_is_refused(environment):
    line = refused(environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    assert "ServeError: the server of PREFECT_API_URL must answer" in line


def test_bad_seasons_are_refused_before_anything_starts(environment, tmp_path):
    (tmp_path / "seasons.toml").write_text("[[season]]\nname = 3")
    line = refused(environment | {"SHELFCAST_SEASONS": str(tmp_path / "seasons.toml")})
    assert line.startswith("flows.runtime.seasons.SeasonsError: seasons (")


def test_runs_get_absolute_paths_and_urls_as_they_are(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELFCAST_HOME", "home")
    monkeypatch.setenv("SHELFCAST_SETTINGS", "file:///etc/shelfcast.toml")
    environment = serve._environment({"PREFECT_API_URL": "http://127.0.0.1:1/api"})
    assert environment["SHELFCAST_HOME"] == str(tmp_path / "home")
    assert environment["SHELFCAST_SETTINGS"] == "file:///etc/shelfcast.toml"
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
