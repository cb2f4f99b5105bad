"""Monitoring: what stores run against the sales that arrived since; drift is said once, and so is its end."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tasks.forecasting.accuracy.scoring import DEFAULT_POLICY, MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.forecasting.rollout.selection import CostModel, DeviceClass
from tasks.forecasting.rollout.waves import StoreList, Wave
from tasks.forecasting.synthetic import noise_floor
from tasks.ingest.sample import write_sample
from tasks.monitor.score import StoreScore, remember, score, summary, watch
from tasks.promote.deliver import promote_wave, roll_back
from tasks.state import ledger, scores
from tasks.state.alerts import Alert
from tasks.state.home import Home
from tasks.state.release import Release
from tests.conftest import CHAIN, TakeIn

SHIFT = date(2023, 3, 20)
"""Two weeks after the releases' last day."""
LATER = CHAIN.model_copy(update={"days": 490, "shift_on": SHIFT, "shift_by": 3.0})
POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)
TILL = StoreList(default_device="till", devices={"till": DeviceClass(flash_kb=128, ram_kb=512, latency_us=1e6)})

Shop = tuple[Home, str, str]


def promote(home: Home, release: str, *stores: str) -> None:
    promote_wave.fn(home, Release(home.releases / release), Wave("chosen", stores), TILL, CostModel(per_mape_pp=0))


@pytest.fixture
def shifted(shop: Shop, tmp_path: Path, take_in: TakeIn) -> Shop:
    """Both stores run the older release; 60 more days of sales, whose level shifts after 14."""
    promote(shop[0], shop[1], "1", "2")
    write_sample(tmp_path / "later.parquet", LATER)
    assert take_in(shop[0], tmp_path / "later.parquet").rows_accepted == 60 * 4
    return shop


def monitor(home: Home, as_of: date, policy: DriftPolicy = POLICY) -> tuple[list[StoreScore], list[Alert]]:
    last, scored = score.fn(home, as_of, policy)
    assert last == str(as_of)
    alerts = watch.fn(home, scored, last, policy)
    remember.fn(home, alerts, scored)
    return scored, alerts


def said(alerts: list[Alert]) -> list[tuple[str, str, str]]:
    return [(alert.kind, alert.subject, alert.state) for alert in alerts]


def test_no_store_runs_a_model_yet(shop: Shop) -> None:
    assert score.fn(shop[0], None, POLICY) == ("2023-03-06", [])
    assert not shop[0].scores.exists()


def test_no_sales_since_the_release(shop: Shop) -> None:
    promote(shop[0], shop[1], "1", "2")
    last, scored = score.fn(shop[0], None, POLICY)
    assert last == "2023-03-06"
    assert [(each.store, each.live.days) for each in scored] == [("1", 0), ("2", 0)]
    assert watch.fn(shop[0], scored, last, POLICY) == []
    said = summary(last, scored, [], shop[0])["stores"][0]
    assert said["mape"] is said["drift_pp"] is None and said["gated_mape"] > 0


def test_live_accuracy_is_that_of_the_file_on_days_after_the_release_only(shifted: Shop) -> None:
    home, older, _ = shifted
    scored, alerts = monitor(home, date(2023, 3, 19))
    assert alerts == []
    floor = noise_floor(CHAIN)
    for each in scored:
        assert (each.release, each.variant, each.live.days) == (older, "lstm-16-int8", 13)
        assert each.live.mape_28 < floor + 8
        assert each.live.drift_pp == each.live.mape_28 - Release(home.releases / older).gated_mape(
            each.variant, each.store, DEFAULT_POLICY
        )
    table = scores.read(home)
    assert (min(table["date"]), max(table["date"]), len(table)) == (date(2023, 3, 7), date(2023, 3, 19), 13 * 4)
    mine = table[table["store"] == "1"]
    by_hand = (100 * abs(mine["forecast"] - mine["actual"]) / mine["actual"]).mean()
    assert scored[0].live.mape_28 == pytest.approx(by_hand, rel=1e-5)


