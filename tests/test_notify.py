"""What goes out for an alert: an artifact's text, and one message for a run."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tasks import notify
from tasks.state.alerts import Alert

DRIFT = Alert("drift-3-r-lstm-16", "drift", "warning", "store.3", "open", "MAPE 20 %, limit 4")


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An HTTP server, as an Apprise URL, and what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # type: ignore[override]
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_an_artifacts_key_and_text() -> None:
    odd = Alert("id", "drift", "warning", "store.Köln / Süd", "open", "message")
    assert notify._key(odd) == "alert-drift-store-k-ln-s-d"
    assert notify._markdown(DRIFT).startswith("# drift: open\n\nMAPE 20 %, limit 4\n")
    assert "| id | drift-3-r-lstm-16 |" in notify._markdown(DRIFT)


def test_all_alerts_of_a_run_are_one_message(inbox: tuple[str, list[dict[str, Any]]]) -> None:
    url, received = inbox
    resolved = Alert("drift-4", "drift", "warning", "store.4", "resolved", "back")
    notify._notify([DRIFT, resolved], [url])
    (message,) = received
    assert message["title"] == "shelfcast: 1 alert, 1 resolved"
    assert message["message"].splitlines() == [
        "[open] drift store.3: MAPE 20 %, limit 4",
        "[resolved] drift store.4: back",
    ]


def test_a_url_that_fails_or_is_none_is_logged_and_the_others_are_sent(
    inbox: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    url, received = inbox
    with caplog.at_level(logging.ERROR, "shelfcast"):
        notify._notify([DRIFT], ["smoke://signal/secret", "json://127.0.0.1:9", url])
    assert received[0]["title"] == "shelfcast: 1 alert, 0 resolved"
    ours = [record.message for record in caplog.records if record.name == "shelfcast.alert"]
    assert len(ours) == 2
    assert "SHELFCAST_ALERT_URLS: smoke..." in ours[0] and "secret" not in "".join(ours)
