"""Live accuracy: what stores run against the sales that arrived since."""

import json
import math
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.forecasting.synthetic import noise_floor
from tasks.ingest.sample import write_sample
from tasks.monitor.result import StoreScore, monitored
from tasks.monitor.score import score
from tasks.monitor.watch import drift
from tasks.state import sales_table, scores
from tasks.state.alerts import Changes
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.release import Release
from tests.conftest import CHAIN, TakeIn
from tests.stores import promote

DEFAULT_POLICY = MapePolicy()

POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)
LAST = date(2023, 3, 6)
"""The releases' last day."""

Shop = tuple[Home, str, str]


def scored(home: Home, as_of: date, policy: MapePolicy = DEFAULT_POLICY) -> list[StoreScore]:
    return score.fn(home, Ledger.of(home), as_of, POLICY, policy)


def test_no_store_runs_a_model_yet(shop: Shop) -> None:
    assert scored(shop[0], LAST) == []
    assert not shop[0].scores.exists()


def test_no_sales_since_the_release(shop: Shop) -> None:
    promote(shop[0], shop[1], "1", "2", costs=CostModel(per_mape_pp=0))
    assert sales_table.latest(shop[0])[1] == LAST
    found = scored(shop[0], LAST)
    assert [(each.store, each.live.days) for each in found] == [("1", 0), ("2", 0)]
    result = json.loads(monitored(LAST, found, [], Changes()).model_dump_json())["stores"][0]
    assert result["mape"] is result["drift_pp"] is None and result["gated_mape"] > 0


def test_live_accuracy_is_that_of_the_file_on_days_after_the_release_only(shifted: Shop) -> None:
    home, older, _ = shifted
    found = scored(home, date(2023, 3, 19))
    floor = noise_floor(CHAIN)
    for each in found:
        assert (each.release, each.variant, each.live.days) == (older, "lstm-16-int8", 13)
        assert each.live.mape_28 < floor + 8
        assert each.live.drift_pp == each.live.mape_28 - Release(home.releases / older).gated_mape(
            each.variant, each.store, DEFAULT_POLICY
        )
    table = scores.read(home)
    assert (min(table["date"]), max(table["date"]), len(table)) == (date(2023, 3, 7), date(2023, 3, 19), 13 * 4)
    mine = table[table["store"] == "1"]
    by_hand = (100 * abs(mine["forecast"] - mine["actual"]) / mine["actual"]).mean()
    assert found[0].live.mape_28 == pytest.approx(by_hand, rel=1e-5)


def test_a_release_gated_under_another_mape_policy_has_no_drift(shifted: Shop) -> None:
    home, *_ = shifted
    day = date(2023, 3, 19)
    found = scored(home, day, MapePolicy(zero_days="as one unit"))
    assert all(each.live.mape_28 > 0 and math.isnan(each.live.gated_mape) for each in found)
    assert all(math.isnan(each.live.drift_pp) for each in found)
    assert drift(Ledger.of(home), found, day, POLICY) == Changes()


def test_a_day_on_which_a_store_was_closed_is_not_scored(shop: Shop, tmp_path: Path, take_in: TakeIn) -> None:
    home, older, _ = shop
    promote(home, older, "1", "2", costs=CostModel(per_mape_pp=0))
    later = CHAIN.model_copy(update={"days": CHAIN.days + 14})
    write_sample(tmp_path / "later.parquet", later)
    sales = pd.read_parquet(tmp_path / "later.parquet")
    closed = (sales["store"].astype(str) == "2") & (pd.to_datetime(sales["date"]) == pd.Timestamp(2023, 3, 10))
    sales.loc[closed, "sales"] = 0
    sales.to_parquet(tmp_path / "closed.parquet")
    assert closed.sum() == 2 and take_in(home, tmp_path / "closed.parquet").rows_accepted == 14 * 4
    days = {each.store: each.live.days for each in scored(home, sales_table.latest(home)[1])}
    assert days == {"1": 14, "2": 13}
