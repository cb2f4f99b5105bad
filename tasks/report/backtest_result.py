"""What a backtest found, as frozen records: the input of its report, and the JSON of `shelfcast backtest`."""

from datetime import date
from typing import Literal

from pydantic import Field

from tasks.state.record import Document, Number, Record
from tasks.state.variant_record import CostRecord, Errors


class DecisionRecord(Record):
    """What became of the model of one day."""

    day: date
    outcome: Literal["pass", "fail", "abstain", "no gate"]
    promoted: bool
    reasons: tuple[str, ...] = Field(description="a sentence for each check that did not pass")
    counterfactuals: tuple[str, ...] = Field(description="what would have passed, in words")


class CadenceRecord(Errors):
    """A cadence under one limit; its errors are those of what stores would have run."""

    name: str
    retrains: int = Field(description="retrains after the first model")
    days: int = Field(description="number of days and series measured")
    promotions: int
    refusals: int
    days_without_a_model: int
    cost: Number = Field(description="cost of a year and store")
    costs: CostRecord | None = Field(description="what that cost is made of; null where it is not known")
    decisions: tuple[DecisionRecord, ...]


class MapeOverTime(Record):
    """MAPE in percent, over time."""

    mape_by_month: dict[str, Number] = Field(description="MAPE of each month, YYYY-MM")
    mape_by_4_weeks: dict[str, Number] = Field(description="MAPE of four weeks, by their first day")


class OwnCadence(CadenceRecord, MapeOverTime):
    """A cadence under the settings' gate."""


class LimitRecord(Record):
    """All cadences under one limit."""

    name: str
    changes: dict[str, float] = Field(description="settings of the gate that differ from ours")
    cadences: tuple[CadenceRecord, ...] = Field(description="the cheapest under the settings' gate first")


class DifferenceRecord(Record):
    """MAPE of the cheapest cadence above that of another, on the same days, in percentage points."""

    cadence: str = Field(description="the cheapest")
    against: str
    value: Number
    low: Number = Field(description="lower bound of the value")
    high: Number = Field(description="upper bound of the value")
    more_than_noise: bool = Field(description="whether both bounds are on one side of zero")


class WithoutNetwork(Errors, MapeOverTime):
    """The forecast without a network, on all days."""

    name: str
    days: int = Field(description="number of days and series measured")


class ReplayRecord(Record):
    """What each cadence would have done under each limit of the gate."""

    best: str = Field(description="the cheapest cadence under the settings' gate")
    sentence: str = Field(description="which cadence pays, in words")
    currency: str
    stores: int
    cadences: tuple[OwnCadence, ...] = Field(description="under the settings' gate, the cheapest first")
    limits: tuple[LimitRecord, ...] = Field(description="the loosest first")
    differences: tuple[DifferenceRecord, ...]
    without_network: WithoutNetwork
    policy: str = Field(description="hash of the MAPE policy")


class BacktestResult(Document, ReplayRecord):
    """The JSON of `shelfcast backtest`."""

    variant: str
    profile: str
    recipe: str
    first_day: date
    last_day: date
    days: int = Field(description="number of days replayed")
    report: str = Field(description="path of the HTML report")
    trained: int = Field(description="number of models trained for it, the others were there")
    seconds: float
