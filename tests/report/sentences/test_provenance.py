"""What a release rests on, in sentences; the policy, the window and the seasons as pages show them are tested there."""

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.report.sentences.provenance import device, example, prices, stores, window
from tests.support.manifests import HISTORY, changed, manifest


def test_prices_say_that_they_are_an_example_until_the_settings_name_one() -> None:
    said = "Sending 1 MB costs 1.00 EUR, a percentage point of MAPE 80.00 EUR per store and year, a retrain 5.00 EUR."
    assert prices(CostModel(per_mape_pp=80)) == said
    assert prices(CostModel()).startswith("These are example prices: name your own in the settings, under [costs]. ")


@pytest.mark.parametrize(
    ("costs", "found"), [(CostModel(), True), (CostModel(currency="CHF"), True), (CostModel(per_mb_sent=0), False)]
)
def test_another_currency_alone_is_no_price(costs: CostModel, found: bool) -> None:
    assert example(costs) is found


def test_a_device_without_a_link_has_no_update_to_wait_for() -> None:
    label, till = manifest().choices
    assert device(label).endswith("a forecast within 5.0 ms, an update within 2 s at 20 kbit/s")
    assert device(changed(till, latency_us=500)) == "128 KB of flash, 512 KB of RAM, a forecast within 0.5 ms"


def test_one_store_has_no_best_and_worst() -> None:
    assert stores({"1": 3.0, "2": None}) == ""
    assert stores({"1": 3.0, "2": 2.0}) == "MAPE by store from 2.00 % (store 2) to 3.00 % (store 1)."


def test_a_window_of_all_days() -> None:
    assert window(HISTORY.model_copy(update={"days": None, "held_back_days": 0})).startswith("all days, series")
