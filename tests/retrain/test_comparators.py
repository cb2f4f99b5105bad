"""Whom a candidate is compared with: what runs, what ran within the year, what the same season got last year."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tasks.retrain.comparators import Comparator, comparators
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tests.stores import promote, roll_back

Shop = tuple[Home, str, str]

LAST_DAY = date(2023, 3, 6)


def found(home: Home, last_day: date = LAST_DAY, later: int = 1) -> dict[str, Comparator]:
    """Rivals as of some days after now."""
    return {each.name: each for each in comparators(home, last_day, datetime.now(UTC) + timedelta(later))}


def runs(comparator: Comparator) -> dict[str, str]:
    return {store: model.release for store, model in comparator.of_store.items()}


def test_a_first_release_has_none(shop: Shop) -> None:
    assert found(shop[0]) == {}


def test_the_champion_is_what_each_store_runs_now_also_after_a_rollback(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, "1")
    promote(home, newer, "1", "2")
    assert runs(found(home)["champion"]) == {"1": newer, "2": newer}
    roll_back(home, "1")
    assert runs(found(home)["champion"]) == {"1": older, "2": newer}


@pytest.mark.parametrize(
    ("later", "then"),
    [
        (1, {"91": "first"}),
        (92, {"91": "now", "182": "first"}),
        (274, {"91": "now", "364": "first"}),
        (365, {"91": "now"}),
    ],
    ids=str,
)
def test_the_budget_looks_back_in_quarters_and_to_what_ran_first(shop: Shop, later: int, then: dict[str, str]) -> None:
    home, older, newer = shop
    promote(home, older, "1")
    promote(home, newer, "1")
    ids = {"first": older, "now": newer}
    budgets = {name: runs(each) for name, each in found(home, later=later).items() if name.startswith("budget")}
    assert budgets == {f"budget {days}": {"1": ids[which]} for days, which in then.items()}


def test_the_budget_compares_with_what_ran_then_not_with_what_runs_now(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, "1")
    between = datetime.now(UTC)
    promote(home, newer, "1")
    comparator = {each.name: each for each in comparators(home, LAST_DAY, between + timedelta(91))}
    assert runs(comparator["budget 91"]) == {"1": older}
    assert runs(comparator["champion"]) == {"1": newer}


@pytest.mark.parametrize(("days", "there"), [(318, False), (319, True), (364, True), (409, True), (410, False)])
def test_the_same_season_last_year_is_within_45_days(shop: Shop, days: int, there: bool) -> None:
    assert ("last year" in found(shop[0], LAST_DAY + timedelta(days))) == there


def test_last_years_variant_is_the_one_that_stores_got(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, older, "1", "2")
    promote(home, newer, "1")
    given = {Champion(str(each.release), str(each.variant)) for each in ledger.read(home, ["promotion"])}
    comparator = found(home, LAST_DAY + timedelta(364))["last year"]
    (model,) = set(comparator.of_store.values())
    assert model in given
    assert set(comparator.of_store) == {"1", "2"} and "the same season last year" in comparator.label
