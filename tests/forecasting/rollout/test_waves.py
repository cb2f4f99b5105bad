"""Rollout: which stores there are, and which come first."""

import pytest
from pydantic import ValidationError

from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.waves import Hold, Progress, RolloutPolicy, Store, StoreList, Wave, next_wave

DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200)


def stores(default: str | None = None, **canary: bool) -> StoreList:
    return StoreList(
        default_device=default,
        devices={"till": DEVICE},
        stores={name.strip("s"): Store(device="till", canary=marked) for name, marked in canary.items()},
    )


def test_marked_stores_are_the_canaries() -> None:
    assert stores(s1=False, s10=True, s2=True).canaries(["10", "1", "2"]) == ["2", "10"]


@pytest.mark.parametrize(("count", "first"), [(0, 0), (1, 1), (5, 1), (6, 2), (50, 10)])
def test_else_the_first_fifth_in_natural_order(count: int, first: int) -> None:
    names = [str(number) for number in range(count, 0, -1)]
    assert stores().canaries(names) == [str(number + 1) for number in range(first)]


def test_a_marked_store_without_sales_is_no_canary() -> None:
    assert stores(s9=True).canaries(["1", "2"]) == ["1"]


@pytest.mark.parametrize(("default", "known"), [("till", True), (None, False)])
def test_a_store_that_is_not_listed(default: str | None, known: bool) -> None:
    assert stores(default, s1=True).store("1") == Store(device="till", canary=True)
    assert stores(default, s1=True).store("2") == (Store(device="till") if known else None)


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        StoreList.model_validate({"devices": {}, "stores": {"1": {"device": "till", "canery": True}}})


STORES = ("1", "2", "3")
LISTED = stores(s1=True, s2=False, s3=False)


def progress(running: str = "", rolled_back: str = "", drifting: str = "", days: int = 0) -> Progress:
    return Progress(frozenset(running), frozenset(rolled_back), frozenset(drifting), {"1": days})


@pytest.mark.parametrize(
    ("now", "wave"),
    [
        (progress(), Wave("canary", ("1",))),
        (progress("1", days=7), Wave("rest", ("2", "3"))),
        (progress("12", days=7), Wave("rest", ("3",))),
        (progress("123", days=7), Wave("none", ())),
        (progress("1", days=6), Wave("rest", ("2", "3"), Hold("1", "too few days", 6, 7))),
        (progress("1", drifting="1", days=7), Wave("rest", ("2", "3"), Hold("1", "drifting", 7, 7))),
        (progress(rolled_back="1"), Wave("rest", ("2", "3"), Hold("1", "rolled back", 0, 7))),
        (progress("1", drifting="2", days=7), Wave("rest", ("2", "3"))),
        (progress("1", rolled_back="2", days=7), Wave("rest", ("3",))),
        (progress("13", rolled_back="2", days=7), Wave("none", ())),
    ],
)
def test_the_next_wave_and_what_it_waits_for(now: Progress, wave: Wave) -> None:
    assert next_wave(STORES, LISTED, now, RolloutPolicy(canary_days=7)) == wave
