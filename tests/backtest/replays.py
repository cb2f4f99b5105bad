"""What is replayed in tests of the backtest."""

from datetime import date
from typing import Any

from tasks.backtest.models import Backtest, open_backtest
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.backtest.cadence import MONTHLY, NONE
from tasks.forecasting.data.history import History
from tasks.state.home import Home
from tests.conftest import tiny_spec

VARIANT = "lstm-64-int8"
FIRST, LATER = date(2023, 1, 10), date(2023, 2, 1)
SEASONS = [date(2023, 2, 14)]
DAYS = {NONE: (FIRST,), MONTHLY: (FIRST, LATER)}

Made = dict[str, Backtest]


def opened(home: Home, variant: str = VARIANT, policy: MapePolicy = MapePolicy(), **history: Any) -> Backtest:  # noqa: B008
    return open_backtest(home, tiny_spec(history=History(**history), policy=policy), variant)