def test_drift_opens_one_alert_the_next_day_none_and_a_notice_once_it_is_over(shifted: Shop) -> None:
    home, older, _ = shifted
    assert said(monitor(home, date(2023, 3, 19))[1]) == []
    _, opened = monitor(home, date(2023, 3, 23))
    assert said(opened) == [("drift", "store.1", "open"), ("drift", "store.2", "open")]
    assert opened[0].id == f"drift-1-{older}-lstm-16-int8" and opened[0].severity == "warning"
    assert "limit 6. Retrain, or `shelfcast rollback 1`" in opened[0].message
    assert len(ledger.open_alerts(home)) == 2

    assert monitor(home, date(2023, 3, 23))[1] == [], "the same day again"
    assert monitor(home, date(2023, 3, 24))[1] == [], "the next day"

    scored, resolved = monitor(home, date(2023, 5, 5))
    assert said(resolved) == [("drift", "store.1", "resolved"), ("drift", "store.2", "resolved")]
    assert "back within 5" in resolved[0].message
    assert ledger.open_alerts(home) == {}
    assert monitor(home, date(2023, 5, 5))[1] == []
    assert summary("2023-05-05", scored, resolved, home)["open_alerts"] == []


def test_an_alert_is_resolved_when_the_store_runs_another_release(shifted: Shop) -> None:
    home, older, newer = shifted
    monitor(home, date(2023, 3, 24))
    promote(home, newer, "1")
    _, alerts = monitor(home, date(2023, 3, 25))
    assert [alert for alert in alerts if alert.state == "resolved"] == [
        Alert(
            f"drift-1-{older}-lstm-16-int8", "drift", "warning", "store.1", "resolved", "the store runs another model"
        )
    ]
    assert set(ledger.open_alerts(home)) <= {f"drift-1-{newer}-lstm-16-int8", f"drift-2-{older}-lstm-16-int8"}


def test_an_alert_is_resolved_when_the_store_is_rolled_back(shop: Shop, shifted: Shop) -> None:
    home, older, newer = shifted
    promote(home, newer, "1")
    monitor(home, date(2023, 3, 24))
    roll_back.fn(home, ["1"], "it drifts")
    _, alerts = monitor(home, date(2023, 3, 24))
    assert (f"drift-1-{newer}-lstm-16-int8", "resolved") in [(alert.id, alert.state) for alert in alerts]
    assert f"drift-1-{newer}-lstm-16-int8" not in ledger.open_alerts(home)
    assert f"drift-1-{older}-lstm-16-int8" in ledger.open_alerts(home)


def test_too_few_days_say_nothing(shifted: Shop) -> None:
    home, *_ = shifted
    patient = POLICY.model_copy(update={"min_days": 14})
    assert monitor(home, date(2023, 3, 19), patient)[1] == []
    hasty = DriftPolicy(limit_pp=0.001, resolve_pp=0.001, days=28, min_days=7)
    assert monitor(home, date(2023, 3, 12), hasty)[1] == [], "6 days"
    impatient = hasty.model_copy(update={"min_days": 1})
    assert all(each.live.days == 6 for each in monitor(home, date(2023, 3, 12), impatient)[0])


def test_an_open_alert_stays_open_where_too_little_is_known(shifted: Shop) -> None:
    home, *_ = shifted
    monitor(home, date(2023, 3, 24))
    patient = POLICY.model_copy(update={"min_days": 14, "days": 14})
    assert monitor(home, date(2023, 3, 12), patient)[1] == []
    assert len(ledger.open_alerts(home)) == 2


def rows(
    days: range, item: str = "1", forecast: float = 5.0, variant: str = "v", policy: MapePolicy = DEFAULT_POLICY
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "date": [date(2026, 1, day) for day in days],
            "store": "1",
            "item": "1",
            "actual": np.float32(10),
            "forecast": np.float32(forecast),
            "release": "r",
            "variant": variant,
            "percentage_error": np.float32(10 * abs(forecast - 10)),
            "policy": policy.hash,
        }
    )


