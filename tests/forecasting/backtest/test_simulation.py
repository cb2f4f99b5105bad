"""Replays worked by hand: every series sells 10 units a day, so a model that is off by `e` units has a MAPE of 10 e."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.backtest.cutoff import Cutoff
from tasks.forecasting.backtest.replay import Replay, Trained
from tasks.forecasting.backtest.simulation import Simulation
from tasks.forecasting.data.history import History
from tasks.forecasting.data.panel import Panel
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, LAST_YEAR, File
from tasks.forecasting.gate.limits import Limits

DATES = np.datetime64("2022-01-01") + np.arange(1096)
SALES = Panel(np.array(["1", "2"]), np.array(["a", "a"]), DATES, np.full((2, 1096), 10, np.float32))
LIMITS = Limits(max_better_than_reference=None, max_bias_pct=None, fit_a_device=False)
REFERENCE = 4.0
"""Units that the forecast without a network is off by."""

YEAR = [date(2024, month, 1) for month in range(1, 13)]


def trained(day: date, off: float, fault: str | None = None) -> Trained:
    cutoff = Cutoff.before(day, SALES, History(), SplitPolicy())
    table = np.full((2, len(DATES) - cutoff.start), 10 + off, np.float32)
    return Trained(
        start=cutoff.start,
        files=(
            File("lstm-64", None, None, 70_000, 60_000, (10 * off,)),
            File("lstm-16", "lstm-64", fault, 6_000, 5_000, (10 * off,)),
        ),
        units=table,
        reference=np.full_like(table, 10 + REFERENCE),
        label="14-day mean",
        others={"lstm-64": table[:, : len(cutoff.panel.dates) - cutoff.split.holdout]},
        age_days=1,
    )


def simulation(off: Mapping[date, float]) -> Simulation:
    models = {day: trained(day, each) for day, each in off.items()}
    return Simulation(SALES, models, min(models), History(), SplitPolicy(), MapePolicy())


def outcomes(replay: Replay) -> list[str]:
    return [each.verdict.outcome if each.verdict else "no gate" for each in replay.decisions]


def failed(replay: Replay, number: int) -> set[str]:
    verdict = replay.decisions[number].verdict
    return {check.name for check in verdict.checks if check.outcome == "fail"} if verdict else set()


WORSE_THEN_BETTER = {YEAR[0]: 2.0, YEAR[4]: 2.3, YEAR[8]: 1.5}


def test_a_worse_model_is_refused_and_the_champion_stays() -> None:
    simulated = simulation(WORSE_THEN_BETTER)
    replay = simulated.replay(list(WORSE_THEN_BETTER), LIMITS)
    assert outcomes(replay) == ["pass", "fail", "pass"]
    assert failed(replay, 1) == {"champion", "budget", "store", "item class"}
    assert replay.promoted == (YEAR[0], YEAR[8])
    assert [each.day for each in replay.refused] == [YEAR[4]]
    assert [replay.runs_on(day) for day in (YEAR[0] - timedelta(1), YEAR[4], YEAR[8] - timedelta(1), YEAR[8])] == [
        None,
        YEAR[0],
        YEAR[0],
        YEAR[8],
    ]


def test_each_day_is_scored_by_its_champion() -> None:
    simulated = simulation(WORSE_THEN_BETTER)
    scored = simulated.score(simulated.replay(list(WORSE_THEN_BETTER), LIMITS))
    before, after = (YEAR[8] - YEAR[0]).days, 366 - (YEAR[8] - YEAR[0]).days
    assert scored.overall.mape == pytest.approx((20 * before + 15 * after) / 366)
    assert scored.overall.days == 2 * 366
    assert scored.months["2024-08"].mape == pytest.approx(20)
    assert scored.months["2024-09"].mape == pytest.approx(15)
    assert scored.four_weeks["2024-08-12"].mape == pytest.approx((20 * 20 + 15 * 8) / 28)
    assert list(scored.four_weeks)[:2] == ["2024-01-01", "2024-01-29"]
    assert scored.without_a_model == 0


def test_without_a_gate_whatever_comes_is_promoted() -> None:
    simulated = simulation(WORSE_THEN_BETTER)
    replay = simulated.replay(list(WORSE_THEN_BETTER), None)
    assert replay.promoted == tuple(WORSE_THEN_BETTER)
    days = [(YEAR[4] - YEAR[0]).days, (YEAR[8] - YEAR[4]).days, 366 - (YEAR[8] - YEAR[0]).days]
    expected = sum(10 * off * count for off, count in zip(WORSE_THEN_BETTER.values(), days, strict=True)) / 366
    assert simulated.score(replay).overall.mape == pytest.approx(expected)


def test_a_file_that_does_not_work_is_never_promoted() -> None:
    simulated = simulation({YEAR[0]: 2.0})
    broken = Simulation(
        SALES, {YEAR[0]: trained(YEAR[0], 2.0, "it does not load")}, YEAR[0], History(), SplitPolicy(), MapePolicy()
    )
    assert simulated.replay(YEAR[:1], None).promoted
    assert not broken.replay(YEAR[:1], None).promoted
    assert not broken.replay(YEAR[:1], LIMITS).promoted


def test_what_cannot_be_judged_is_not_promoted() -> None:
    simulated = simulation({YEAR[0]: 2.0, YEAR[4]: float("nan")})
    replay = simulated.replay([YEAR[0], YEAR[4]], LIMITS)
    assert outcomes(replay) == ["pass", "abstain"] and replay.promoted == (YEAR[0],)
    assert simulated.score(replay).overall.mape == pytest.approx(20)


def test_until_a_first_promotion_the_reference_forecast_is_scored_and_counted() -> None:
    simulated = simulation({YEAR[0]: 3.5, YEAR[3]: 2.0})
    replay = simulated.replay([YEAR[0], YEAR[3]], LIMITS)
    scored = simulated.score(replay)
    assert outcomes(replay) == ["fail", "pass"] and failed(replay, 0) == {"absolute"}
    assert scored.without_a_model == (YEAR[3] - YEAR[0]).days == 91
    assert scored.months["2024-03"].mape == pytest.approx(10 * REFERENCE)
    assert scored.months["2024-04"].mape == pytest.approx(20)
    nothing = simulated.replay(YEAR[:1], LIMITS)
    assert simulated.score(nothing).without_a_model == 366


def test_small_losses_do_not_add_up_over_a_year() -> None:
    off = {day: 2.0 + 0.03 * number for number, day in enumerate(YEAR)}
    replay = simulation(off).replay(YEAR, LIMITS)
    assert outcomes(replay)[:4] == ["pass"] * 4, "0.3 pp a month is within the champion's limit"
    first = outcomes(replay).index("fail")
    assert failed(replay, first) == {"budget"}
    assert all(each.verdict and not each.promoted for each in replay.decisions[first:])


def test_whom_a_candidate_is_compared_with() -> None:
    off = {date(2023, 6, 1): 2.0, date(2024, 2, 1): 2.0, date(2024, 6, 1): 2.0}
    simulated = simulation(off)
    replay = simulated.replay(list(off), LIMITS)
    assert outcomes(replay) == ["pass"] * 3
    comparators = dict(simulated._comparators(date(2024, 6, 1), Replay(replay.decisions[:2])))
    assert comparators == {
        CHAMPION: date(2024, 2, 1),
        f"{BUDGET} 91": date(2024, 2, 1),
        f"{BUDGET} 182": date(2023, 6, 1),
        f"{BUDGET} 273": date(2023, 6, 1),
        f"{BUDGET} 364": date(2023, 6, 1),
        LAST_YEAR: date(2023, 6, 1),
    }
    assert LAST_YEAR not in dict(simulated._comparators(date(2024, 4, 1), Replay(replay.decisions[:1]))), (
        "10 months ago"
    )


def test_later_sales_and_later_models_change_no_earlier_decision() -> None:
    sales = SALES.sales.copy()
    sales[:, np.searchsorted(DATES, np.datetime64(YEAR[8])) :] = 999
    simulated = simulation(WORSE_THEN_BETTER)
    changed = Simulation(
        Panel(SALES.stores, SALES.items, DATES, sales),
        simulated.trained | {YEAR[8]: trained(YEAR[8], 9.9)},
        *(YEAR[0], History(), SplitPolicy(), MapePolicy()),
    )
    one, other = (each.replay(list(WORSE_THEN_BETTER), LIMITS) for each in (simulated, changed))
    assert repr(one.decisions[:2]) == repr(other.decisions[:2])
    assert one.decisions[2].promoted and not other.decisions[2].promoted
