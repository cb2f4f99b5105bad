"""The data contract as a Great Expectations suite, which is run on the profile of each batch.

Rows are checked one by one in `row_rules`; the suite judges what they amount to. A critical expectation that is not met
refuses the batch, or only the stores that do not meet it; a warning raises an alert; an info is recorded.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tasks.ingest.contract.expectations import Contract, Expectation, Severity, expectations
from tasks.ingest.contract.profile import LISTS, BatchProfile


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations found for one expectation.

    Attributes:
        expectation: The expectation.
        severity: What a breach has as a consequence, by the settings.
        met: Whether the expectation is met.
        value: The value furthest from what is expected; NaN if there is nothing to compare with.
        stores: The stores that do not meet it, if it is about stores.
    """

    expectation: Expectation
    severity: Severity
    met: bool
    value: float
    stores: tuple[str, ...]


def check(profile: BatchProfile, contract: Contract) -> tuple[Outcome, ...]:
    """Run the contract's suite on a batch's profile; the outcome of each expectation, in their order."""
    frame, asked = _frame(profile), expectations(contract)
    severities = {each.name: contract.severity.get(each.name, each.severity) for each in asked}
    results = _results(frame, asked, severities)
    return tuple(_outcome(each, severities[each.name], results[each.name], frame) for each in asked)


def _frame(profile: BatchProfile) -> pd.DataFrame:
    """One row for each store, with the batch's statistics in every row; a batch that names no store has one row."""
    frame = profile.stores if len(profile.stores) else profile.stores.reindex([0])
    batch = profile.batch | {name: len(getattr(profile, name)) for name in LISTS}
    return frame.assign(**{f"batch_{name}": value for name, value in batch.items()}).reset_index(drop=True)


def _results(frame: pd.DataFrame, asked: tuple[Expectation, ...], severities: dict[str, Severity]) -> dict[str, Any]:
    """Great Expectations' result for each expectation, by name."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("shelfcast").add_dataframe_asset("profile")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    form = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["store"],
        "return_unexpected_index_query": False,
    }
    suite = gx.ExpectationSuite("sales", expectations=[_of_gx(each, severities[each.name]) for each in asked])
    result = batch.validate(suite, result_format=form)
    return {each.expectation_config.meta["name"]: each for each in result.results}


def _of_gx(expectation: Expectation, severity: Severity) -> Any:
    from great_expectations.expectations import ExpectColumnMaxToBeBetween, ExpectColumnValuesToBeBetween

    # a batch without a last year has NaN for a ratio, which meets expectations of values, but none of the maximum
    of_values = expectation.of_stores or expectation.column.endswith("_ratio")
    kind = ExpectColumnValuesToBeBetween if of_values else ExpectColumnMaxToBeBetween
    return kind(
        column=expectation.column,
        min_value=expectation.low,
        max_value=expectation.high,
        severity=severity,
        meta={"name": expectation.name},
    )


def _outcome(expectation: Expectation, severity: Severity, result: Any, frame: pd.DataFrame) -> Outcome:
    if not result.result:
        raised = result.exception_info.get("exception_message") or result.exception_info
        raise RuntimeError(f"the expectation {expectation.name} could not be evaluated: {raised}")
    unexpected = result.result.get("unexpected_index_list") or () if expectation.of_stores else ()
    stores = tuple(row["store"] for row in unexpected)
    values = frame.loc[frame["store"].isin(stores), expectation.column] if stores else frame[expectation.column]
    return Outcome(expectation, severity, bool(result.success), _furthest(values.dropna(), expectation), stores)


def _furthest(values: pd.Series, expectation: Expectation) -> float:
    """The largest value, or of ratios the one furthest from 1."""
    if not len(values):
        return np.nan
    return float(values.max() if expectation.low is None else values.iloc[(values - 1).abs().argmax()])
