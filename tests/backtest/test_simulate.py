"""Backtest: real models of real steps; a replay that was cut off goes on, and a retrain never sees what came later."""

import logging
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.backtest import simulate as steps
from tasks.backtest.models import Backtest, open_backtest
from tasks.backtest.simulate import LostModels, cadences, replay_history, train_models, write_report
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY, SEASONAL
from tasks.forecasting.backtest.cost_benefit import NO_GATE, NOTHING_PASSED, SETTINGS
from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.forecasting.rollout.selection import CostModel
from tasks.ingest.sample import write_sample
from tasks.report.backtest_result import BacktestResult, ReplayRecord
from tasks.state.home import Home
from tests.conftest import CHAIN, LENIENT, TakeIn, tiny_spec

VARIANT = "lstm-64-int8"
FIRST, LATER = date(2023, 1, 10), date(2023, 2, 1)
SEASONS = [date(2023, 2, 14)]
DAYS = {NONE: (FIRST,), MONTHLY: (FIRST, LATER)}

Made = dict[str, Backtest]


def opened(home: Home, variant: str = VARIANT, policy: MapePolicy = MapePolicy(), **history: Any) -> Backtest:  # noqa: B008
    return open_backtest(home, tiny_spec(history=History(**history), policy=policy), variant)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> dict[str, Home]:
    """Two chains that sell the same until the day before `LATER`; from then on one sells three times as much."""
    made = {}
    for name, change in {"as it was": {}, "tripled": {"shift_on": LATER, "shift_by": 3.0}}.items():
        folder = tmp_path_factory.mktemp("chain")
        write_sample(folder / "history.parquet", CHAIN.model_copy(update=change))
        made[name] = Home(folder / "home")
        take_in(made[name], folder / "history.parquet")
    return made


@pytest.fixture(scope="module")
def made(homes: dict[str, Home]) -> Made:
    """Both replayed: two models each."""
    found = {name: opened(home) for name, home in homes.items()}
    for each in found.values():
        assert train_models.fn(each, DAYS) == 2
    return found


@pytest.fixture
def copied(made: Made, tmp_path: Path) -> Backtest:
    """The first of them, to be changed."""
    backtest = made["as it was"]
    shutil.copytree(backtest.folder, tmp_path / "copy")
    return replace(backtest, folder=tmp_path / "copy")


def test_the_days_of_each_cadence_are_the_last_of_the_sales(homes: dict[str, Home]) -> None:
    found = cadences(opened(homes["as it was"]), 56, SEASONS, 28)
    assert found[NONE] == found[QUARTERLY] == (FIRST,)
    assert found[MONTHLY] == (FIRST, LATER, date(2023, 3, 1))
    assert found[SEASONAL] == (FIRST, date(2023, 2, 14))


@pytest.mark.parametrize(
    ("length", "history", "said"),
    [
        (
            420,
            {},
            "a replay of 420 days needs 570 days of history, .* 28 days of holdout; received 430. Use --days 280",
        ),
        (281, {}, "Use --days 280 or fewer"),
        (273, {"held_back_days": 8}, "a replay of 273 days needs 431 days .* received 430. Use --days 272"),
        (56, {"days": 100}, r"received 430. Widen \[history\] days"),
    ],
)
def test_too_short_a_history_says_what_is_needed(
    homes: dict[str, Home], length: int, history: dict[str, int], said: str
) -> None:
    with pytest.raises(TooLittleHistory, match=said):
        cadences(opened(homes["as it was"], **history), length, SEASONS, 28)


def test_the_longest_replay_that_is_allowed_gives_the_gate_its_days(homes: dict[str, Home]) -> None:
    backtest = opened(homes["as it was"])
    first = cadences(backtest, 280, SEASONS, 28)[NONE][0]
    cutoff = backtest.cutoff(first)
    assert len(cutoff.panel.dates) - cutoff.split.holdout == 28


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


def test_nor_does_the_decision_on_it(made: Made) -> None:
    found = [replay_history.fn(each, DAYS, LENIENT, CostModel()).cadences for each in made.values()]
    one, other = ({each.name: each for each in cadences} for cadences in found)
    assert one[MONTHLY].decisions == other[MONTHLY].decisions
    assert one[MONTHLY].mape != other[MONTHLY].mape


def test_models_of_a_day_are_those_of_a_retrain_on_it(made: Made) -> None:
    model = made["as it was"].model(LATER)
    assert [file.variant for file in model.files] == ["lstm-64", VARIANT]
    assert {file.fault for file in model.files} == {None}
    sizes = [file.file_bytes for file in model.files]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 2
    assert model.label == "14-day mean x weekday index" and model.age_days == 1
    assert all(len(file.run_mapes) == 1 and 0 < file.run_mapes[0] < 60 for file in model.files)


