"""The data contract: one Great Expectations suite, held against the profile of each batch.

Rows are judged one by one in `sift`; the suite judges what they amount to. A critical expectation that is not met
refuses the batch, or the stores that do not meet it; a warning raises an alert; an info is recorded.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.ingest.contract.profile import Profile
from tasks.ingest.contract.row_rules import Rules

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

SHOWN = 5
"""Stores or series that a sentence names; the rest are counted."""

Range = tuple[float, float]


class Contract(BaseModel):
    """What a batch of sales must keep to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_day: date = Field(date(2000, 1, 1), ge=date(1970, 1, 1), description="rows before this day go to quarantine")
    max_sales: int = Field(1_000_000, ge=1, description="units a day; rows of more go to quarantine")
    refuse_bad_share: float = Field(0.5, ge=0, le=1, description="share of bad rows above which the batch is refused")
    refuse_store_bad_share: float = Field(
        0.5, ge=0, le=1, description="share of a store's bad rows above which it is refused alone, the others go on"
    )
    warn_bad_share: float = Field(0.01, ge=0, le=1, description="share of bad rows above which there is a warning")
    refuse_ratio: Range = Field(
        (0.1, 10.0), description="rows, and mean sales, against last year's same weeks, outside which it is refused"
    )
    warn_ratio: Range = Field((0.5, 2.0), description="the same of each store: outside there is a warning")
    severity: dict[str, Severity] = Field({}, description="expectation -> its severity, instead of its own")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for low, high in (self.refuse_ratio, self.warn_ratio):
            if not 0 <= low < 1 < high:
                raise ValueError(f"a ratio to last year goes from below 1 to above 1. Received: {low} to {high}")
        if unknown := sorted(set(self.severity) - set(_NAMES)):
            raise ValueError(f"no expectation {unknown[0]!r}; there are {', '.join(_NAMES)}")
        return self

    def rules(self, today: date) -> Rules:
        """What a row must keep to on a day."""
        return Rules(self.first_day, today, self.max_sales)


@dataclass(frozen=True)
class Breach:
    """An expectation that a batch does not meet.

    Attributes:
        severity: What follows from it.
        message: A sentence: what, how much, where.
        name: The expectation's.
        stores: The stores that do not meet it, where it is of stores.
        alone: Whether it refuses these stores alone, not the batch.
    """

    severity: Severity
    message: str
    name: str = "readable"
    stores: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class _Term:
    """One expectation of the contract: values of a column of `table` are within a range.

    Attributes:
        name: In settings, JSON and Data Docs.
        severity: Its own one.
        says: What a breach says, `{value}` being the first value out of range.
        column: Of the profile's stores; where it begins with `batch_`, of the batch.
        low, high: The range.
        alone: Whether a critical breach refuses the stores alone.
    """

    name: str
    severity: Severity
    says: str
    column: str
    low: float | None
    high: float | None
    alone: bool = False


def _terms(contract: Contract) -> list[_Term]:
    refuse, year = contract.refuse_bad_share, " are {value:.2f} times last year's same weeks"
    of_rows = " ({count:,} of {rows:,} rows)"
    lost = "days without any row on which they are open: {stores}, up to {value:.0f}"
    faults = {
        "dates": ("no_date", "too many rows have no valid date"),
        "stores": ("no_store", "too many rows name no store"),
        "items": ("no_item", "too many rows name no item"),
        "sales": ("no_sales", "too many rows have no valid sales"),
        "range": ("range", "too many rows are out of range"),
        "future": ("future", "too many rows are of days to come"),
        "shape": ("misshapen", "too many lines have the wrong number of columns"),
        "keys": ("conflict", "too many keys come with two values"),
    }
    return [
        _Term("rows", "critical", "there are no rows", "batch_rows", 1, None),
        *(
            _Term(name, "critical", says + of_rows, f"batch_{column}_share", None, refuse)
            for name, (column, says) in faults.items()
        ),
        _Term("bad_rows", "critical", "too many rows are bad" + of_rows, "batch_bad_share", None, refuse),
        _Term(
            "bad_rows_more_than_usual", "warning", "more rows than usual are bad" + of_rows,
            "batch_bad_share", None, contract.warn_bad_share,
        ),
        _Term(
            "bad_rows_of_a_store", "critical", "too many rows of {stores} are bad ({value:.1%})",
            "bad_share", None, contract.refuse_store_bad_share, alone=True,
        ),
        _Term("volume", "critical", "rows" + year, "batch_rows_ratio", *contract.refuse_ratio),
        _Term("mean", "critical", "mean sales" + year, "batch_mean_ratio", *contract.refuse_ratio),
        _Term("volume_of_a_store", "warning", "rows of {stores}" + year, "rows_ratio", *contract.warn_ratio),
        _Term("mean_of_a_store", "warning", "mean sales of {stores}" + year, "mean_ratio", *contract.warn_ratio),
        _Term("every_day", "warning", "series without rows: {gaps}", "gap_days", None, 0),
        _Term("lost_days", "warning", lost, "lost_days", None, 0),
        _Term("new_stores", "warning", "new: {new_stores}", "batch_new_stores", None, 0),
        _Term("vanished_stores", "warning", "no longer there: {vanished_stores}", "batch_vanished_stores", None, 0),
        _Term("new_items", "info", "new: {new_items}", "batch_new_items", None, 0),
        _Term("vanished_items", "info", "no longer there: {vanished_items}", "batch_vanished_items", None, 0),
    ]  # fmt: skip


