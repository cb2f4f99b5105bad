"""What people are told of stores: promotions, accuracy, alerts."""

from datetime import date
from typing import Any

import pytest

from flows.cli.render import stores
from flows.cli.results import AlertStatus, StatusResult
from tasks.monitor.result import LiveAccuracy, MonitorResult
from tasks.promote.result import Delivery, PromotionResult

WHY = "lstm-16-int8: 0.10 EUR a year and store beside 52.00 for retraining, cheapest of 11 variants that passed and fit"


RELEASE = "20241231-4f381d4f"


def delivery(store: str, reason: str) -> Delivery:
    return Delivery(
        store=store, variant="lstm-16-int8", release=RELEASE, previous=None, state="promoted", reason=reason
    )


def test_a_promotion_says_each_reason_once_and_cuts_no_cell(capsys: pytest.CaptureFixture[str]) -> None:
    wave = [delivery(str(store), WHY) for store in range(1, 8)] + [delivery("8", "canary store 1 drifts")]
    stores.promote(PromotionResult(release=RELEASE, wave="rest", stores=tuple(wave)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["stores", "state", "variant", "release", "previous"]
    assert lines[1].split() == [
        "1,",
        "2,",
        "3,",
        "4,",
        "5",
        "and",
        "3",
        "more",
        "promoted",
        "lstm-16-int8",
        RELEASE,
        "-",
    ]
    assert lines[-3:] == [
        f"store 1, 2, 3, 4, 5 and 2 more: {WHY}",
        "store 8: canary store 1 drifts",
        "wave: rest, 8 stores; next: `shelfcast monitor`, `shelfcast status`",
    ]


def test_a_store_gated_under_another_mape_policy_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    known = LiveAccuracy(
        store="1", release=RELEASE, variant="lstm-8", mape=9.0, mape_7=9.0, gated_mape=8.0, drift_pp=1.0, days=14
    )
    unknown = known.model_copy(update={"store": "2", "gated_mape": None, "drift_pp": None})
    stores.monitor(MonitorResult(as_of=date(2025, 1, 14), stores=(known, unknown), alerts=(), open_alerts=()))
    said = capsys.readouterr().out
    assert "store 2: not gated under today's [mape], or its release is damaged; drift is unknown until" in said


def test_of_many_stores_those_that_drift_most_have_rows(capsys: pytest.CaptureFixture[str]) -> None:
    stores_scored = tuple(
        LiveAccuracy(
            store=str(store), release=RELEASE, variant="lstm-8", mape=9.0, mape_7=9.0, gated_mape=8.0,
            drift_pp=None if store == 300 else store / 100, days=14,
        )
        for store in range(1, 301)
    )  # fmt: skip
    result = MonitorResult(as_of=date(2025, 1, 14), stores=stores_scored, alerts=(), open_alerts=())
    stores.monitor(result)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["299", "298", "297"]
    assert "280 more stores, which drift less: --all" in lines
    stores.monitor(result, every_row=True)
    assert len([line for line in capsys.readouterr().out.splitlines() if "lstm-8" in line]) == 300


def status(**fields: Any) -> StatusResult:
    known: dict[str, Any] = {"home": "h", "snapshot": 1, "last_day": date(2024, 12, 31), "newest_release": RELEASE}
    return StatusResult(**known | {"stores": (), "alerts": (), "overrides": (), "quarantine": {}} | fields)


def test_status_says_of_every_alert_what_it_is_since_when_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    refused = AlertStatus(
        id="data-refused-b",
        message="no sales were taken: too many rows are bad",
        since="2026-11-24T05:00:00+00:00",
        kind="data-refused",
        severity="critical",
        subject="batch.b",
        link="file:///docs/b.html",
    )
    stores.status(status(snapshot=None, last_day=None, alerts=(refused,)))
    said = capsys.readouterr().out
    assert said.splitlines()[-2:] == [
        "no sales yet; run `shelfcast ingest` first",
        "data-refused open since 2026-11-24T05:00:00+00:00: no sales were taken: too many rows are bad "
        "(file:///docs/b.html)",
    ]


def test_status_names_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    stores.status(status(snapshot=None, last_day=None, unreadable=("the log of the table h/sales cannot be read",)))
    said = capsys.readouterr().out
    assert said.splitlines() == ["home h", "left out: the log of the table h/sales cannot be read"]
