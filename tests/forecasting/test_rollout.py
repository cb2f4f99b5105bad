"""Rollout: the smallest variant that passed and fits, or the reason why there is none; canaries first."""

import math
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.forecasting.rollout import Candidate, DeviceClass, Store, StoreList, choose

KB = 1024
DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200)
LARGE = Candidate("lstm-64", True, 68 * KB, 63 * KB, 72 * KB, 90)
MEDIUM = Candidate("lstm-32", True, 19 * KB, 18 * KB, 22 * KB, 40)
SMALL = Candidate("lstm-16-int8", True, 5 * KB, 4 * KB, 8 * KB, 90)


def test_the_smallest_that_passed_and_fits() -> None:
    choice = choose([LARGE, SMALL, MEDIUM], "till", DEVICE)
    assert choice.variant == "lstm-16-int8"
    assert "smallest of 2" in choice.reason and "till" in choice.reason


def test_one_that_did_not_pass_is_never_chosen() -> None:
    assert choose([LARGE, replace(SMALL, passed=False), MEDIUM], "till", DEVICE).variant == "lstm-32"


def test_equal_sizes_are_told_apart_by_transfer_then_name() -> None:
    twins = [replace(SMALL, name="b"), replace(SMALL, name="c", transfer_bytes=1), replace(SMALL, name="a")]
    assert choose(twins, "till", DEVICE).variant == "c"
    assert choose(twins[::2], "till", DEVICE).variant == "a"


@pytest.mark.parametrize("edge", [{"file_bytes": 32 * KB}, {"ram_bytes": 64 * KB}, {"latency_us": 200.0}], ids=str)
def test_exactly_fitting_fits(edge: dict[str, Any]) -> None:
    assert choose([replace(SMALL, **edge)], "till", DEVICE).variant == "lstm-16-int8"


@pytest.mark.parametrize(
    ("misfit", "reason"),
    [
        ({"file_bytes": 32 * KB + 1}, "needs 32.0 KB of flash, the device has 32"),
        ({"ram_bytes": 80 * KB}, "needs 80.0 KB of RAM, the device has 64"),
        ({"latency_us": 201.0}, "takes 201 us, the device allows 200"),
        ({"latency_us": math.nan}, "takes nan us, the device allows 200"),
    ],
    ids=["flash", "ram", "latency", "latency unknown"],
)
def test_nothing_fits(misfit: dict[str, Any], reason: str) -> None:
    choice = choose([LARGE, replace(SMALL, **misfit)], "till", DEVICE)
    assert choice.variant is None
    assert choice.reason == f"no variant fits a till device; the smallest, lstm-16-int8, {reason}"


@pytest.mark.parametrize("candidates", [[], [replace(SMALL, passed=False)]], ids=["none", "none passed"])
def test_nothing_passed(candidates: list[Candidate]) -> None:
    choice = choose(candidates, "till", DEVICE)
    assert (choice.variant, choice.reason) == (None, "no variant passed the gate")


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