@dataclass(frozen=True)
class Findings:
    """What the suite says of a batch.

    Attributes:
        breaches: Expectations that are not met, the critical ones first.
        docs: The page of the Data Docs that shows them all.
    """

    breaches: tuple[Breach, ...] = ()
    docs: Path | None = None

    @property
    def refusal(self) -> str | None:
        """What refuses the batch as a whole, in a sentence; nothing if nothing does."""
        return "; ".join(each.message for each in self.of("critical") if not each.alone) or None

    @property
    def refused_stores(self) -> tuple[str, ...]:
        """Stores that are refused alone."""
        return tuple(store for each in self.of("critical") if each.alone for store in each.stores)

    @property
    def warnings(self) -> list[str]:
        """What people should know of a batch that goes on: stores refused alone, and warnings."""
        return [each.message for each in self.breaches if each.alone or each.severity == "warning"]

    def of(self, severity: Severity) -> list[Breach]:
        """The breaches of a severity."""
        return [each for each in self.breaches if each.severity == severity]


def check(profile: Profile, contract: Contract) -> tuple[tuple[Breach, ...], Any]:
    """Hold a batch's profile against the contract.

    Returns:
        Expectations that are not met, the critical ones first; and Great Expectations' own result.
    """
    import great_expectations as gx
    from great_expectations import expectations as expect
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("shelfcast").add_dataframe_asset("profile")
    terms, frame = {term.name: term for term in _terms(contract)}, _frame(profile)
    suite = gx.ExpectationSuite(
        name="sales",
        expectations=[
            _expectation(expect, term, contract.severity.get(term.name, term.severity)) for term in terms.values()
        ],
    )
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    result = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["store"],
            "return_unexpected_index_query": False,
        },
    )
    unmet = [
        _breach(each, terms[each.expectation_config.meta["name"]], frame, profile)
        for each in result.results
        if not each.success
    ]
    order = list(terms)
    unmet.sort(key=lambda breach: (SEVERITIES.index(breach.severity), order.index(breach.name)))
    return tuple(unmet), result


def _frame(profile: Profile) -> pd.DataFrame:
    """One row a store, the batch's own values in each; a batch that names no store has one row for itself."""
    frame = profile.stores if len(profile.stores) else profile.stores.reindex([0])
    batch = profile.batch | {
        name: len(getattr(profile, name)) for name in ("new_stores", "vanished_stores", "new_items", "vanished_items")
    }
    return frame.assign(**{f"batch_{name}": value for name, value in batch.items()}).reset_index(drop=True)


def _expectation(expect: Any, term: _Term, severity: Severity) -> Any:
    kind = (
        expect.ExpectColumnMaxToBeBetween if term.column.startswith("batch_") else expect.ExpectColumnValuesToBeBetween
    )
    if term.column.endswith("_ratio"):
        kind = expect.ExpectColumnValuesToBeBetween  # of a batch without a last year it is NaN, which is no breach
    return kind(
        column=term.column,
        min_value=term.low,
        max_value=term.high,
        severity=severity,
        meta={"name": term.name, "says": _meaning(term)},
    )


def _meaning(term: _Term) -> str:
    ends = " and ".join(
        f"{word} {value:g}" for word, value in (("at least", term.low), ("at most", term.high)) if value is not None
    )
    return f"{term.name.replace('_', ' ')}: {ends}"


def _breach(result: Any, term: _Term, frame: pd.DataFrame, profile: Profile) -> Breach:
    raised = result.exception_info.get("exception_message") if "raised_exception" in result.exception_info else None
    if not result.result:
        raise RuntimeError(f"the expectation {term.name} could not be evaluated: {raised or result.exception_info}")
    severity: Severity = str(getattr(result.expectation_config.severity, "value", result.expectation_config.severity))  # type: ignore[assignment]
    of_stores = not term.column.startswith("batch_")
    stores = tuple(row["store"] for row in result.result.get("unexpected_index_list") or ()) if of_stores else ()
    values = frame.loc[frame["store"].isin(stores), term.column] if stores else frame[term.column]
    furthest = values.iloc[(values - 1).abs().argmax()] if term.low is not None else values.max()
    message = term.says.format(
        value=furthest,
        count=round(furthest * profile.batch["rows"]) if term.column.endswith("_share") else 0,
        rows=int(profile.batch["rows"]),
        stores=_listed([f"store {store}" for store in stores]),
        gaps=_gaps(profile.gaps),
        new_stores=_listed([f"store {name}" for name in profile.new_stores]),
        vanished_stores=_listed([f"store {name}" for name in profile.vanished_stores]),
        new_items=_listed([f"item {name}" for name in profile.new_items]),
        vanished_items=_listed([f"item {name}" for name in profile.vanished_items]),
    )
    return Breach(severity, message, term.name, stores, term.alone)


def _gaps(gaps: pd.DataFrame) -> str:
    return _listed([_gap(row) for row in gaps.head(SHOWN).itertuples()], len(gaps))


def _gap(row: Any) -> str:
    when = f"1 day ({row.first})" if row.days == 1 else f"{row.days} days ({row.first} to {row.last})"
    return f"store {row.store} item {row.item}: {when}"


def _listed(names: Sequence[str], total: int | None = None) -> str:
    total = len(names) if total is None else total
    shown = ", ".join(names[:SHOWN])
    return shown if total <= SHOWN else f"{shown} and {total - SHOWN:,} more"


_NAMES = tuple(term.name for term in _terms(Contract.model_construct()))
