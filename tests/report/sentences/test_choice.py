"""Why a device class gets a variant, and what the others would cost."""

from dataclasses import replace

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass, Misfit, VariantFacts
from tasks.forecasting.rollout.selection import rank
from tasks.report.sentences.choice import Choice, choice, choice_record, misfit, money

KB = 1024
DEVICE = DeviceClass(flash_kb=32, ram_kb=64, latency_us=200, link_kbps=100, update_s=2)
WIDE = DeviceClass(flash_kb=1e6, ram_kb=1e6, latency_us=1e6)
COSTS = CostModel(per_mb_sent=10, per_mape_pp=5, per_retrain=30, retrains_per_year=4)

LARGE = VariantFacts("lstm-64", True, 68 * KB, 60_000, 72 * KB, 90.0, 13.30)
MEDIUM = VariantFacts("lstm-32", True, 19 * KB, 20_000, 22 * KB, 40.0, 13.32)
SMALL = VariantFacts("lstm-16-int8", True, 5 * KB, 4_000, 8 * KB, 90.0, 13.40)
ALL = [LARGE, MEDIUM, SMALL]


def reason(*variants: VariantFacts, device: DeviceClass = DEVICE, costs: CostModel = COSTS) -> str:
    return choice(rank(variants, device, costs, 3), "till", costs.currency).reason


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Misfit("flash", 67.6, 4), "needs 67.6 KB of flash, the device has 4"),
        (Misfit("RAM", 80, 64), "needs 80.0 KB of RAM, the device has 64"),
        (Misfit("latency", 201.2, 200), "takes 201 us, the device allows 200"),
        (Misfit("no latency", float("nan"), 200), "has no figure for its latency, as its measurement broke a rule"),
        (Misfit("link", 2.08, 2, 100), "takes 2.1 s over 100 kbit/s, the device allows 2"),
        (None, None),
    ],
)
def test_a_misfit_begins_with_a_verb(found: Misfit | None, said: str | None) -> None:
    assert misfit(found) == said


@pytest.mark.parametrize(
    ("amount", "said"), [(0, "0.00"), (0.004, "less than 0.01"), (0.005, "0.01"), (1234.5, "1,234.50")]
)
def test_a_little_money_is_not_none(amount: float, said: str) -> None:
    assert money(amount) == said


@pytest.mark.parametrize("variants", [[], [replace(SMALL, passed=False)]], ids=["none", "none passed"])
def test_nothing_passed(variants: list[VariantFacts]) -> None:
    assert choice(rank(variants, DEVICE, COSTS, 3), "till", "EUR") == Choice(None, "no variant passed the gate")


def test_nothing_fits() -> None:
    found = choice(rank([LARGE, replace(SMALL, file_bytes=33 * KB)], DEVICE, COSTS, 3), "till", "EUR")
    assert found == Choice(
        None,
        "no variant fits a till device; the smallest, lstm-16-int8, needs 33.0 KB of flash, the device has 32",
    )


def test_the_sentence_weighs_the_next_the_smallest_and_the_most_accurate() -> None:
    tiny = replace(SMALL, name="lstm-4", file_bytes=2 * KB, transfer_bytes=1_000, validation_mape=14.0)
    next_ = replace(SMALL, name="lstm-16", file_bytes=6 * KB, transfer_bytes=4_050)
    assert reason(*ALL, tiny, next_, device=WIDE) == (
        "lstm-16-int8: the cheapest of 5 variants that passed and fit a till device, 0.66 EUR per store and year "
        "(retraining costs 40.00 with any variant); the next, lstm-16, is as accurate and costs less than 0.01 more to "
        "send; the most accurate, lstm-64, saves 0.10 pp of MAPE, worth 0.50, and costs 2.24 more to send; the "
        "smallest, lstm-4, loses 0.60 pp of MAPE, worth 3.00, and saves 0.12 to send"
    )


def test_the_sentence_names_each_variant_once() -> None:
    assert reason(MEDIUM, SMALL).endswith(
        "; it is also the smallest; the next and most accurate, lstm-32, saves 0.08 pp of MAPE, worth 0.40, and costs "
        "0.64 more to send"
    )
    assert reason(SMALL, costs=CostModel(currency="CHF")) == (
        "lstm-16-int8: the cheapest of 1 variant that passed and fit a till device, 0.21 CHF per store and year "
        "(retraining costs 86.67 with any variant); it is also the smallest and most accurate"
    )


def test_the_sentence_says_why_the_most_accurate_is_out_of_reach() -> None:
    assert reason(*ALL).endswith(
        "the most accurate, lstm-64, does not fit: it needs 68.0 KB of flash, the device has 32"
    )


def test_an_equal_cost_to_send_is_said() -> None:
    twin = replace(SMALL, name="twin", validation_mape=13.45)
    assert reason(SMALL, twin).endswith("the next, twin, loses 0.05 pp of MAPE, worth 0.25, and costs as much to send")


def test_an_unknown_mape_is_said() -> None:
    unknown = replace(SMALL, name="unknown", transfer_bytes=1, validation_mape=None)
    assert "the next and smallest, unknown, has no known MAPE on validation days, and so comes last" in reason(
        unknown, SMALL
    )
    assert reason(LARGE, unknown, replace(unknown, name="larger", file_bytes=6 * KB)) == (
        "unknown: the smallest of 2 variants that passed and fit a till device; "
        "chosen by size alone, as no variant that fits has a known MAPE on validation days"
    )


def test_a_record_has_each_row_with_its_misfit_in_words() -> None:
    ranking = rank([*ALL, replace(MEDIUM, name="refused", passed=False)], DEVICE, COSTS, 3)
    written = choice_record(ranking, "till", DEVICE, "EUR")
    assert (written.device, written.flash_kb, written.variant) == ("till", 32, "lstm-16-int8")
    assert written.reason == choice(ranking, "till", "EUR").reason
    first, cost = written.ranking[0], ranking.rows[0].cost
    assert first.cost and cost and first.cost.model_dump() == vars(cost)
    assert (first.front, first.dominated_by, first.validation_mape) == (True, None, 13.4)
    assert {row.name: row.misfit for row in written.ranking} == {
        "lstm-16-int8": None,
        "lstm-32": None,
        "lstm-64": "needs 68.0 KB of flash, the device has 32",
        "refused": "did not pass the gate",
    }
