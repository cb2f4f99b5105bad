"""One Prefect API for all flow tests of a session; command-line tests reach it by its URL."""

from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session")
def api_url() -> Iterator[str]:
    with prefect_test_harness(server_startup_timeout=300):
        yield str(PREFECT_API_URL.value())
