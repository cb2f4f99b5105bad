"""Alerts: what they say, and the one message that goes out for a run."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks import alert, notify
from tasks.alert import Alert
from tasks.contract import Breach, Findings

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


def test_a_refused_batch_is_critical_and_says_why(tmp_path: Path) -> None:
    breaches = Breach("critical", "there are no rows"), Breach("warning", "more rows than usual are bad")
    (said,) = alert.about_data("ab12", Findings(breaches, tmp_path / "ab12.html"))
    assert (said.id, said.kind, said.severity) == ("data-refused-ab12", "data-refused", "critical")
    assert (said.subject, said.message) == ("batch.ab12", "no sales were taken: there are no rows")
    assert said.link == (tmp_path / "ab12.html").as_uri()
    assert f"[Data Docs]({said.link})" in notify._markdown(said)


def test_a_suspicious_batch_is_a_warning_with_the_remedy() -> None:
    breaches = (
        Breach("critical", "too many rows of store 2 are bad", "bad_rows_of_a_store", ("2",), alone=True),
        Breach("warning", "more rows than usual are bad", "bad_rows_more_than_usual"),
        Breach("warning", "new: store 9", "new_stores"),
        Breach("info", "new: item 7", "new_items"),
    )
    refused, bad, new = alert.about_data("ab12", Findings(breaches))
    assert (refused.kind, refused.severity) == ("store-refused", "critical")
    assert refused.message.startswith("too many rows of store 2 are bad; all their rows wait in quarantine")
    assert (bad.kind, bad.severity, bad.id) == ("data-warning", "warning", "data-warning-bad-rows-more-than-usual-ab12")
    assert bad.message == "more rows than usual are bad; look at `shelfcast quarantine list`"
    assert (new.message, new.id) == ("new: store 9", "data-warning-new-stores-ab12")


def test_nothing_passed_names_the_baseline_and_its_reasons() -> None:
    manifest = {"release": "20260101-ab", "variants": [{"name": "lstm-64", "reasons": ["too bad", "too few days"]}]}
    said = alert.nothing_passed(manifest)
    assert (said.id, said.severity) == ("nothing-passed-20260101-ab", "critical")
    assert said.message == "no release: lstm-64: too bad; too few days. Stores keep what they run"


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
