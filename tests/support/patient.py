"""A client of a real Prefect server that is as patient as Prefect's own."""

import time
from typing import Any

import httpx


class PatientClient(httpx.Client):
    """A client that asks again where the server is busy."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """As Prefect's own clients do, again when SQLite was locked, which still happens with Prefect 3.9.1."""
        for seconds in (0.5, 1, 2, 4, 8):
            response = super().send(request, **options)
            if response.status_code != 503:
                break
            time.sleep(seconds)
        return response