def test_the_same_again_trains_nothing_and_a_cut_off_run_goes_on(
    copied: Backtest, caplog: pytest.LogCaptureFixture
) -> None:
    assert train_models.fn(copied, DAYS) == 0
    before = {path: path.stat().st_mtime_ns for path in (copied.folder / str(FIRST)).iterdir()}
    lost = (copied.folder / str(LATER) / "units.npy").read_bytes()
    (copied.folder / str(LATER) / "model.json").unlink()  # what is written last is not there yet
    (copied.folder / str(LATER) / "units.npy").write_bytes(b"half")
    caplog.clear()
    with caplog.at_level(logging.INFO, "shelfcast.backtest"):
        assert train_models.fn(copied, DAYS) == 1
    assert {path: path.stat().st_mtime_ns for path in (copied.folder / str(FIRST)).iterdir()} == before
    assert (copied.folder / str(LATER) / "units.npy").read_bytes() == lost
    said = [record.message for record in caplog.records]
    assert said[0] == "2 models of lstm-64 and lstm-64-int8: 1 are there, 1 to train"
    assert said[1].startswith(f"model 2 of 2, sales before {LATER}: MAPE ")


def test_a_lost_worker_fails_the_run_and_says_how_to_go_on(copied: Backtest, monkeypatch: pytest.MonkeyPatch) -> None:
    (copied.folder / str(LATER) / "model.json").unlink()
    monkeypatch.setattr(steps.workers, "arriving", lambda *_: iter(()))
    with pytest.raises(LostModels, match=f"the models of {LATER}; run the same again to go on"):
        train_models.fn(copied, DAYS)


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


def test_a_replay_says_what_each_cadence_and_limit_would_have_done(made: Made) -> None:
    backtest = made["as it was"]
    result = replay_history.fn(backtest, DAYS, LENIENT, CostModel())
    assert ReplayRecord.model_validate_json(result.model_dump_json()) == result
    own = {each.name: each for each in result.cadences}
    assert result.best == result.cadences[0].name
    assert not result.sentence.endswith(NOTHING_PASSED)
    assert own[MONTHLY].retrains == 1 and own[NONE].retrains == 0
    assert {each.days for each in own.values()} == {56 * 4}
    assert all(0 < each.mape < 40 and each.coverage > 90 for each in own.values())
    assert list(own[NONE].mape_by_month) == ["2023-01", "2023-02", "2023-03"]
    limits = {each.name: {row.name: row for row in each.cadences} for each in result.limits}
    assert limits[NO_GATE][MONTHLY].promotions == 2
    assert dict(limits[SETTINGS][NONE]).items() <= dict(own[NONE]).items()
    assert own[MONTHLY].costs.retraining == pytest.approx(5.0 * 365 / 56 / 2)
    sent = sum(backtest.model(day).files[-1].transfer_bytes for day in DAYS[MONTHLY])
    assert limits[NO_GATE][MONTHLY].costs.sending == pytest.approx(sent / 1e6 * 365 / 56)
    (difference,) = result.differences
    assert difference.value == pytest.approx(own[result.best].mape - own[difference.against].mape, abs=1e-5)


def test_where_no_model_passes_it_says_that_none_is_scored(made: Made) -> None:
    strict = LENIENT.model_copy(update={"max_mape": 0.1})
    result = replay_history.fn(made["as it was"], DAYS, strict, CostModel())
    assert result.sentence.endswith(NOTHING_PASSED)
    assert all(each.promotions == 0 and each.days_without_a_model == 56 for each in result.cadences)
    none = next(each for each in result.cadences if each.name == NONE)
    assert none.mape == pytest.approx(result.without_network.mape)
    assert none.decisions[0].outcome == "fail" and "over the limit of 0.1 %" in none.decisions[0].reasons[0]
    assert "it would have passed with a MAPE" in none.decisions[0].counterfactuals[0]


def test_a_report_is_written_beside_the_models(copied: Backtest) -> None:
    replay = replay_history.fn(copied, DAYS, LENIENT, CostModel())
    facts = {"variant": VARIANT, "recipe": "tiny", "first_day": FIRST, "last_day": copied.last_day, "days": 56}
    more = {"profile": "tiny", "report": str(copied.report), "trained": 0, "seconds": 1.0}
    write_report.fn(copied, BacktestResult(**dict(replay), **facts, **more))
    assert replay.sentence in copied.report.read_text()
