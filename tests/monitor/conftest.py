"""Two stores whose sales shift while they run a release."""

from datetime import date
from pathlib import Path

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.ingest.sample import write_sample
from tasks.state.home import Home
from tests.conftest import CHAIN, TakeIn
from tests.stores import promote

SHIFT = date(2023, 3, 20)
"""Two weeks after the releases' last day."""
LATER = CHAIN.model_copy(update={"days": 490, "shift_on": SHIFT, "shift_by": 3.0})


@pytest.fixture
def shifted(shop: tuple[Home, str, str], tmp_path: Path, take_in: TakeIn) -> tuple[Home, str, str]:
    """Both stores run the older release; 60 more days of sales, whose level shifts after 14."""
    promote(shop[0], shop[1], "1", "2", costs=CostModel(per_mape_pp=0))
    write_sample(tmp_path / "later.parquet", LATER)
    assert take_in(shop[0], tmp_path / "later.parquet").rows_accepted == 60 * 4
    return shop
