"""The local Prefect server: one a database, on 127.0.0.1, closed to web pages and to whoever has not its secret."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, get_current_settings, temporary_settings

from flows.runtime import child, environment

START_SECONDS = 300
"""The first start makes a database, which takes a busy small machine a minute."""

REACHED_BY = (PREFECT_API_URL, PREFECT_API_AUTH_STRING)
RETENTION = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86400),  # seconds since the end of a run
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "7d",
}
"""How long the server keeps runs with their logs and artifacts, and events; unless the user has set it."""


class ServeError(RuntimeError):
    """The deployments cannot be served: what is wrong, what to do."""


@dataclass(frozen=True)
class LocalServer:
    """A local Prefect server that answers.

    Attributes:
        url: Address of its API.
        secret: File with the secret that it asks for, which only the file's owner can read.
        client: Environment variables by which Prefect's programs reach it.
        process: The server's process.
    """

    url: str
    secret: Path
    client: dict[str, str]
    process: subprocess.Popen[bytes]


@contextmanager
def local_server() -> Iterator[LocalServer]:
    """A Prefect server with its database in `PREFECT_HOME`, until the block ends.

    Raises:
        ServeError: If another `serve` has the database, the port is taken, or the server does not answer.
    """
    settings = get_current_settings()
    port, home = settings.server.api.port, settings.home
    with _only_one(home):
        _must_be_free(port)
        url, secret = f"http://127.0.0.1:{port}/api", _new_secret(home / "serve.secret")
        client = {"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": secret.read_text()}
        options = ("--host", "127.0.0.1", "--port", str(port))
        with child.prefect(_closed(secret.read_text(), port), "server", "start", *options) as process:
            _wait_for(client, process)
            yield LocalServer(url, secret, client, process)


@contextmanager
def client_of(variables: Mapping[str, str]) -> Iterator[SyncPrefectClient]:
    """A client of the server that environment variables name."""
    named = {setting: variables[setting.name] for setting in REACHED_BY if setting.name in variables}
    with temporary_settings(named), get_client(sync_client=True) as client:
        yield client


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Be the only `serve` with a database: a second one would end the runs of the first."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "serve.lock"
    try:
        with FileLock(path, blocking=False):
            path.write_text(str(os.getpid()))
            yield
    except Timeout:
        raise ServeError(
            f"one `shelfcast serve` may use {home}. Received: process {path.read_text()} does; "
            "stop it, or set PREFECT_HOME to another folder"
        ) from None


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServeError(
                f"port {port} must be free for the Prefect server. Received: {error.strerror}{_by_whom(port)}. "
                f"Set PREFECT_SERVER_API_PORT to another port or, if a Prefect server is there, PREFECT_API_URL=http://127.0.0.1:{port}/api"
            ) from None


def _by_whom(port: int) -> str:
    """The process that listens at a port, where it is ours to know."""
    with suppress(psutil.AccessDenied):
        listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        for pid in {each.pid for each in listening if each.laddr.port == port and each.pid}:
            return f" by process {pid}"
    return ""


def _new_secret(path: Path) -> Path:
    """Write a new random secret, as `user:password`, into a file that only its owner can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(environment.new_secret())
    return path


def _closed(secret: str, port: int) -> dict[str, str]:
    """The environment of a server that answers who has the secret, and no web page but its own."""
    return (
        RETENTION
        | dict(os.environ)
        | {
            "PREFECT_SERVER_API_AUTH_STRING": secret,
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
        }
    )


def _wait_for(client: Mapping[str, str], server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    with client_of(client) as api:
        while api.api_healthcheck():
            if server.poll() is not None or time.monotonic() > end:
                raise ServeError(
                    f"the local Prefect server must answer at {client['PREFECT_API_URL']}, see its messages above"
                )
            time.sleep(0.5)
