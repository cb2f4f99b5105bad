"""An ingest as a flow: a store refused alone, what people are told of it, and where they can look."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.ingest import ingest
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
