"""Choice: the cheapest variant that passed and fits, the Pareto front, and why this one, in a sentence."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.forecasting.rollout.costs import Cost, CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.selection import Candidate, Ranking, choose, dominated_by, rank

KB = 1024
DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200, link_kbps=100, update_s=2)
WIDE = DeviceClass(flash_kb=1e6, ram_kb=1e6, latency_us=1e6)
COSTS = CostModel(per_mb_sent=10, per_mape_pp=5, per_retrain=30, retrains_per_year=4)

LARGE = Candidate("lstm-64", True, 68 * KB, 60_000, 72 * KB, 90.0, 13.30)
MEDIUM = Candidate("lstm-32", True, 19 * KB, 20_000, 22 * KB, 40.0, 13.32)
SMALL = Candidate("lstm-16-int8", True, 5 * KB, 4_000, 8 * KB, 90.0, 13.40)
ALL = [LARGE, MEDIUM, SMALL]


def ranked(*candidates: Candidate, device: DeviceClass = DEVICE, costs: CostModel = COSTS, stores: int = 3) -> Ranking:
    return rank(candidates, "till", device, costs, stores)


def chosen(*candidates: Candidate, device: DeviceClass = DEVICE, costs: CostModel = COSTS) -> str | None:
    return choose(candidates, "till", device, costs, 3).variant


def names(ranking: Ranking) -> list[str]:
    return [row.name for row in ranking.rows]


def test_each_part_of_the_cost() -> None:
    (row,) = (row for row in ranked(*ALL).rows if row.name == "lstm-32")
    assert row.cost
    assert row.cost == Cost(
        sending=pytest.approx(10 * 0.02 * 4),  # EUR/MB x MB x retrains
        errors=pytest.approx(5 * 0.02),  # EUR/pp x pp above the best that passed, though it does not fit
        retraining=pytest.approx(30 * 4 / 3),  # shared by three stores
        total=pytest.approx(0.8 + 0.1 + 40),
    )


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, "lstm-16-int8"),
        ({"per_mape_pp": 1000}, "lstm-64"),
        ({"per_mape_pp": 0, "per_mb_sent": 0}, "lstm-16-int8"),
        ({"per_mape_pp": 50, "per_mb_sent": 10}, "lstm-32"),
        ({"per_mape_pp": 50, "retrains_per_year": 52}, "lstm-16-int8"),
    ],
    ids=["sending is dear", "errors are dear", "all the same: the smallest", "between", "the same, sent more often"],
)
def test_the_costs_decide(changes: dict[str, float], first: str) -> None:
    assert chosen(*ALL, device=WIDE, costs=COSTS.model_copy(update=changes)) == first


def test_what_a_retrain_costs_changes_no_order() -> None:
    dear = COSTS.model_copy(update={"per_retrain": 1e6})
    assert names(ranked(*ALL, costs=dear)) == names(ranked(*ALL))


def test_rows_are_in_order_of_cost_then_misfits_then_refused() -> None:
    refused = replace(SMALL, name="refused", passed=False, validation_mape=1.0)
    unknown = replace(SMALL, name="unknown", validation_mape=None)
    ranking = ranked(refused, LARGE, unknown, MEDIUM, SMALL)
    assert names(ranking) == ["lstm-16-int8", "lstm-32", "unknown", "lstm-64", "refused"]
    assert [row.misfit for row in ranking.rows] == [
        *[None] * 3,
        "needs 68.0 KB of flash, the device has 32",
        "did not pass the gate",
    ]
    assert [row.cost is None for row in ranking.rows] == [False, False, True, False, True]
    assert ranking.rows[0].cost and ranking.rows[0].cost.errors == pytest.approx(5 * 0.1), "against those that passed"


def test_equal_costs_are_told_apart_by_file_transfer_then_name() -> None:
    free = COSTS.model_copy(update={"per_mb_sent": 0})
    twins = [
        replace(SMALL, name="b"),
        replace(SMALL, name="d", file_bytes=4 * KB, transfer_bytes=9_000),
        replace(SMALL, name="c", transfer_bytes=1),
        replace(SMALL, name="a"),
    ]
    assert names(ranked(*twins, costs=free)) == ["d", "c", "a", "b"]


def test_a_difference_that_tables_do_not_show_is_free() -> None:
    better = replace(MEDIUM, validation_mape=13.3951)
    worse = replace(SMALL, validation_mape=13.4049)
    dear = COSTS.model_copy(update={"per_mape_pp": 1e9})
    ranking = ranked(better, worse, costs=dear)
    assert ranking.choice.variant == "lstm-16-int8"
    assert [row.validation_mape for row in ranking.rows] == [13.4, 13.4]
    assert chosen(replace(better, validation_mape=13.3949), worse, costs=dear) == "lstm-32"


@pytest.mark.parametrize(
    "edge",
    [{"file_bytes": 32 * KB}, {"ram_bytes": 64 * KB}, {"latency_us": 200.0}, {"transfer_bytes": 25_000}],
    ids=str,
)
def test_exactly_fitting_fits(edge: dict[str, Any]) -> None:
    assert chosen(replace(SMALL, **edge)) == "lstm-16-int8"


@pytest.mark.parametrize(
    ("misfit", "reason"),
    [
        ({"file_bytes": 32 * KB + 1}, "needs 32.0 KB of flash, the device has 32"),
        ({"ram_bytes": 80 * KB}, "needs 80.0 KB of RAM, the device has 64"),
        ({"latency_us": 201.0}, "takes 201 us, the device allows 200"),
        ({"latency_us": math.nan}, "has no figure for its latency, as its measurement broke a rule"),
        ({"latency_us": None}, "has no figure for its latency, as its measurement broke a rule"),
        ({"transfer_bytes": 26_000}, "takes 2.1 s over 100 kbit/s, the device allows 2"),
    ],
    ids=["flash", "ram", "latency", "latency undefined", "no latency", "link"],
)
def test_nothing_fits(misfit: dict[str, Any], reason: str) -> None:
    choice = ranked(LARGE, replace(SMALL, **misfit)).choice
    assert choice.variant is None
    assert choice.reason == f"no variant fits a till device; the smallest, lstm-16-int8, {reason}"


def test_without_a_link_an_update_takes_no_time() -> None:
    assert chosen(replace(SMALL, transfer_bytes=10**9), device=DEVICE.model_copy(update={"link_kbps": None}))


@pytest.mark.parametrize("candidates", [[], [replace(SMALL, passed=False)]], ids=["none", "none passed"])
def test_nothing_passed(candidates: list[Candidate]) -> None:
    choice = ranked(*candidates).choice
    assert (choice.variant, choice.reason) == (None, "no variant passed the gate")


@pytest.mark.parametrize("mape", [None, math.nan, math.inf])
def test_an_unknown_mape_is_chosen_only_where_nothing_else_fits(mape: float | None) -> None:
    unknown = replace(SMALL, name="unknown", transfer_bytes=1, validation_mape=mape)
    choice = ranked(unknown, SMALL).choice
    assert choice.variant == "lstm-16-int8"
    assert "the next and smallest, unknown, has no known MAPE on validation days, and so comes last" in choice.reason
    choice = ranked(LARGE, unknown, replace(unknown, name="larger", file_bytes=6 * KB)).choice
    assert choice.variant == "unknown"
    assert choice.reason == (
        "unknown: smallest of 2 variants that passed and fit a till device; "
        "chosen by size alone, as no variant that fits has a known MAPE on validation days"
    )


def test_the_sentence_weighs_the_next_the_smallest_and_the_most_accurate() -> None:
    tiny = replace(SMALL, name="lstm-4", file_bytes=2 * KB, transfer_bytes=1_000, validation_mape=14.0)
    next_ = replace(SMALL, name="lstm-16", file_bytes=6 * KB, transfer_bytes=4_050)
    assert ranked(*ALL, tiny, next_, device=WIDE).choice.reason == (
        "lstm-16-int8: 0.66 EUR a year and store beside 40.00 for retraining, cheapest of 5 variants that passed and "
        "fit a till device; the next, lstm-16, is as accurate and costs less than 0.01 more to send; the most "
        "accurate, lstm-64, saves 0.10 pp of MAPE, worth 0.50, and costs 2.24 more to send; the smallest, lstm-4, "
        "loses 0.60 pp of MAPE, worth 3.00, and saves 0.12 to send"
    )


def test_the_sentence_names_each_variant_once() -> None:
    assert ranked(MEDIUM, SMALL).choice.reason.endswith(
        "till device; it is also the smallest; the next and most accurate, lstm-32, saves 0.08 pp of MAPE, worth "
        "0.40, and costs 0.64 more to send"
    )
    assert ranked(SMALL, costs=CostModel(currency="CHF")).choice.reason == (
        "lstm-16-int8: 0.21 CHF a year and store beside 86.67 for retraining, cheapest of 1 variant that passed and "
        "fit a till device; it is also the smallest and most accurate"
    )


def test_the_sentence_says_why_the_most_accurate_is_out_of_reach() -> None:
    assert ranked(*ALL).choice.reason.endswith(
        "the most accurate, lstm-64, does not fit: it needs 68.0 KB of flash, the device has 32"
    )


def test_the_front_and_who_dominates() -> None:
    padded = replace(SMALL, name="padded", file_bytes=6 * KB, validation_mape=13.404)
    refused = replace(LARGE, name="refused", passed=False, file_bytes=KB, transfer_bytes=1, validation_mape=13.5)
    poor = replace(LARGE, name="poor", validation_mape=15.0)
    unknown = replace(LARGE, name="unknown", file_bytes=1, transfer_bytes=1, validation_mape=None)
    twin = replace(LARGE, name="twin", validation_mape=13.301)
    rows = {row.name: row for row in ranked(*ALL, padded, refused, poor, unknown, twin).rows}
    assert {name: row.dominated_by for name, row in rows.items()} == {
        "lstm-64": None,
        "lstm-32": None,
        "lstm-16-int8": None,
        "padded": "lstm-16-int8",
        "refused": None,
        "poor": "lstm-64",
        "unknown": None,
        "twin": None,
    }
    assert {name for name, row in rows.items() if row.front} == {
        "lstm-64",
        "twin",
        "lstm-32",
        "lstm-16-int8",
        "refused",
    }


def test_smaller_in_transfer_but_larger_on_disk_does_not_dominate() -> None:
    odd = replace(SMALL, name="odd", file_bytes=4 * KB, transfer_bytes=5_000)
    assert dominated_by([SMALL, odd]) == {"lstm-16-int8": None, "odd": None}


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        name=st.just(""),
        passed=st.booleans(),
        file_bytes=st.integers(1, 4) | st.integers(1, 40 * KB),
        transfer_bytes=st.integers(1, 4) | st.integers(1, 40 * KB),
        ram_bytes=st.integers(1, 80 * KB),
        latency_us=st.none() | st.floats(0, 300),
        validation_mape=st.none() | st.sampled_from([13.33, 13.334, 13.34]) | st.floats(0, 100),
    ),
    min_size=1,
    max_size=6,
).map(lambda found: [replace(each, name=f"v{place}") for place, each in enumerate(found)])
MODELS = st.builds(
    CostModel,
    per_mb_sent=st.sampled_from([0.0, 1.0, 1e6]) | st.floats(0, 100),
    per_mape_pp=st.sampled_from([0.0, 0.1, 1e6]) | st.floats(0, 100),
    per_retrain=st.floats(0, 1e6),
    retrains_per_year=st.floats(0, 400),
)
WORSE: dict[str, st.SearchStrategy[Any]] = {
    "passed": st.just(False),
    "file_bytes": st.integers(1, 40 * KB),
    "transfer_bytes": st.integers(1, 40 * KB),
    "ram_bytes": st.integers(1, 40 * KB),
    "latency_us": st.none() | st.floats(0, 300),
    "validation_mape": st.none() | st.floats(0, 100),
}


def worsened(candidate: Candidate, respect: str, by: Any) -> Candidate:
    now = getattr(candidate, respect)
    value = by if by is None or now is None or respect == "passed" else now + by
    return replace(candidate, **{respect: None if now is None else value})


@pytest.mark.parametrize("respect", WORSE)
@given(data=st.data(), candidates=CANDIDATES, costs=MODELS)
def test_a_variant_made_worse_is_never_chosen_for_it(
    respect: str, data: st.DataObject, candidates: list[Candidate], costs: CostModel
) -> None:
    victim = data.draw(st.sampled_from(candidates))
    assume(chosen(*candidates, costs=costs) != victim.name)
    worse = worsened(victim, respect, data.draw(WORSE[respect]))
    changed = [worse if each is victim else each for each in candidates]
    assert chosen(*changed, costs=costs) != victim.name


@given(candidates=CANDIDATES, costs=MODELS)
def test_a_dominated_variant_is_chosen_only_where_who_dominates_it_cannot_be(
    candidates: list[Candidate], costs: CostModel
) -> None:
    ranking = ranked(*candidates, costs=costs)
    rows = {row.name: row for row in ranking.rows}
    assume(ranking.choice.variant)
    best = rows[str(ranking.choice.variant)]
    for row in ranking.rows:
        no_larger = row.file_bytes <= best.file_bytes and row.transfer_bytes <= best.transfer_bytes
        if row.misfit is None and row.validation_mape is not None and best.validation_mape is not None and no_larger:
            assert row.validation_mape >= best.validation_mape
    if best.dominated_by:
        assert rows[best.dominated_by].misfit
        assert rows[best.dominated_by].front, "who dominates is on the front"


@given(candidates=CANDIDATES, costs=MODELS)
def test_the_first_row_is_the_choice(candidates: list[Candidate], costs: CostModel) -> None:
    ranking = ranked(*candidates, costs=costs)
    first = ranking.rows[0]
    assert ranking.choice.variant == (None if first.misfit else first.name)
    assert len(ranking.rows) == len(candidates)


@pytest.mark.parametrize(
    "block",
    [{"per_mape_pp": -1}, {"per_mb_sent": math.nan}, {"per_retrain": math.inf}, {"currency": ""}, {"per_mb": 1}],
    ids=str,
)
def test_an_impossible_cost_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CostModel(**block)
