"""Synthetic sales: the truth is what it says, and the rows depend on nothing but the seed and their own codes."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tasks.forecasting.accuracy.metrics import mape
from tasks.forecasting.data.days import weekday
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.synthetic import SEASONS, Chain, blocks, noise_floor

SMALL = Chain(stores=3, items=4, days=400, seed=7)
RICH = SMALL.model_copy(update={"zero_heavy": 0.5, "promotions": 0.2, "closed_weekday": 6})


def sales(chain: Chain, rows: int = 500_000) -> pd.DataFrame:
    return pd.concat(blocks(chain, rows), ignore_index=True)


@pytest.mark.parametrize("rows", [1, 399, 400, 401, 1600, 10**9])
def test_rows_do_not_depend_on_the_block_size(rows: int) -> None:
    pd.testing.assert_frame_equal(sales(RICH, rows), sales(RICH))


@pytest.mark.parametrize("rows", [1, 400, 1000])
def test_a_block_holds_one_series_or_no_more_rows_than_allowed(rows: int) -> None:
    assert all(len(block) <= max(rows, 400) for block in blocks(SMALL, rows))


def test_a_large_chain_is_not_drawn_at_once() -> None:
    chain = Chain(stores=1000, items=50, days=1826)
    assert chain.rows == 91_300_000
    assert len(next(blocks(chain))) <= 500_000


def test_columns_codes_and_order() -> None:
    rows = sales(SMALL)
    assert list(rows.columns) == ["date", "store", "item", "sales", "mean"]
    assert sorted(rows["store"].unique()) == [1, 2, 3]
    assert sorted(rows["item"].unique()) == [1, 2, 3, 4]
    assert rows.equals(rows.sort_values(["store", "item", "date"], ignore_index=True))
    assert len(rows) == SMALL.rows == 3 * 4 * 400
    assert rows["sales"].dtype.kind == "i" and rows["sales"].min() >= 0


def test_the_seed_decides() -> None:
    assert sales(SMALL).equals(sales(SMALL))
    other = sales(SMALL.model_copy(update={"seed": 8}))
    assert not other["sales"].equals(sales(SMALL)["sales"])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"days": 500}, id="more days"),
        pytest.param({"stores": 5}, id="more stores"),
        pytest.param({"items": 9}, id="more items"),
        pytest.param({"closed_weekday": 2}, id="another closed weekday"),
        pytest.param({"shift_on": date(2022, 9, 1), "shift_by": 3.0}, id="a shift"),
    ],
)
def test_other_rows_stay_as_they_were(changed: dict[str, Any]) -> None:
    chain = Chain(stores=3, items=4, days=400, seed=7, zero_heavy=0.5, promotions=0.2)
    before = sales(chain).set_index(["date", "store", "item"])
    after = sales(chain.model_copy(update=changed)).set_index(["date", "store", "item"])
    common = before.index.intersection(after.index)
    if "shift_on" in changed:
        common = common[common.get_level_values("date") < pd.Timestamp(changed["shift_on"])]
    assert len(common) > 2000
    pd.testing.assert_frame_equal(before.loc[common], after.loc[common])


def test_the_mean_is_level_times_season_times_growth() -> None:
    chain = Chain(stores=1, items=1, days=731, growth=1.2)
    mean = sales(chain)["mean"].to_numpy()
    monday, saturday = mean[2], mean[0]  # 3 and 1 January 2022
    assert saturday / monday == pytest.approx(SEASONS.weekday[5] / SEASONS.weekday[0] / 1.2 ** (2 / 365))
    assert mean[0] == pytest.approx(mean[0 + 364] / 1.2 ** (364 / 365) * SEASONS.month[0] / SEASONS.month[11])


def test_levels_are_those_of_store_times_item() -> None:
    first = sales(SMALL).groupby(["store", "item"])["mean"].first().unstack()
    np.testing.assert_allclose(first / first.loc[1], np.outer(first[1] / first.loc[1, 1], np.ones(4)))
    assert first[1].nunique() == 3 and first.loc[1].nunique() == 4


def test_the_noise_is_poisson() -> None:
    rows = sales(Chain(stores=5, items=10, days=400))
    deviation = (rows["sales"] - rows["mean"]) / np.sqrt(rows["mean"])
    assert abs(deviation.mean()) < 0.03
    assert deviation.var() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("share", "slow"), [(0.0, 0), (0.1, 1), (0.25, 2), (0.5, 5), (1.0, 10)])
def test_zero_heavy_items_sell_on_few_days(share: float, slow: int) -> None:
    rows = sales(Chain(stores=2, items=10, days=400, zero_heavy=share))
    zeros = rows["sales"].eq(0).groupby(rows["item"]).mean()
    means = rows.groupby("item")["mean"].mean()
    assert (zeros > 0.5).sum() == slow
    assert (means < 0.6).sum() == slow
    assert (zeros < 0.01).sum() == 10 - slow


def test_promotions_lift_the_mean_by_whole_weeks() -> None:
    plain = Chain(stores=4, items=10, days=700)
    lift = sales(plain.model_copy(update={"promotions": 0.2, "uplift": 2.0}))["mean"] / sales(plain)["mean"]
    np.testing.assert_allclose(np.unique(lift.round(9)), [1.0, 2.0])
    assert (lift > 1.5).mean() == pytest.approx(0.2, abs=0.02)
    weeks = lift.to_numpy().reshape(-1, 7)
    assert (weeks == weeks[:, :1]).all()
    assert len(np.unique(weeks.reshape(40, 100, 7)[:, :, 0], axis=0)) == 40, "each series has weeks of its own"


def test_closed_days_have_no_rows() -> None:
    chain = Chain(stores=1, items=2, days=28, closed_weekday=6)
    days = sales(chain)["date"].to_numpy()
    assert set(weekday(days)) == {0, 1, 2, 3, 4, 5}
    assert len(days) == chain.rows == 2 * 24


def test_the_level_shifts_on_its_day() -> None:
    plain = Chain(stores=1, items=2, days=60)
    shifted = plain.model_copy(update={"shift_on": date(2022, 2, 1), "shift_by": 0.5})
    ratio = sales(shifted)["mean"] / sales(plain)["mean"]
    after = sales(plain)["date"] >= "2022-02-01"
    np.testing.assert_allclose(ratio, np.where(after, 0.5, 1.0))


@pytest.mark.parametrize("last", [1.0, 0.2])
def test_noise_floor_is_the_mape_of_the_mean(last: float) -> None:
    rows = sales(RICH)
    first = SplitPolicy(holdout=last).split(RICH.days).holdout if last < 1 else 0
    measured = rows[rows["date"] >= RICH.dates[first]]
    expected = mape(measured["sales"].to_numpy(), measured["mean"].to_numpy())
    assert noise_floor(RICH, last) == pytest.approx(expected, rel=1e-12)


def test_noise_floor_without_sales_is_undefined() -> None:
    assert np.isnan(noise_floor(Chain(stores=1, items=1, days=1, zero_heavy=1, seed=2)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stores": 0}, "greater than or equal to 1"),
        ({"days": 0}, "greater than or equal to 1"),
        ({"zero_heavy": 1.1}, "less than or equal to 1"),
        ({"promotions": -0.1}, "greater than or equal to 0"),
        ({"closed_weekday": 7}, "less than or equal to 6"),
        ({"shift_by": float("nan"), "shift_on": date(2022, 2, 1)}, "less than or equal to 10"),
        ({"shift_on": date(2030, 1, 1)}, "one of the days 2022-01-01 to 2024-12-31. Received: 2030-01-01"),
        ({"store": 5}, "Extra inputs are not permitted"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Chain(**wrong)
