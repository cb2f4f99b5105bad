"""What the command line says to people where the JSON has a sentence for each store or device class."""

from datetime import date
from typing import Any

import pytest

from flows.cli import render
from flows.cli.views import AlertStatus, StatusResult
from tasks.monitor.result import LiveAccuracy, MonitorResult
from tasks.promote.result import Delivery, PromotionResult
from tasks.state.overrides import OverrideRecord

WHY = "lstm-16-int8: 0.10 EUR a year and store beside 52.00 for retraining, cheapest of 11 variants that passed and fit"


RELEASE = "20241231-4f381d4f"


def delivery(store: str, reason: str) -> Delivery:
    return Delivery(
        store=store, variant="lstm-16-int8", release=RELEASE, previous=None, state="promoted", reason=reason
    )


def test_a_promotion_says_each_reason_once_and_cuts_no_cell(capsys: pytest.CaptureFixture[str]) -> None:
    stores = [delivery(str(store), WHY) for store in range(1, 8)] + [delivery("8", "canary store 1 drifts")]
    render.promote(PromotionResult(release=RELEASE, wave="rest", stores=tuple(stores)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["store", "state", "variant", "release", "previous"]
    assert lines[1].split() == ["1", "promoted", "lstm-16-int8", "20241231-4f381d4f", "-"]
    assert lines[-3:] == [
        f"store 1, 2, 3, 4, 5 and 2 more: {WHY}",
        "store 8: canary store 1 drifts",
        "wave: rest",
    ]


def test_a_retrain_says_what_each_device_class_gets(capsys: pytest.CaptureFixture[str]) -> None:
    figures = ("mape", "mape_std", "delta_mape", "bias_pct", "latency_us")
    variant = dict.fromkeys(figures, 1.0) | {"name": "lstm-64", "parent": None, "weights_kb": 1.0, "verdict": "pass"}
    sizes, refused = {"file_bytes": 1, "transfer_bytes": 1}, {"outcome": "fail", "sentence": "bias is 11 %"}
    failed = {
        "verdict": "fail",
        "checks": [refused | {"name": "bias", "counterfactual": {"sentence": "1 % less does"}}],
    }
    render.retrain(
        {
            "references": [],
            "variants": [
                variant
                | sizes
                | {"checks": [], "worst_off": [{"name": "3", "difference": 0.12}], "dominated_by": "lstm-4"},
                *(variant | sizes | failed | {"name": name, "dominated_by": None} for name in ("lstm-8", "lstm-4")),
            ],
            "holdout": {"days": 1, "first": "a", "last": "b"},
            "choices": [{"device": "till", "reason": WHY}, {"device": "shelf-label", "reason": "no variant fits"}],
            "release": None,
            "report": "report.html",
        }
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-2:] == ["dominated", "by"] and lines[1].split()[-2:] == ["pass", "lstm-4"]
    assert "lstm-8, lstm-4: bias is 11 %; 1 % less does" in lines
    assert "lstm-64 comes off worst in store 3 +0.12 pp against the reference forecast" in lines
    assert {f"for a till: {WHY}", "for a shelf-label: no variant fits"} <= set(lines)


def test_a_backtest_says_each_refusal_once_with_its_cadences(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"retrains": 0, "promotions": 0, "refusals": 1, "cost": None}
    row |= dict.fromkeys(("mape", "wape", "bias_pct"), 9.0)
    decisions = [
        {"day": "2024-01-03", "promoted": False, "outcome": "fail", "reasons": ["too bad", "too large"]},
        {"day": "2024-02-01", "promoted": False, "outcome": "abstain", "reasons": ["too good"]},
        {"day": "2024-03-01", "promoted": True, "outcome": "pass", "reasons": []},
    ]
    cadences = [
        row | {"name": "none", "decisions": decisions[:1]},
        row | {"name": "monthly", "decisions": decisions},
    ]
    render.backtest(
        {
            **{"currency": "EUR", "variant": "lstm-16", "days": 364, "first_day": "2024-01-03"},
            **{"limits": [{"name": "the settings' gate", "cadences": cadences}], "cadences": cadences},
            **{"without_network": {"name": "14-day mean", "mape": None}, "sentence": "It pays.", "report": "x.html"},
        }
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["none", "the", "settings'", "gate", "0", "0", "1", "9.00", "9.00", "9.00", "-"]
    assert lines[4:6] == [
        "2024-01-03 refused: too bad; too large (none, monthly)",
        "2024-02-01 abstained: too good (monthly)",
    ]
    assert lines[-2:] == ["It pays.", "report x.html"]


def test_overrides_are_a_line_each_in_status_and_releases(capsys: pytest.CaptureFixture[str]) -> None:
    word = {"release": RELEASE, "who": "Ana Ruiz", "why": "recall", "until": "2026-12-01"}
    overrides = [
        word | {"variant": "lstm-16", "what": "verdict"},
        word | {"variant": None, "what": "freeze"},
    ]
    records = tuple(OverrideRecord.model_validate(each) for each in overrides)
    lines = [
        "overridden: lstm-16 of 20241231-4f381d4f, released by Ana Ruiz until 2026-12-01: recall",
        "overridden: 20241231-4f381d4f during freezes, released by Ana Ruiz until 2026-12-01: recall",
    ]
    render.status(status(overrides=records))
    assert capsys.readouterr().out.splitlines()[-2:] == lines
    refused = {"release": "20250101-00000000", "created": "2026-11-24T10:00:00", "reason": "weekly"}
    render.releases({"releases": [], "refused_candidates": [refused], "overrides": overrides})
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "refused as a whole: 20250101-00000000, made 2026-11-24T10:00:00 (weekly)",
        *lines,
    ]


def test_a_store_gated_under_another_mape_policy_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    known = LiveAccuracy(
        store="1", release=RELEASE, variant="lstm-8", mape=9.0, mape_7=9.0, gated_mape=8.0, drift_pp=1.0, days=14
    )
    unknown = known.model_copy(update={"store": "2", "gated_mape": None, "drift_pp": None})
    render.monitor(MonitorResult(as_of=date(2025, 1, 14), stores=(known, unknown), alerts=(), open_alerts=()))
    said = capsys.readouterr().out
    assert "store 2: not gated under today's [mape], so drift is unknown until the next release" in said


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
    render.status(status(snapshot=None, last_day=None, alerts=(refused,)))
    said = capsys.readouterr().out
    assert said.splitlines()[-2:] == [
        "no sales yet; run `shelfcast ingest` first",
        "data-refused open since 2026-11-24T05:00:00+00:00: no sales were taken: too many rows are bad "
        "(file:///docs/b.html)",
    ]