def test_scores_are_only_added_and_each_day_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert scores.read(home).empty and scores.days(home, "r") == {} == scores.lately(home, POLICY, DEFAULT_POLICY)
    assert scores.append(home, rows(range(0))) == 0
    assert not home.scores.exists()
    assert scores.append(home, rows(range(1, 4))) == 3
    assert scores.append(home, rows(range(1, 4), forecast=99)) == 0
    assert scores.append(home, rows(range(1, 6), forecast=99)) == 2
    assert scores.append(home, rows(range(1, 3), variant="w")) == 2
    assert sorted(scores.read(home, ["forecast"])["forecast"]) == [5] * 5 + [99] * 2
    assert scores.days(home, "r") == {"1": 5} and scores.days(home, "x") == {}


def test_lately_looks_back_over_the_policys_days(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    scores.append(home, rows(range(1, 11), forecast=5))
    scores.append(home, rows(range(11, 31), forecast=9))
    assert scores.lately(home, DriftPolicy(days=20), DEFAULT_POLICY) == {("1", "r", "v"): (pytest.approx(10), 20)}
    assert scores.lately(home, DriftPolicy(days=30), DEFAULT_POLICY) == {
        ("1", "r", "v"): (pytest.approx((10 * 50 + 20 * 10) / 30), 30)
    }


def test_days_scored_under_another_mape_policy_do_not_compare(tmp_path: Path) -> None:
    home, other = Home(tmp_path / "home"), MapePolicy(zero_days="as one unit")
    scores.append(home, rows(range(1, 11), policy=other))
    scores.append(home, rows(range(11, 31), forecast=9))
    assert scores.lately(home, DriftPolicy(days=30), DEFAULT_POLICY) == {("1", "r", "v"): (pytest.approx(10), 20)}
    assert scores.lately(home, DriftPolicy(days=30), other) == {("1", "r", "v"): (pytest.approx(50), 10)}


def test_scores_from_before_the_policy_are_kept_and_do_not_compare(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    old = pa.Table.from_pandas(rows(range(1, 11)).drop(columns=["percentage_error", "policy"]), preserve_index=False)
    home.scores.mkdir(parents=True)
    write_deltalake(home.scores, old)
    assert len(scores.read(home)) == 10 and scores.lately(home, POLICY, DEFAULT_POLICY) == {}
    assert scores.append(home, rows(range(11, 31), forecast=9)) == 20
    assert len(scores.read(home)) == 30
    assert scores.lately(home, DriftPolicy(days=30), DEFAULT_POLICY) == {("1", "r", "v"): (pytest.approx(10), 20)}


def test_a_release_gated_under_another_mape_policy_has_no_drift(shifted: Shop) -> None:
    home, *_ = shifted
    scored = score.fn(home, date(2023, 3, 19), POLICY, MapePolicy(zero_days="as one unit"))[1]
    assert all(each.live.mape_28 > 0 and math.isnan(each.live.gated_mape) for each in scored)
    assert all(math.isnan(each.live.drift_pp) for each in scored)
    assert watch.fn(home, scored, "2023-03-19", POLICY) == []


def test_a_day_on_which_a_store_was_closed_is_not_scored(shop: Shop, tmp_path: Path, take_in: TakeIn) -> None:
    home, older, _ = shop
    promote(home, older, "1", "2")
    later = CHAIN.model_copy(update={"days": CHAIN.days + 14})
    write_sample(tmp_path / "later.parquet", later)
    sales = pd.read_parquet(tmp_path / "later.parquet")
    closed = (sales["store"].astype(str) == "2") & (pd.to_datetime(sales["date"]) == pd.Timestamp(2023, 3, 10))
    sales.loc[closed, "sales"] = 0
    sales.to_parquet(tmp_path / "closed.parquet")
    assert closed.sum() == 2 and take_in(home, tmp_path / "closed.parquet").rows_accepted == 14 * 4
    scored = {each.store: each.live.days for each in score.fn(home, None, POLICY)[1]}
    assert scored == {"1": 14, "2": 13}
