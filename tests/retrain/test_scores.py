"""Errors by group in a release."""

import pandas as pd
import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.state.home import Home
from tests.conftest import Work

NAMES = ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-int8"]


def test_scores_by_group_are_in_the_release_with_their_policy(shop: tuple[Home, str, str], built: Work) -> None:
    table = pd.read_parquet(shop[0].releases / shop[1] / "scores.parquet")
    assert set(table["by"]) == {"", "store", "item", "item class", "store x item class", "weekday", "month"}
    assert set(table["policy"]) == {MapePolicy().hash} and set(table["forecaster"]) == {"reference", *NAMES}
    overall = table[table["by"] == ""].set_index("forecaster")
    for name in NAMES:
        score = built.candidate.shipped(name)
        assert score.policy == MapePolicy().hash
        for error in ("mape", "wape", "bias_pct", "mase", "rmsse"):
            assert overall.loc[name, error] == pytest.approx(getattr(score, error))
    stores = table[(table["forecaster"] == "lstm-16") & (table["by"] == "store")].set_index("group")["mape"]
    assert stores.to_dict() == pytest.approx(built.candidate.shipped("lstm-16").by_store)
