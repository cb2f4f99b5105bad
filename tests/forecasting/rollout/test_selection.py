"""Choice: the cheapest variant that passed and fits, and the Pareto front."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.forecasting.rollout.costs import Cost, CostModel
from tasks.forecasting.rollout.devices import DeviceClass, Misfit, VariantFacts
from tasks.forecasting.rollout.selection import Ranking, dominated_by, rank

KB = 1024
DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200, link_kbps=100, update_s=2)
WIDE = DeviceClass(flash_kb=1e6, ram_kb=1e6, latency_us=1e6)
COSTS = CostModel(per_mb_sent=10, per_mape_pp=5, per_retrain=30, retrains_per_year=4)

LARGE = VariantFacts("lstm-64", True, 68 * KB, 60_000, 72 * KB, 90.0, 13.30)
MEDIUM = VariantFacts("lstm-32", True, 19 * KB, 20_000, 22 * KB, 40.0, 13.32)
SMALL = VariantFacts("lstm-16-int8", True, 5 * KB, 4_000, 8 * KB, 90.0, 13.40)
ALL = [LARGE, MEDIUM, SMALL]


def ranked(
    *candidates: VariantFacts, device: DeviceClass = DEVICE, costs: CostModel = COSTS, stores: int = 3
) -> Ranking:
    return rank(candidates, device, costs, stores)


def chosen(*candidates: VariantFacts, device: DeviceClass = DEVICE, costs: CostModel = COSTS) -> str | None:
    row = rank(candidates, device, costs, 3).chosen
    return row and row.name


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
        Misfit("flash", 68.0, 32.0),
        None,
    ]
    assert [row.eligible for row in ranking.rows] == [True, True, True, False, False]
    assert [row.name for row in ranking.passed] == ["lstm-16-int8", "lstm-32", "unknown", "lstm-64"]
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
    assert ranking.chosen == ranking.rows[0] and ranking.rows[0].name == "lstm-16-int8"
    assert [row.validation_mape for row in ranking.rows] == [13.4, 13.4]
    assert chosen(replace(better, validation_mape=13.3949), worse, costs=dear) == "lstm-32"


@pytest.mark.parametrize("candidates", [[], [replace(SMALL, passed=False)]], ids=["none", "none passed"])
def test_nothing_passed(candidates: list[VariantFacts]) -> None:
    ranking = ranked(*candidates)
    assert ranking.chosen is None and ranking.passed == ()


@pytest.mark.parametrize("mape", [None, math.nan, math.inf])
def test_an_unknown_mape_is_chosen_only_where_nothing_else_fits(mape: float | None) -> None:
    unknown = replace(SMALL, name="unknown", transfer_bytes=1, validation_mape=mape)
    assert names(ranked(unknown, SMALL)) == ["lstm-16-int8", "unknown"]
    alone = ranked(LARGE, unknown, replace(unknown, name="larger", file_bytes=6 * KB))
    assert alone.chosen and (alone.chosen.name, alone.chosen.cost) == ("unknown", None)
    assert names(alone) == ["unknown", "larger", "lstm-64"], "by size alone"


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
        VariantFacts,
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


def worsened(candidate: VariantFacts, respect: str, by: Any) -> VariantFacts:
    now = getattr(candidate, respect)
    value = by if by is None or now is None or respect == "passed" else now + by
    return replace(candidate, **{respect: None if now is None else value})


@pytest.mark.parametrize("respect", WORSE)
@given(data=st.data(), candidates=CANDIDATES, costs=MODELS)
def test_a_variant_made_worse_is_never_chosen_for_it(
    respect: str, data: st.DataObject, candidates: list[VariantFacts], costs: CostModel
) -> None:
    victim = data.draw(st.sampled_from(candidates))
    assume(chosen(*candidates, costs=costs) != victim.name)
    worse = worsened(victim, respect, data.draw(WORSE[respect]))
    changed = [worse if each is victim else each for each in candidates]
    assert chosen(*changed, costs=costs) != victim.name


@given(candidates=CANDIDATES, costs=MODELS)
def test_a_dominated_variant_is_chosen_only_where_who_dominates_it_cannot_be(
    candidates: list[VariantFacts], costs: CostModel
) -> None:
    ranking = ranked(*candidates, costs=costs)
    rows = {row.name: row for row in ranking.rows}
    assume(ranking.chosen)
    best = ranking.chosen
    assert best
    for row in ranking.rows:
        no_larger = row.file_bytes <= best.file_bytes and row.transfer_bytes <= best.transfer_bytes
        if row.eligible and row.validation_mape is not None and best.validation_mape is not None and no_larger:
            assert row.validation_mape >= best.validation_mape
    if best.dominated_by:
        assert not rows[best.dominated_by].eligible
        assert rows[best.dominated_by].front, "who dominates is on the front"


@given(candidates=CANDIDATES, costs=MODELS)
def test_the_first_row_is_the_choice(candidates: list[VariantFacts], costs: CostModel) -> None:
    ranking = ranked(*candidates, costs=costs)
    first = ranking.rows[0]
    assert ranking.chosen == (first if first.eligible else None)
    assert len(ranking.rows) == len(candidates)
