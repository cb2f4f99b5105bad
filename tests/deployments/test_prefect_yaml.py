"""prefect.yaml on a real server with a real worker: deployed by the CLI, run by a schedule, by hand and by drift."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from flows.runtime import seasons
from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample
from tests.support.patient import PatientClient

ROOT = Path(__file__).parents[2]
FILE = "deployments/prefect.yaml"
POOL = "deployments/work_pool.json"
DAY = ["ingest/daily", "monitor/daily", "promote/daily"]
QUICK = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
}
TINY = """
[profiles.standard]
recipe = "production"
runs = 1
variants = ["lstm-64"]
[gate]
beat_reference = false  # of a chain this small, chance decides it
max_worse_in_a_store_pp = "none"
max_worse_in_a_class_pp = "none"
fit_a_device = false  # on a busy machine there is no figure for latency
"""
SEND = """
from datetime import UTC, datetime
from tasks.notify import send
from tasks.state.alerts import Alert
from tasks.state.outbox import PREFECT, Waiting
drifts = [Alert(f"drift-{s}", "drift", "warning", f"store.{s}", "open", f"store {s} drifts") for s in (1, 2, 3)]
send([Waiting(drift, datetime.now(UTC), (PREFECT,)) for drift in drifts], ())
"""

pytestmark = pytest.mark.timeout(280)


class Api(PatientClient):
    """The server's API, and what the CLI needs to talk to it."""

    environment: dict[str, str]
    home: Path

    def prefect(self, *arguments: str) -> str:
        return self.python("-m", "prefect", "--no-prompt", *arguments)

    def python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def all(self, what: str, **filters: Any) -> list[dict[str, Any]]:
        return self.post(f"/{what}/filter", json=filters).raise_for_status().json()

    def deployment(self, name: str) -> dict[str, Any]:
        return self.get(f"/deployments/name/{name}").raise_for_status().json()

    def runs(self, name: str) -> list[dict[str, Any]]:
        return self.all("flow_runs", deployments={"id": {"any_": [self.deployment(name)["id"]]}})

    def finished(self, find: Callable[[], list[dict[str, Any]]], seconds: float = 120) -> dict[str, Any]:
        """The first run that `find` finds, when it has ended well."""
        end, runs = time.monotonic() + seconds, []
        while time.monotonic() < end:
            runs = find()
            if runs and runs[0]["state_type"] not in ("SCHEDULED", "PENDING", "RUNNING"):
                assert runs[0]["state_type"] == "COMPLETED", (runs[0]["state"], self.logs(runs[0]))
                return runs[0]
            time.sleep(0.3)
        raise AssertionError(f"no run ended in {seconds} s; {[(run['name'], run['state_name']) for run in runs]}")

    def planned(self, deployment: dict[str, Any]) -> list[dict[str, Any]]:
        """The runs that the server makes of a deployment's schedules, as soon as there are any."""
        end, runs = time.monotonic() + 60, []
        while not runs and time.monotonic() < end:
            runs = self.all("flow_runs", deployments={"id": {"any_": [deployment["id"]]}})
            time.sleep(0.3)
        return [run for run in runs if run["auto_scheduled"]]

    def logs(self, run: dict[str, Any]) -> str:
        return "\n".join(log["message"] for log in self.all("logs", logs={"flow_run_id": {"any_": [run["id"]]}}))


@contextmanager
def child(environment: dict[str, str], log: Path, *arguments: str) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=log.parent,  # not the project's folder: a worker may be started anywhere
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        mine = descendants(process.pid)  # runs have sessions of their own
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        for pid in (process.pid, *mine):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        process.wait()


