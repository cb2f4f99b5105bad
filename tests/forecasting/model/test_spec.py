"""The training specification: everything that models depend on changes the name of their folder, and nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.data.holidays import SeasonCalendar
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.model import spec
from tasks.forecasting.model.recipe import RECIPES
from tasks.forecasting.model.spec import PACKAGES, TrainingSpec
from tasks.forecasting.model.variants.plan import plan
from tests.conftest import tiny_spec

ONE = tiny_spec("lstm-16", runs=2)
OTHERS = {
    "recipe": replace(ONE, recipe=RECIPES["reference"]),
    "variants": tiny_spec("lstm-8", runs=2),
    "runs": replace(ONE, runs=3),
    "split": replace(ONE, split=SplitPolicy(holdout=0.3)),
    "history": replace(ONE, history=History(days=100)),
    "calendar": replace(ONE, calendar=SeasonCalendar(country="US")),
    "policy": replace(ONE, policy=MapePolicy(min_volume=1)),
}


@pytest.mark.parametrize("field", OTHERS)
def test_each_field_counts(field: str) -> None:
    assert OTHERS[field].hash(7, with_runs=True) != ONE.hash(7, with_runs=True)


def test_the_snapshot_and_the_versions_of_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ONE.hash(7, with_runs=True)
    assert ONE.hash(8, with_runs=True) != before
    monkeypatch.setattr(spec, "version", lambda _: "0.0.1")
    assert ONE.hash(7, with_runs=True) != before


def test_a_backtest_ignores_runs_and_nothing_depends_on_a_recipes_name() -> None:
    assert OTHERS["runs"].hash(7, with_runs=False) == ONE.hash(7, with_runs=False)
    assert replace(ONE, recipe_name="another").hash(7, with_runs=True) == ONE.hash(7, with_runs=True)


def test_the_name_of_a_folder_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates, releases and backtests of existing homes are found again by these names."""
    monkeypatch.setattr(spec, "version", lambda name: f"{PACKAGES.index(name)}.0")
    made = TrainingSpec(
        *("quick", RECIPES["production"], plan(("lstm-16",)), 1),
        *(SplitPolicy(), History(), SeasonCalendar(country="US"), MapePolicy()),
    )
    assert made.folder_name(date(2023, 3, 6), 4, with_runs=True) == "20230306-ccf4520a"
    assert made.folder_name(date(2023, 3, 6), 4, with_runs=False) == "20230306-17e07c59"
