"""Where variants are built: on this machine, unless the settings name a cluster that answers."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from flows.runtime import cluster
from flows.settings import Workers
from flows.settings_errors import SettingsError
from tasks.state.home import Home


def test_this_machine_alone_is_always_usable(tmp_path: Path) -> None:
    cluster.require_usable(Workers(), Home(tmp_path))
    assert isinstance(cluster.task_runner(Workers()), ThreadPoolTaskRunner)


def test_a_scheduler_that_does_not_answer_is_named_with_what_starts_it(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(SettingsError, match=f"workers.dask = {address} does not answer .*`dask scheduler`"),
    ):
        cluster.require_usable(Workers(dask=address), Home(tmp_path))