def descendants(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    found = [pid]
    for parent in found:
        found += [child for child, of in pairs if of == parent]
    return found[1:]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server and a worker with everything deployed; the home's landing folder has a small chain's sales."""
    folder = tmp_path_factory.mktemp("deployed")
    home = folder / "home"
    write_sample(home / "landing" / "sales.csv.gz", Chain(stores=2, items=2, days=400))
    (folder / "settings.toml").write_text(TINY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SHELFCAST_"))}
    environment = (
        clean
        | QUICK
        | {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_API_URL": url,
            "SHELFCAST_HOME": str(home),
            "SHELFCAST_SETTINGS": str(folder / "settings.toml"),
        }
    )
    with ExitStack() as stack:
        serving = {name: value for name, value in environment.items() if name != "PREFECT_API_URL"}
        server = ("server", "start", "--host", "127.0.0.1", "--port", str(port))
        stack.enter_context(child(serving, folder / "server.log", *server))
        client = stack.enter_context(Api(base_url=url, timeout=30, trust_env=False))
        client.environment, client.home = environment, home
        wait_until_healthy(client, folder / "server.log")
        client.prefect("work-pool", "create", "shelfcast", "--type", "process", "--base-job-template", POOL)
        client.prefect("deploy", "--all", "--prefect-file", FILE)
        stack.enter_context(child(environment, folder / "worker.log", "worker", "start", "--pool", "shelfcast"))
        yield client


def wait_until_healthy(client: Api, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with suppress(httpx.TransportError):
            if client.get("/health").is_success:
                return
        time.sleep(0.3)
    raise AssertionError(log.read_text())


def test_each_deployment_has_its_schedules_in_one_time_zone_and_runs_one_at_a_time(api: Api):
    deployed = {item["entrypoint"].split(":")[1] + "/" + item["name"]: item for item in api.all("deployments")}
    assert set(deployed) == {"routine/daily", *DAY, "retrain/seasonal", "tidy/weekly", "verify/weekly"}
    zones = {plan["schedule"]["timezone"] for item in deployed.values() for plan in item["schedules"]}
    assert len(zones) == 1
    ZoneInfo(zones.pop())
    assert all(plan["active"] for item in deployed.values() for plan in item["schedules"])
    assert all(item["global_concurrency_limit"]["limit"] == 1 for item in deployed.values())
    assert all(item["concurrency_options"]["collision_strategy"] == "CANCEL_NEW" for item in deployed.values())
    assert deployed["retrain/seasonal"]["parameters"] == {"profile": "standard"}
    assert str(ROOT) not in str(deployed)


def test_the_day_goes_ingest_monitor_promote(api: Api):
    assert api.deployment("routine/daily")["parameters"] == {"deployments": DAY}
    assert [api.deployment(name)["schedules"] for name in DAY] == [[], [], []]


def test_the_server_plans_the_runs_of_each_day_at_the_hour_of_their_schedule(api: Api):
    deployment = api.deployment("routine/daily")
    [schedule] = [plan["schedule"] for plan in deployment["schedules"]]
    starts = [datetime.fromisoformat(run["expected_start_time"]) for run in api.planned(deployment)]
    assert {start.astimezone(ZoneInfo(schedule["timezone"])).hour for start in starts} == {5}


def test_retrain_is_scheduled_weekly_and_before_each_season_of_the_file(api: Api):
    plans = {plan["slug"]: plan for plan in api.deployment("retrain/seasonal")["schedules"]}
    assert set(plans) == {"weekly", "seasons"}
    assert plans["weekly"]["schedule"]["cron"].split()[2:4] == ["*", "*"]
    assert plans["weekly"]["schedule"]["cron"].split()[4] in "0123456"
    for season in seasons.load():
        day = season.retrain_on
        assert f"BYMONTH={day.month};BYMONTHDAY={day.day};BYHOUR=20" in plans["seasons"]["schedule"]["rrule"], season
    assert plans["seasons"]["schedule"]["rrule"].count("RRULE") == len(seasons.load())
    assert {plan["parameters"]["reason"] for plan in plans.values()} == {"weekly", "before a season"}


def test_deploying_again_changes_nothing(api: Api):
    before = api.deployment("retrain/seasonal")
    api.prefect("deploy", "--all", "--prefect-file", FILE)
    after = api.deployment("retrain/seasonal")
    assert after["id"] == before["id"]
    assert {plan["id"] for plan in after["schedules"]} == {plan["id"] for plan in before["schedules"]}
    assert len(api.all("deployments")) == 7
    assert [item["name"] for item in api.all("automations")] == ["retrain on drift"]


@pytest.fixture(scope="module")
def ingested(api: Api) -> dict[str, Any]:
    """A run of ingest that only its schedule started."""
    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    schedule = {"interval": 86400, "anchor_date": soon, "timezone": "UTC"}
    plans = f"/deployments/{api.deployment('ingest/daily')['id']}/schedules"
    [added] = api.post(plans, json=[{"active": True, "schedule": schedule}]).raise_for_status().json()
    return api.finished(
        lambda: [
            run
            for run in sorted(api.runs("ingest/daily"), key=lambda run: run["expected_start_time"])
            if (run["created_by"] or {}).get("id") == added["id"]
        ]
    )


def test_a_scheduled_run_finishes(api: Api, ingested: dict[str, Any]):
    assert ingested["auto_scheduled"]
    assert (api.home / "sales" / "_delta_log").is_dir(), "the worker did not get SHELFCAST_HOME"


def test_drift_of_many_stores_starts_one_retrain_that_publishes(api: Api, ingested: dict[str, Any]):
    api.python("-c", SEND)
    run = api.finished(lambda: drifted(api), seconds=200)
    assert len(drifted(api)) == 1
    assert run["parameters"]["profile"] == "standard"
    assert run["parameters"]["reason"] in {f"store {store} drifts" for store in (1, 2, 3)}
    [release] = (api.home / "releases").iterdir()
    assert json.loads((release / "manifest.json").read_text())["reason"] == run["parameters"]["reason"]


def drifted(api: Api) -> list[dict[str, Any]]:
    return [run for run in api.runs("retrain/seasonal") if (run["created_by"] or {}).get("type") == "AUTOMATION"]


def test_a_run_by_hand_finishes(api: Api, ingested: dict[str, Any]):
    api.prefect("deployment", "run", "monitor/daily")
    run = api.finished(lambda: [run for run in api.runs("monitor/daily") if not run["auto_scheduled"]])
    end = time.monotonic() + 30  # a run has ended before its last lines have reached the server
    while "scored 0 stores as of" not in (lines := api.logs(run)):
        assert time.monotonic() < end, f"the steps' own lines are missing: {lines}"
        time.sleep(0.3)


def test_each_schedule_keeps_its_hour_when_the_clocks_change():
    deployments = yaml.safe_load((ROOT / FILE).read_text())["deployments"]
    plans = [plan for item in deployments for plan in item["schedules"] if "cron" in plan]
    assert len(plans) == 4
    for plan in plans:
        schedule = CronSchedule(cron=plan["cron"], timezone=plan["timezone"])
        starts = asyncio.run(schedule.get_dates(n=400, start=datetime(2027, 1, 1, tzinfo=UTC)))
        minute, hour = map(int, plan["cron"].split()[:2])
        assert {(start.hour, start.minute) for start in starts} == {(hour, minute)}, plan
        days = 7 if plan["cron"].endswith(" 0") else 1
        apart = {(later.date() - earlier.date()).days for earlier, later in pairwise(starts)}
        assert apart == {days}, plan


def test_the_file_names_no_machine_and_one_work_pool():
    text = (ROOT / FILE).read_text()
    assert str(ROOT) not in text
    assert "/home" not in text
    deployments = yaml.safe_load(text)["deployments"]
    assert {item["work_pool"]["name"] for item in deployments} == {"shelfcast"}
    assert all((ROOT / item["entrypoint"].split(":")[0]).is_file() for item in deployments)
