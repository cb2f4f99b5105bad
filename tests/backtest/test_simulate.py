"""Backtest: real models of real steps; an interrupted replay resumes, and a decision never sees what came later."""

import logging
from datetime import date

import pytest

from tasks.backtest.models import Backtest
from tasks.backtest.simulate import cadences, replay_history, train_models, write_report
from tasks.forecasting.backtest.cadence import MONTHLY, NONE, QUARTERLY, SEASONAL
from tasks.forecasting.backtest.cost_benefit import NO_GATE, SETTINGS
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.forecasting.rollout.costs import CostModel
from tasks.report.backtest_result import BacktestResult, ReplayRecord
from tasks.report.sentences.backtest import NOTHING_PASSED
from tasks.state.home import Home
from tests.backtest.replays import DAYS, FIRST, LATER, SEASONS, VARIANT, Made, opened
from tests.conftest import LENIENT


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


def test_nor_does_the_decision_on_it(made: Made) -> None:
    found = [replay_history.fn(each, DAYS, LENIENT, CostModel()).cadences for each in made.values()]
    one, other = ({each.name: each for each in cadences} for cadences in found)
    assert one[MONTHLY].decisions == other[MONTHLY].decisions
    assert one[MONTHLY].mape != other[MONTHLY].mape


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
