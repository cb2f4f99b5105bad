"""What goes out for an alert: an artifact's text, one message for a run; whoever was not reached is tried again."""

import json
import logging
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks import notify
from tasks.state import ledger, outbox
from tasks.state.alerts import Alert, Changes
from tasks.state.home import Home
from tasks.state.ledger import Ledger

DRIFT = Alert("drift-3-r-lstm-16", "drift", "warning", "store.3", "open", "MAPE 20 %, limit 4")
BACK = Alert("drift-4", "drift", "warning", "store.4", "resolved", "back")
REFUSING = "json://127.0.0.1:9"


class Inbox(BaseHTTPRequestHandler):
    """A target that takes what it is sent."""

    def do_POST(self) -> None:  # http.server's name
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # type: ignore[override]
        pass


class Failing(Inbox):
    def do_POST(self) -> None:
        self.send_response(500)
        self.end_headers()


class Silent(Inbox):
    def do_POST(self) -> None:
        time.sleep(60)


class Dripping(Inbox):
    """A target that answers so slowly that no time-out between two bytes ever ends it."""

    def do_POST(self) -> None:
        try:
            for sign in "HTTP/1.1 200 OK\r\n" + "X-More: yes\r\n" * 100:
                self.wfile.write(sign.encode())
                self.wfile.flush()
                time.sleep(0.2)
        except OSError:
            pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.received: list[dict[str, Any]] = []


@contextmanager
def served(handler: type[Inbox]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A real server, as an Apprise URL, and what it was sent."""
    server = Server(handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}", server.received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with served(Inbox) as served_:
        yield served_


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """What Prefect is told, without its server."""
    told: list[Alert] = []
    monkeypatch.setattr(notify, "_announced", lambda alerts: told.extend(alerts) or True)
    return told


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def news(*alerts: Alert) -> Callable[[Ledger], Changes]:
    return lambda _: Changes(alerts)


def waiting(home: Home, *urls: str) -> list[str]:
    return [each.alert.id for each in outbox.waiting(Ledger.of(home), outbox.targets(urls))]


def test_an_artifacts_key_and_text() -> None:
    odd = Alert("id", "drift", "warning", "store.Köln / Süd", "open", "message")
    assert notify._key(odd) == "alert-drift-store-k-ln-s-d"
    assert notify._markdown(DRIFT).startswith("# drift: open\n\nMAPE 20 %, limit 4\n")
    assert "| id | drift-3-r-lstm-16 |" in notify._markdown(DRIFT)


def test_all_alerts_of_a_run_are_one_message_and_are_told_once(
    home: Home, inbox: tuple[str, list[dict[str, Any]]], announced: list[Alert]
) -> None:
    url, received = inbox
    notify.note(home, news(DRIFT), [url])
    notify.note(home, news(BACK), [url])
    assert waiting(home, url) == [DRIFT.id, BACK.id]
    for _ in range(2):
        notify.send_waiting(home, [url])
    (message,) = received
    assert message["title"] == "shelfcast: 1 alert, 1 resolved"
    assert message["message"].splitlines() == [
        "[open] drift store.3: MAPE 20 %, limit 4",
        "[resolved] drift store.4: back",
    ]
    assert announced == [DRIFT, BACK] and waiting(home, url) == []


@pytest.mark.usefixtures("announced")
def test_what_came_from_outside_calls_nobody_in_a_chat(home: Home, inbox: tuple[str, list[dict[str, Any]]]) -> None:
    url, received = inbox
    hostile = "<!channel> @everyone [safe](http://evil) <script>alert(1)</script>\x1b[31m"
    notify.note(home, news(Alert("drift-5", "drift", "warning", "store.5", "open", hostile)), [url])
    notify.send_waiting(home, [url])
    (message,) = received
    assert not set("<>@\x1b") & set(message["message"]) and "](" not in message["message"]
    assert "<script" not in notify._markdown(Alert("i", "drift", "warning", "store.5", "open", hostile))


@pytest.mark.parametrize("target", [Failing, Silent, Dripping, None], ids=["500", "silent", "dripping", "refused"])
def test_a_target_that_takes_nothing_costs_little_and_is_tried_again(
    home: Home,
    target: type[Inbox] | None,
    inbox: tuple[str, list[dict[str, Any]]],
    announced: list[Alert],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notify, "LIMIT", 2.0)
    url, received = inbox
    with served(target or Inbox) as (other, _):
        bad = other if target else REFUSING
        notify.note(home, news(DRIFT), [bad, url])
        start = time.monotonic()
        notify.send_waiting(home, [bad, url])
        assert time.monotonic() - start < 6, "2 s, and what a busy machine adds"
    assert len(received) == 1 and announced == [DRIFT]
    assert waiting(home, bad, url) == [DRIFT.id] and waiting(home, url) == []
    with served(Inbox) as (mended, later):
        notify.note(home, news(BACK), [mended, url])
        notify.send_waiting(home, [mended, url])
    assert [each["title"] for each in later] == ["shelfcast: 0 alerts, 1 resolved"], (
        "the other URL was told of the first"
    )


def test_what_no_url_took_goes_to_the_url_that_replaces_it(
    home: Home, inbox: tuple[str, list[dict[str, Any]]], announced: list[Alert]
) -> None:
    url, received = inbox
    notify.note(home, news(DRIFT), [REFUSING])
    notify.send_waiting(home, [REFUSING])
    notify.send_waiting(home, [url])
    assert received[0]["message"].startswith("[open] drift store.3") and announced == [DRIFT]


def test_a_url_of_later_is_not_told_what_was_before(
    home: Home, inbox: tuple[str, list[dict[str, Any]]], announced: list[Alert]
) -> None:
    url, received = inbox
    notify.note(home, news(DRIFT), [])
    notify.send_waiting(home, [])
    notify.send_waiting(home, [url])
    assert announced == [DRIFT] and received == []


@pytest.mark.usefixtures("announced")
def test_a_url_that_is_none_is_logged_without_its_secret(
    home: Home, inbox: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    url, received = inbox
    urls = ["smoke://signal/secret", url]
    with caplog.at_level(logging.ERROR, "shelfcast"):
        notify.note(home, news(DRIFT), urls)
        notify.send_waiting(home, urls)
    assert len(received) == 1
    assert "SHELFCAST_ALERT_URLS: smoke..." in caplog.text and "the next run tries again" in caplog.text
    rows = [str(vars(entry)) for entry in ledger.read(home, ["alert", "sent"])]
    assert rows and "secret" not in caplog.text + "".join(rows)


def test_prefect_that_does_not_take_it_stops_nothing_and_is_tried_again(
    home: Home, inbox: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("no server")

    url, received = inbox
    monkeypatch.setattr(notify, "emit_event", unreachable)
    notify.note(home, news(DRIFT), [url])
    notify.send_waiting(home, [url])
    assert len(received) == 1 and waiting(home, url) == [DRIFT.id]


def test_no_home_is_made_for_an_alert(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    assert notify.note(home, news(DRIFT), []).news == (DRIFT,)
    notify.send_waiting(home, [])
    assert not home.root.exists()
