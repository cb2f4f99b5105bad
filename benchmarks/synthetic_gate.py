"""Synthetic gates whose right answer is known: equally good forecasters, and variants that are made worse."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.accuracy.evaluation import EvaluationSet
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.days import WEEK
from tasks.forecasting.data.panel import WINDOW, Panel
from tasks.forecasting.data.windows import Windows, windows
from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, REFERENCE, Evidence, File, Forecast

Floats = NDArray[np.float64]

BASELINE = "baseline"
FIRST_DAY = np.datetime64("2024-01-01")
LEARNED = 4 * WEEK
"""Days before the holdout."""
WEEKDAYS = np.array([0.8, 0.9, 0.9, 1.0, 1.1, 1.2, 1.1])
DAY_AFTER_DAY = 0.8
"""Correlation of a store's slow errors with the day before's: a fifth of one is left after a week."""


@dataclass(frozen=True)
class SyntheticGate:
    """A gate over made-up sales: a baseline, a champion, variants that may be worse, and a reference that is worse.

    Sales are Poisson around level x weekday x a slow surprise of the store, which no forecaster foresees. Forecasters
    are right about the rest but for lognormal errors of two kinds: slow ones of the store and fast ones of the series.
    These have the same distribution for all of them, so that none is better in truth. Over a year of 50 series two of
    them differ by 0.07 pp of MAPE, which is the uncertainty of the difference between the recipes `production` and
    `level` on real sales (between retrains of one recipe it is 0.003 pp).

    Attributes:
        stores: Number of stores.
        items: Number of items in each store.
        days: Length of the holdout.
        seed: Equal seeds give equal gates.
        surprise: Standard deviation of the logarithm of slow surprises.
        slow: Standard deviation of the logarithm of slow errors.
        fast: Standard deviation of the logarithm of fast errors.
    """

    stores: int = 5
    items: int = 10
    days: int = 364
    seed: int = 0
    surprise: float = 0.06
    slow: float = 0.02
    fast: float = 0.05

    def evidence(self, worse: Mapping[str, float | Floats]) -> Evidence:
        """The gate's evidence; arguments as for `given`."""
        return Evidence.of(*self.given(worse), age_days=1)

    def given(self, worse: Mapping[str, float | Floats]) -> tuple[EvaluationSet, list[File], dict[str, Forecast]]:
        """The evaluation set, the files and the forecasts that evidence is made of.

        Args:
            worse: For each variant, the percentage points of MAPE by which it is worse in truth: in all stores, or in
                each, shape `(stores,)`.
        """
        champion, baseline = self._forecast(0), self._forecast(1)
        forecasts = {
            REFERENCE: Forecast("naive forecast", self._forecast(2, 3 * self.fast)),
            CHAMPION: Forecast("champion", champion),
            INCUMBENT: Forecast("what runs there", champion),
            BASELINE: Forecast(BASELINE, baseline),
        }
        for number, (name, excess) in enumerate(worse.items(), 3):
            forecasts[name] = Forecast(name, self._pushed(self._forecast(number), excess))
        files = [
            File(BASELINE, None, None, 2000, 2000, (1.0,), {"store device": None}),
            *(File(name, BASELINE, None, 1000, 1000, (1.0,), {"store device": None}) for name in worse),
        ]
        return EvaluationSet(self.windows, LEARNED, MapePolicy()), files, forecasts

    @cached_property
    def windows(self) -> Windows:
        """The windows of the holdout, all days of the first series first."""
        dates = FIRST_DAY + np.arange(LEARNED + self.days)
        store, item = np.divmod(np.arange(self.stores * self.items), self.items)
        sales = self._random(0).poisson(self._mean * np.exp(self._slow(self._random(1), self.surprise)))
        panel = Panel((store + 1).astype(str), (item + 1).astype(str), dates, sales.astype(np.float32))
        return windows(panel, max(LEARNED, WINDOW), len(dates))

    @cached_property
    def _mean(self) -> Floats:
        levels = self._random(2).lognormal(np.log(40), 0.4, (self.stores * self.items, 1))
        return levels * WEEKDAYS[np.arange(LEARNED + self.days) % WEEK]

    def _forecast(self, number: int, fast: float | None = None) -> Floats:
        """Units that the forecaster of a number forecasts, shape `(windows,)`."""
        rng, wrong = self._random(3, number), self.fast if fast is None else fast
        errors = self._slow(rng, self.slow) + rng.normal(0, wrong, self._mean.shape)
        return (self._mean * np.exp(errors))[:, LEARNED:].reshape(-1)

    def _pushed(self, forecast: Floats, excess: float | Floats) -> Floats:
        """The forecast moved away from what was sold, so far that each percentage error grows by `excess`."""
        sold = self.windows.actual.astype(np.float64)
        by_series = np.repeat(np.broadcast_to(np.asarray(excess, float), self.stores), self.items)
        further = by_series[self.windows.series] / 100 * sold
        return forecast + np.where(forecast >= sold, further, -further)

    def _slow(self, rng: np.random.Generator, deviation: float) -> Floats:
        """An autoregressive series of each store, for each of its items, shape `(series, days)`."""
        steps = rng.normal(0, deviation, (LEARNED + self.days, self.stores))
        steps[1:] *= np.sqrt(1 - DAY_AFTER_DAY**2)
        for day in range(1, len(steps)):
            steps[day] += DAY_AFTER_DAY * steps[day - 1]
        return np.repeat(steps.T, self.items, axis=0)

    def _random(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *what])
