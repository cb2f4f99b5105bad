"""What `backtest` is asked for, checked; without Prefect, so that a mistake shows at once."""

from dataclasses import dataclass
from datetime import date

from flows.preflight.request import Request
from flows.runtime import seasons
from flows.settings import home_at, load
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.variants import plan
from tasks.state import snapshot


@dataclass(frozen=True)
class BacktestRequest(Request):
    """What to replay.

    Attributes:
        spec: How models are trained.
        before_seasons: Days on which models are retrained before a season; only their months and days count.
    """

    spec: TrainingSpec
    before_seasons: tuple[date, ...]


def backtest_request(home: str | None, variant: str, profile: str) -> BacktestRequest:
    """The backtest that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        SettingsError: If the settings cannot be used, or there is no such profile.
        SeasonsError: If the seasons cannot be used.
        NoSuchVariant: If `variant` is no variant's name.
        NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
    """
    settings, place = load(), home_at(home)
    spec = settings.training_spec(profile)
    before_seasons = tuple(season.retrain_on for season in seasons.load())
    plan.variant(variant)
    snapshot.latest_for(place, spec.history)
    return BacktestRequest(place, settings, spec, before_seasons)
