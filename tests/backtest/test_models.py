"""Models of a backtest: trained as a retrain on their day would be, on nothing that came later."""

from datetime import date

import numpy as np

from tasks.backtest.models import open_backtest
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import ExcludedPeriod
from tasks.state.home import Home
from tests.backtest.replays import LATER, VARIANT, Made, opened
from tests.conftest import tiny_spec


def test_a_model_knows_nothing_of_its_day_or_later(made: Made) -> None:
    one, other = (each.model(LATER) for each in made.values())
    known = (np.datetime64(LATER) - made["tripled"].sales.dates[0]).astype(int) - one.start
    for table, changed in ((one.units, other.units), (one.reference, other.reference)):
        assert np.array_equal(table[:, :known], changed[:, :known], equal_nan=True) and np.isfinite(table).all()
    assert np.array_equal(one.units[:, known], other.units[:, known]), "the 14 days before its day are the same"
    assert not np.array_equal(one.units[:, known + 1], other.units[:, known + 1]), "then it sees other sales"
    assert one.files == other.files and one.others.keys() == other.others.keys()
    for name, table in one.others.items():
        assert table.shape[1] == known and np.array_equal(table, other.others[name])


def test_models_of_a_day_are_those_of_a_retrain_on_it(made: Made) -> None:
    model = made["as it was"].model(LATER)
    assert [file.variant for file in model.files] == ["lstm-64", VARIANT]
    assert {file.fault for file in model.files} == {None}
    sizes = [file.file_bytes for file in model.files]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 2
    assert model.label == "14-day mean x weekday index" and model.age_days == 1
    assert all(len(file.run_mapes) == 1 and 0 < file.run_mapes[0] < 60 for file in model.files)


def test_what_models_depend_on_names_the_folder(homes: dict[str, Home]) -> None:
    home = homes["as it was"]
    period = ExcludedPeriod(first=date(2022, 3, 1), last=date(2022, 3, 7), reason="strike")
    changed = [
        opened(home, "lstm-16"),
        opened(home, policy=MapePolicy(zero_days="as one unit")),
        opened(home, days=300),
        opened(home, exclude=(period,)),
    ]
    folders = {each.folder for each in (opened(home), opened(home), *changed)}
    assert len(folders) == 5
    week = np.isin(changed[-1].sales.dates, np.datetime64("2022-03-01") + np.arange(7))
    assert np.isnan(changed[-1].sales.sales[:, week]).all() and not np.isnan(changed[-1].sales.sales[:, ~week]).any()


def test_variants_and_runs_of_a_profile_do_not_matter(homes: dict[str, Home]) -> None:
    home = homes["as it was"]
    assert open_backtest(home, tiny_spec("lstm-8", runs=3), VARIANT) == opened(home)
