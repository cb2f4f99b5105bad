"""What fits a device class, to the byte, and why the rest does not."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tasks.forecasting.rollout.devices import DeviceClass, Misfit, VariantFacts, misfit

KB = 1024
DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200, link_kbps=100, update_s=2)
SMALL = VariantFacts("lstm-16-int8", True, 5 * KB, 4_000, 8 * KB, 90.0, 13.40)


@pytest.mark.parametrize(
    "edge",
    [{"file_bytes": 32 * KB}, {"ram_bytes": 64 * KB}, {"latency_us": 200.0}, {"transfer_bytes": 25_000}],
    ids=str,
)
def test_exactly_fitting_fits(edge: dict[str, Any]) -> None:
    assert misfit(replace(SMALL, **edge), DEVICE) is None


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"file_bytes": 32 * KB + 1}, Misfit("flash", 32 + 1 / KB, 32)),
        ({"ram_bytes": 80 * KB}, Misfit("RAM", 80, 64)),
        ({"latency_us": 201.0}, Misfit("latency", 201, 200)),
        ({"transfer_bytes": 26_000}, Misfit("link", 2.08, 2, link_kbps=100)),
    ],
    ids=["flash", "ram", "latency", "link"],
)
def test_what_does_not_fit(change: dict[str, Any], found: Misfit) -> None:
    assert misfit(replace(SMALL, **change), DEVICE) == found


@pytest.mark.parametrize("latency", [None, math.nan])
def test_without_a_figure_for_its_latency_a_variant_fits_nothing(latency: float | None) -> None:
    found = misfit(replace(SMALL, latency_us=latency), DEVICE)
    assert found and found.resource == "no latency" and math.isnan(found.needed)


def test_without_a_link_an_update_takes_no_time() -> None:
    assert misfit(replace(SMALL, transfer_bytes=10**9), DEVICE.model_copy(update={"link_kbps": None})) is None


@pytest.mark.parametrize(("value", "mape"), [(13.404, 13.4), (None, None), (math.nan, None), (math.inf, None)])
def test_mape_counts_to_two_decimals_and_only_if_it_is_known(value: float | None, mape: float | None) -> None:
    assert replace(SMALL, validation_mape=value).mape == mape
