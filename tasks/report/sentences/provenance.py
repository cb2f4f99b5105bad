"""Where a release comes from and what its figures rest on, in sentences: days, windows, seasons, devices, prices."""

from collections.abc import Mapping

from tasks.forecasting.accuracy.policy import OPEN
from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.rollout.costs import CostModel
from tasks.report.text import number, plural
from tasks.state.manifest import GlobalMinMaxRecord, PolicyRecord, ScalingRecord
from tasks.state.record import Number
from tasks.state.variant_record import ChoiceRecord

COUNTED = {
    "zero_days": {
        "leave out": "MAPE counts days with sales above zero.",
        "as one unit": "MAPE counts days without a sale too: the error is divided by one unit.",
    },
    "returns": {
        "leave out": "Days with more returns than sales are left out of every error.",
        "as no sales": "Days with more returns than sales count as days without a sale.",
    },
    "closed_days": {
        "leave out": f"A day without any sale in a store that sells {OPEN:g} units a day or more is taken for closed, "
        "and left out of every error.",
        "count": "Days on which a whole store sold nothing count like any other.",
    },
}
"""What a MAPE policy says of days, by its fields."""


def policy(policy: PolicyRecord) -> list[str]:
    """Which days count, in sentences."""
    said = [words[getattr(policy, field)] for field, words in COUNTED.items()]
    if policy.min_volume:
        said.append(f"Series that sold less than {policy.min_volume:g} units a day are left out of MAPE.")
    return [*said, f"MAPE is undefined where it covers less than {policy.min_coverage:g} % of the days."]


def seasons(scaling: ScalingRecord) -> str:
    """What of the calendar a scaling knows, as a sentence."""
    if isinstance(scaling, GlobalMinMaxRecord):
        return "Seasons are not modelled apart from the window."
    known = {
        "weekdays": set(scaling.weekday) != {1.0},
        "months": set(scaling.month) != {1.0},
        "the time of year": bool(scaling.annual),
        plural(len(scaling.days), "holiday or event day"): bool(scaling.days),
    }
    parts = [name for name, used in known.items() if used]
    groups = f", separately for {plural(len(scaling.groups), 'group')} of items" if scaling.groups else ""
    return f"The scaling knows {', '.join(parts)}{groups}." if parts else "No season was found that pays."


def stores(by_store: Mapping[str, Number]) -> str:
    """Where a forecast does best and worst, in words; empty for fewer than two stores."""
    known = sorted((mape, store) for store, mape in by_store.items() if mape is not None)
    if len(known) < 2:
        return ""
    (low, best), (high, worst) = known[0], known[-1]
    return f"MAPE by store from {number(low)} % (store {best}) to {number(high)} % (store {worst})."


def window(history: History) -> str:
    """The training window in words, without its excluded periods."""
    length = "all days" if history.days is None else f"the last {history.days:,} days"
    recent = f" before the {history.held_back_days:,} most recent" if history.held_back_days else ""
    return f"{length}{recent}, series of at least {history.min_days:,} days."


def period(period: ExcludedPeriod) -> str:
    """An excluded period in words."""
    stores = "all stores" if period.stores is None else f"stores {', '.join(period.stores)}"
    return f"{period.first} to {period.last}, {stores}: {period.reason}"


def device(choice: ChoiceRecord) -> str:
    """What a device class can carry, in words."""
    link = f", an update within {choice.update_s:g} s at {choice.link_kbps:g} kbit/s" if choice.link_kbps else ""
    memory = f"{choice.flash_kb:g} KB of flash, {choice.ram_kb:g} KB of RAM"
    return f"{memory}, a forecast within {number(choice.latency_us / 1000, 1)} ms{link}"


EXAMPLE = "These are example prices: name your own in the settings, under [costs]."


def prices(costs: CostModel) -> str:
    """What the costs go by, and that it is an example where the settings name no price of their own."""
    amounts = (number(each) for each in (costs.per_mb_sent, costs.per_mape_pp, costs.per_retrain))
    mb, point, retrain = (f"{amount} {costs.currency}" for amount in amounts)
    said = f"Sending 1 MB costs {mb}, a percentage point of MAPE {point} per store and year, a retrain {retrain}."
    return f"{EXAMPLE} {said}" if example(costs) else said


def example(costs: CostModel) -> bool:
    """Whether the settings name no price of their own."""
    return costs == CostModel(currency=costs.currency)
