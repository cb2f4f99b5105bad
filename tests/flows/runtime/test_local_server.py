"""What a hostile page, and a local stranger with and without the secret, can do to a `serve` that runs: nothing."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.runtime import served
from tests.flows.runtime.served import Api, api_of, secret_of, serving, url_of, wait_until

pytestmark = pytest.mark.timeout(600)

EVIL = "http://evil.example"
START = {"state": {"type": "SCHEDULED"}}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("served")
    environment = served.environment(folder)
    with serving(environment, folder):
        yield environment


@pytest.fixture(scope="module")
def api(environment: dict[str, str]) -> Iterator[Api]:
    with api_of(environment) as api:
        yield api


@pytest.fixture
def stranger(environment: dict[str, str]) -> Iterator[httpx.Client]:
    """Someone who reaches the port and has no secret."""
    with httpx.Client(base_url=url_of(environment), timeout=30, trust_env=False) as client:
        yield client


def test_a_page_elsewhere_may_not_even_ask(stranger: httpx.Client, api: Api) -> None:
    path = f"/api/deployments/{api.deployment('promote/daily')['id']}/create_flow_run"
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = stranger.options(path, headers=asks)
    assert preflight.status_code == 400 and "access-control-allow-origin" not in preflight.headers
    own = stranger.options(path, headers=asks | {"Origin": str(stranger.base_url).rstrip("/")})
    assert own.status_code == 200 and own.headers["access-control-allow-origin"] != "*"
    assert stranger.post(path, headers={"Origin": EVIL}, json=START).status_code == 403
    assert api.runs("promote/daily") == []


def test_a_page_whose_name_was_bound_to_this_machine_has_no_secret(stranger: httpx.Client) -> None:
    stranger.headers["Host"] = "evil.example"
    assert stranger.get("/api/deployments/name/promote/daily").status_code == 401
    assert stranger.get("/api/csrf-token", params={"client": "evil"}).status_code == 401
    assert stranger.post("/api/deployments/filter", json={}).status_code == 403


@pytest.mark.parametrize("secret", [None, ("shelfcast", "guessed"), ("", "")])
def test_who_has_no_secret_reads_and_writes_nothing(
    stranger: httpx.Client, api: Api, secret: tuple[str, str] | None
) -> None:
    stranger.auth = httpx.BasicAuth(*secret) if secret else None
    for name in ("Prefect-Csrf-Client", "Prefect-Csrf-Token"):
        stranger.headers[name] = api.headers[name]  # a token that would be right
    path = f"/api/deployments/{api.deployment('promote/daily')['id']}"
    assert stranger.get(path).status_code == 401
    assert stranger.post("/api/flow_runs/filter", json={}).status_code == 401
    assert stranger.post(f"{path}/create_flow_run", json=START).status_code == 401
    assert stranger.delete(path).status_code == 401
    assert api.runs("promote/daily") == []


def test_only_the_owner_can_read_the_secret(environment: dict[str, str]) -> None:
    secret = Path(environment["PREFECT_HOME"]) / "serve.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret_of(environment)[1]) >= 43, "256 bits"
    assert secret_of(environment)[1] not in (secret.parents[1] / "serve.log").read_text()


@pytest.mark.parametrize("variables", [{"command": "touch pwned"}, {"env": {"PATH": "/x"}}, {"working_dir": "/x"}])
def test_not_even_with_the_secret_a_run_takes_a_command(api: Api, variables: dict[str, object]) -> None:
    answer = api.start("tidy/weekly", job_variables=variables)
    assert answer.status_code == 422 and "Additional properties are not allowed" in answer.text
    [pool] = api.all("work_pools")
    assert "{{" not in str(pool["base_job_template"])


def test_a_run_reads_no_url_that_the_settings_do_not_name(api: Api) -> None:
    run = api.start("ingest/daily", parameters={"sources": ["http://u:S3CRET@127.0.0.1:9/x.csv"]}).json()

    def state() -> dict[str, str]:
        return api.get(f"/flow_runs/{run['id']}").json()["state"]

    wait_until(lambda: state()["type"] in ("FAILED", "COMPLETED", "CRASHED"))
    assert "NotAllowed: sources " in state()["message"] and "S3CRET" not in state()["message"]


def test_runs_are_deleted_a_month_after_their_end(environment: dict[str, str], api: Api) -> None:
    later = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2090-01-01T00:00:00Z"}}
    old, new = (api.start("tidy/weekly", state=later).json()["id"] for _ in range(2))
    for run in (old, new):
        api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "COMPLETED"}, "force": True}).raise_for_status()
    with sqlite3.connect(Path(environment["PREFECT_HOME"]) / "prefect.db", timeout=60) as database:
        date = "update flow_run set end_time = datetime('now', '-31 days') where id = ?"
        assert database.execute(date, [old]).rowcount == 1
    database.close()
    wait_until(lambda: api.get(f"/flow_runs/{old}").status_code == 404)
    assert api.get(f"/flow_runs/{new}").status_code == 200
