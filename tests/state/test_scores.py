"""The scores table: rows are only added, and days of another MAPE policy do not compare."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.state import delta, scores
from tasks.state.home import Home

DEFAULT_POLICY = MapePolicy()

POLICY = DriftPolicy(limit_pp=6, resolve_pp=5, days=14, min_days=7)


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


def test_old_days_are_dropped_but_for_the_last_of_each_model(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert scores.forget(home, date(2026, 1, 5)) == 0
    scores.append(home, rows(range(1, 11)))
    scores.append(home, rows(range(1, 4), variant="w"))
    assert scores.forget(home, date(2026, 1, 5)) == 6
    left = scores.read(home, ["date", "variant"])
    assert sorted(left[left["variant"] == "w"]["date"]) == [date(2026, 1, 3)]
    assert sorted(left[left["variant"] == "v"]["date"]) == [date(2026, 1, day) for day in range(5, 11)]
    assert scores.append(home, rows(range(1, 4), variant="w")) == 0, "what was dropped is not scored again"
    version = delta.version(home.scores)
    assert scores.forget(home, date(2026, 1, 5)) == 0 and delta.version(home.scores) == version
