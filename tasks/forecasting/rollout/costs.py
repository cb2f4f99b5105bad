"""What a store pays in a year: for files sent to it, for its forecasts' errors, and for its share of the retrains."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

DIGITS = 2
"""Decimals of MAPE, in percent, that count, as in tables: less than 0.01 pp is the luck of a run, and costs nothing.

The standard deviation over runs is not used for that: it is measured on the holdout, which chooses nothing, and a
single run has none.
"""


@dataclass(frozen=True)
class Cost:
    """What a variant costs one store in a year.

    Attributes:
        sending: Cost of sending its files, one a retrain.
        errors: Cost of its MAPE above the lowest that passed.
        retraining: The store's share of the retrains, which is the same for all variants of a release.
        total: Sum of all three.
    """

    sending: float
    errors: float
    retraining: float
    total: float


class CostModel(BaseModel):
    """Prices of what a variant costs a store, all in one currency; a retrain sends every store a new file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    currency: str = Field("EUR", min_length=1, description="currency of all costs, for reports; nothing is converted")
    per_mb_sent: float = Field(
        1.0,
        ge=0,
        le=1e9,
        description="cost of sending 1 MB (10^6 bytes) to one store; 1 is a high price, that of mobile data",
    )
    per_mape_pp: float = Field(
        100.0,
        ge=0,
        le=1e9,
        description="cost of one percentage point of MAPE, per store and year, in stock-outs and waste; 100 is 1 % of "
        "100,000 units a year at 0.10 each",
    )
    per_retrain: float = Field(
        5.0,
        ge=0,
        le=1e9,
        description="cost of one retrain, shared by all stores; 5 covers a machine's hour and a person's review",
    )
    retrains_per_year: float = Field(52.0, ge=0, le=1000, description="number of retrains in a year; 52 is weekly")

    def of_a_year(self, mape_pp: float, sent_bytes: float, retrains: float, stores: int, times_a_year: float) -> Cost:
        """What a store pays in a year in which the same happens a number of times.

        Args:
            mape_pp: MAPE above the lowest of those compared, in percentage points.
            sent_bytes: Bytes sent to a store, each time.
            retrains: Number of retrains, each time.
            stores: Number of stores that share the cost of a retrain.
            times_a_year: How many times it happens in a year.
        """
        sending = self.per_mb_sent * sent_bytes / 1e6 * times_a_year
        errors = self.per_mape_pp * round(mape_pp, DIGITS)
        retraining = self.per_retrain * retrains * times_a_year / stores
        return Cost(sending, errors, retraining, sending + errors + retraining)
