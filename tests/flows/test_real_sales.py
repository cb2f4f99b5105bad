"""The production recipe on real sales: Kaggle's Store Item Demand Forecasting data, stores 1-5 and items 1-10."""

import os
from pathlib import Path

import pytest

from flows.ingest import ingest
from flows.retrain import retrain

SALES = Path(
    os.environ.get(
        "SHELFCAST_BENCH_SALES", Path(__file__).parents[3] / "shared" / "data" / "store_item_demand_5x10.csv"
    )
)

SETTINGS = """
[profiles.quick]
recipe = "production"
runs = 1
variants = ["lstm-16-p50-int8"]
"""


@pytest.mark.skipif(
    not SALES.is_file(), reason="real sales are not part of the repository; SHELFCAST_BENCH_SALES names them"
)
def test_every_file_beats_the_published_table_and_the_weekday_mean(
    api_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    home = str(tmp_path / "home")
    assert ingest([str(SALES)], home)["rows_accepted"] == 91_300
    result = retrain(home, "quick")
    assert result["release"]
    assert [round(each["mape"], 2) for each in result["references"]] == [14.15, 13.31]
    for each in result["variants"]:
        assert each["verdict"] == "pass", each["reasons"]
        assert each["mape"] < 13.7
        assert abs(each["bias_pct"]) < 1
        assert each["coverage"] > 99
    assert result["variants"][-1]["file_bytes"] < 4383
