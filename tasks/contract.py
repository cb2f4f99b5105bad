"""The data contract: a Great Expectations suite, run on each batch as it arrived."""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet
from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["critical", "warning", "info"]


class Contract(BaseModel):
    """What a batch of sales must keep to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_day: date = Field(date(2000, 1, 1), description="rows before this day go to quarantine")
    max_sales: int = Field(1_000_000, ge=1, description="units a day; rows of more go to quarantine")
    refuse_bad_share: float = Field(0.5, ge=0, le=1, description="share of bad rows above which the batch is refused")
    warn_bad_share: float = Field(0.01, ge=0, le=1, description="share of bad rows above which there is a warning")


@dataclass(frozen=True)
class Breach:
    """An expectation that a batch does not meet."""

    severity: Severity
    message: str


def check(batch: Path, contract: Contract) -> list[Breach]:
    """The expectations that a batch does not meet: the critical ones, or else the others.

    Args:
        batch: Parquet of every row as read: date, store, item, sales and `reason`, null where the row is good.
        contract: The limits.
    """
    import great_expectations as gx
    from great_expectations import expectations as expect

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    frame = pyarrow.parquet.read_table(batch).to_pandas()
    definition = (
        context.data_sources.add_pandas("landing")
        .add_dataframe_asset("batch")
        .add_batch_definition_whole_dataframe("all")
    )
    suite = context.suites.add(gx.ExpectationSuite(name="sales"))
    for expectation in _expectations(expect, contract):
        suite.add_expectation(expectation)
    result = definition.get_batch({"dataframe": frame}).validate(suite, result_format="BASIC")
    breaches = [_breach(each, len(frame)) for each in result.results if not each.success]
    critical = [breach for breach in breaches if breach.severity == "critical"]
    return critical or breaches


def _expectations(expect: Any, contract: Contract) -> list[Any]:
    accepted, clean = 1 - contract.refuse_bad_share, 1 - contract.warn_bad_share
    present = [
        expect.ExpectColumnValuesToNotBeNull(
            column=name, mostly=accepted, severity="critical", meta={"says": f"too many rows have no valid {name}"}
        )
        for name in ("date", "store", "item", "sales")
    ]
    return [
        expect.ExpectTableColumnsToMatchSet(
            column_set=["date", "store", "item", "sales", "reason"],
            severity="critical",
            meta={"says": "the columns are not those of sales"},
        ),
        expect.ExpectTableRowCountToBeBetween(min_value=1, severity="critical", meta={"says": "there are no rows"}),
        *present,
        expect.ExpectColumnValuesToBeBetween(
            column="sales",
            min_value=0,
            max_value=contract.max_sales,
            mostly=accepted,
            severity="critical",
            meta={"says": "too many sales are out of range"},
        ),
        expect.ExpectColumnValuesToBeNull(
            column="reason", mostly=accepted, severity="critical", meta={"says": "too many rows are bad"}
        ),
        expect.ExpectColumnValuesToBeNull(
            column="reason", mostly=clean, severity="warning", meta={"says": "more rows than usual are bad"}
        ),
    ]


def _breach(result: Any, rows: int) -> Breach:
    config = result.expectation_config
    found = result.result.get("unexpected_count")
    detail = f" ({found:,} of {rows:,} rows)" if found is not None else ""
    return Breach(str(getattr(config.severity, "value", config.severity)), config.meta["says"] + detail)  # type: ignore[arg-type]


def worst(breaches: list[Breach]) -> str | None:
    """What refuses a batch, in one sentence; nothing if nothing does."""
    return "; ".join(breach.message for breach in breaches if breach.severity == "critical") or None
