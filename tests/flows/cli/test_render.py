"""What the command line says to people where the JSON has a sentence for each store or device class."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.cli import render
from flows.cli.results import AlertStatus, ReleasesResult, StatusResult
from tasks.ingest.contract.findings import BadRow
from tasks.ingest.quarantine import QuarantineList
from tasks.ingest.replay import CorrectedRow, ReplayResult, Texts
from tasks.ingest.result import IngestResult
from tasks.ingest.sample import SampleResult
from tasks.monitor.result import LiveAccuracy, MonitorResult
from tasks.promote.result import Delivery, PromotionResult
from tasks.report.backtest_result import BacktestResult
from tasks.retrain.outcome import Outcome, RetrainResult
from tasks.state.overrides import OverrideRecord
from tests.support.manifests import WOULD, changed, check, manifest, variant

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
    would = changed(WOULD, sentence="1 % less does")
    bias = check("bias", 11.0, 10.0, "fail", sentence="bias is 11 %", counterfactual=would)
    best = changed(variant("lstm-64"), checks=(), worst_off=({"name": "3", "difference": 0.12},))
    refused = changed(variant("lstm-16", verdict="fail"), checks=(bias,))
    variants = [best, *(changed(refused, name=name) for name in ("lstm-8", "lstm-4"))]
    made = manifest(variants=variants)
    reasons = {"till": WHY, "shelf-label": "no variant fits"}
    made = changed(
        made,
        variants=(changed(best, dominated_by="lstm-4"), *made.variants[1:]),
        choices=[changed(choice, reason=reasons[choice.device]) for choice in made.choices],
    )
    render.retrain(RetrainResult.of(Outcome(made, Path("report.html"), published=False), 1.0))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-2:] == ["dominated", "by"] and lines[3].split()[-2:] == ["pass", "lstm-4"]
    assert "lstm-8, lstm-4: bias is 11 %; 1 % less does" in lines
    assert "lstm-64: MAPE rises most in store 3 (+0.12 pp), against the reference forecast" in lines
    assert {f"for a till: {WHY}", "for a shelf-label: no variant fits"} <= set(lines)


def test_a_backtest_says_each_refusal_once_with_its_cadences(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"retrains": 0, "promotions": 0, "refusals": 1, "cost": None, "costs": None, "days_without_a_model": 0}
    errors = dict.fromkeys(("mape", "wape", "bias_pct", "coverage", "mase", "rmsse"), 9.0) | {"days": 9}
    row |= errors
    over_time = {"mape_by_month": {}, "mape_by_4_weeks": {}}
    decisions = [
        {"day": "2024-01-03", "promoted": False, "outcome": "fail", "reasons": ["too bad", "too large"]},
        {"day": "2024-02-01", "promoted": False, "outcome": "abstain", "reasons": ["too good"]},
        {"day": "2024-03-01", "promoted": True, "outcome": "pass", "reasons": []},
    ]
    decisions = [each | {"counterfactuals": []} for each in decisions]
    cadences = [
        row | {"name": "none", "decisions": decisions[:1]},
        row | {"name": "monthly", "decisions": decisions},
    ]
    known = {"variant": "lstm-16", "profile": "quick", "recipe": "production", "days": 364, "stores": 1}
    known |= {"first_day": "2024-01-03", "last_day": "2024-12-31", "trained": 0, "seconds": 1.0, "policy": "a"}
    known |= {"currency": "EUR", "best": "none", "differences": [], "sentence": "It pays.", "report": "x.html"}
    limits = [{"name": "the settings' gate", "changes": {}, "cadences": cadences}]
    without = {"name": "14-day mean", **errors, **over_time, "mape": None}
    own = [each | over_time for each in cadences]
    render.backtest(BacktestResult(**known, limits=limits, cadences=own, without_network=without))
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
    render.releases(ReleasesResult(releases=(), refused_candidates=[refused], overrides=overrides))
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


INGESTED = IngestResult(
    batch="ab12", rows_read=21_930, rows_accepted=21_920, rows_changed=2, rows_unchanged=4, snapshot=3,
    rows_quarantined=6, rows_refused=0, reasons={"negative sales": 6}, refused=False, refused_stores=(), why=None,
    warnings=("new store 9",), records=("new item 7",), docs="/home/docs/ab12.html", bad_rows=(),
)  # fmt: skip


def test_an_ingest_says_where_its_rows_went(capsys: pytest.CaptureFixture[str]) -> None:
    render.ingest(INGESTED)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "21,930 rows read: 21,920 added (2 corrections), 4 already known, 6 in quarantine"
    assert lines[1] == "sales table: version 3"
    assert lines[-3:] == ["warning: new store 9", "note: new item 7", "Data Docs: /home/docs/ab12.html"]


def test_a_refused_batch_shows_its_first_bad_rows(capsys: pytest.CaptureFixture[str]) -> None:
    rows = tuple(BadRow.of("night.csv", line, "negative sales", f"2026-01-05,1,{line},-1") for line in range(2, 22))
    changes = {"refused": True, "why": "too many rows are bad", "reasons": {"negative sales": 30}, "bad_rows": rows}
    render.ingest(INGESTED.model_copy(update=changes))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "refused: too many rows are bad",
        "no row was ingested, and none went to quarantine; the files are where they were",
    ]
    assert [line.split() for line in lines if "night.csv" in line] == [
        ["night.csv", str(line), "negative", "sales", f"2026-01-05,1,{line},-1"] for line in range(2, 7)
    ]
    assert "and 25 more bad rows; the Data Docs page lists the first of them" in lines


def test_a_replay_says_what_it_changed(capsys: pytest.CaptureFixture[str]) -> None:
    before, after = (
        Texts(date="2026-01-05", store="1", item="1", sales="-1"),
        Texts(date=None, store=None, item=None, sales=None),
    )
    fixed = CorrectedRow(file="a.csv", sha256="f00", line=4, before=before, after=after)
    counts = {"rows_read": 1, "rows_accepted": 1, "rows_unchanged": 0, "rows_quarantined": 0}
    render.replay(ReplayResult(batch="b", **counts, reasons={}, snapshot=1, fixed=(fixed,)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 row checked against today's rules: 1 added, 0 already known, 0 left in quarantine"
    assert lines[2].split() == ["a.csv", "4", "2026-01-05,1,1,-1", ",,,"]


def test_quarantine_and_sample(capsys: pytest.CaptureFixture[str]) -> None:
    render.quarantine(QuarantineList(total=2, rows=(), csv="bad.csv"))
    render.sample(SampleResult(path="a.csv", rows=1200, noise_floor=8.246, noise_floor_holdout=8.1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:] == [
        "2 rows in quarantine",
        "all of them are in bad.csv; correct it, then `shelfcast quarantine replay --fix-with bad.csv`",
        "1,200 rows in a.csv",
        "lowest MAPE possible: 8.25 % on all days, 8.10 % on the holdout",
    ]


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
