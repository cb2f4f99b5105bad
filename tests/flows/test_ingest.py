"""An ingest as a flow: a store refused alone, what people are told of it, and where they can look."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from prefect.client.orchestration import get_client

from flows.ingest import ingest
from flows.runtime.deployed import NotAllowed
from flows.tidy import tidy
from tasks.ingest import quarantine
from tasks.ingest.result import IngestResult
from tasks.state import ledger, sales_table
from tasks.state.home import Home
from tests.sales import sales_rows

BAD_STORE = "17"


def feed(path: Path) -> Path:
    days = [date(2026, 1, 5) + timedelta(number) for number in range(10)]
    rows = [
        f"{day},{store},{item},{'x' if store == BAD_STORE and item != '3' else 7}"
        for day in days
        for store in ("1", "2", BAD_STORE)
        for item in "123"
    ]
    path.write_text("date,store,item,sales\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, api_url: str) -> tuple[Home, IngestResult]:
    folder = tmp_path_factory.mktemp("feed")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SHELFCAST_ALERT_URLS", raising=False)
        return Home(folder / "home"), ingest([str(feed(folder / "night.csv"))], str(folder / "home"))


def test_the_other_stores_go_on_and_every_row_is_accounted_for(told: tuple[Home, IngestResult]) -> None:
    home, result = told
    assert (result.refused, result.refused_stores) == (False, (BAD_STORE,))
    assert result.reasons == {"unparsable sales": 20, "store refused": 10}
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (90, 60, 30)
    assert sales_table.stores(home) == ["1", "2"]
    assert {row.store for row in quarantine.rows(home)} == {BAD_STORE}
    (entry,) = ledger.read(home, ["ingest"])
    assert entry.details["counts"]["rows_quarantined"] == 30
    assert entry.details["refused_stores"] == [BAD_STORE]


def test_alert_and_artifact_link_to_the_data_docs(told: tuple[Home, IngestResult]) -> None:
    _, result = told
    page = Path(result.docs)
    assert "too many rows of store 17 are bad" in page.read_text()
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(limit=200)
    about = [each for each in found if page.as_uri() in str(each.data)]
    assert {each.key for each in about} >= {f"batch-{result.batch}", f"alert-store-refused-batch-{result.batch}"}


def test_tidying_up_leaves_the_sales_as_they_are(told: tuple[Home, IngestResult]) -> None:
    home, result = told
    assert [each.table for each in tidy(str(home.root)).tables] == ["sales", "quarantine", "ledger"]
    assert (len(sales_rows(home)), sales_table.snapshot(home)) == (60, result.snapshot)


USER, PASSWORD, SIGNATURE = "till", "S3CRETpw", "S1GNATURE"
SECRETS = [each.encode() for each in (PASSWORD, SIGNATURE)] + [base64.b64encode(f"{USER}:{PASSWORD}".encode())[4:-4]]


class Shop(BaseHTTPRequestHandler):
    """Sales for who has user, password and signature; and a file that nobody may read."""

    def do_GET(self) -> None:  # http.server's
        asked = (self.path, self.headers["Authorization"])
        right = ("/a.csv?sig=" + SIGNATURE, "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
        body = b"date,store,item,sales\n2026-01-05,1,1,7\n" if asked == right else b""
        self.send_response(200 if body else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: what is asked for is a secret here."""


@pytest.fixture
def shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_secret_in_a_url_is_written_nowhere(shop: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SHELFCAST_"))}
    environment = clean | {"PREFECT_HOME": str(tmp_path / "prefect"), "SHELFCAST_HOME": str(tmp_path / "home")}
    environment["SHELFCAST_SOURCES__TILL"] = f"http://{USER}:{PASSWORD}@{shop}/a.csv?sig={SIGNATURE}"
    command = Path(sys.executable).with_name("shelfcast")

    def run(source: str) -> tuple[int, str]:
        done = subprocess.run([command, "ingest", source], env=environment, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    code, said = run(environment["SHELFCAST_SOURCES__TILL"])
    assert code == 0 and "rows read: 1 added" in said, said
    code, error = run(f"http://{USER}:{PASSWORD}@{shop}/b.csv?sig={SIGNATURE}")
    assert code == 2 and f"no permission to read http://{shop}/b.csv" in error
    code, again = run("till")
    assert code == 0 and "0 added" in again, again
    written = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert f"{shop}/a.csv".encode() in written[str(tmp_path / "prefect" / "prefect.db")]
    written["what was said"] = (said + error + again).encode()
    assert [name for name, content in written.items() if any(secret in content for secret in SECRETS)] == []


@pytest.mark.usefixtures("api_url")
def test_a_url_with_a_secret_that_prefect_got_as_text_is_refused(shop: str, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match=rf"Received: http://{shop}/a.csv, with more. Change its secret"):
        ingest([f"http://{shop}/a.csv?sig={SIGNATURE}"], str(tmp_path / "home"))  # type: ignore[list-item]
    assert not (tmp_path / "home" / "sales").exists()
