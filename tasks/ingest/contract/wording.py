"""The data contract in words: what each expectation asks for, what was found, and what follows from it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.ingest.contract.expectations import SEVERITIES, Expectation
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.contract.profile import BatchProfile
from tasks.ingest.contract.suite import Outcome
from tasks.report.text import listed, plural

SHOWN = 5
"""Number of series that a sentence names; the rest are counted."""

_OF_ROWS = " ({count:,} of {rows:,} rows)"
_OF_LAST_YEAR = " are {value:.2f} times last year's same weeks"

BREACHES = {
    "rows": "there are no rows",
    "dates": "too many rows have no valid date" + _OF_ROWS,
    "stores": "too many rows name no store" + _OF_ROWS,
    "items": "too many rows name no item" + _OF_ROWS,
    "sales": "too many rows have no valid sales" + _OF_ROWS,
    "range": "too many rows are out of range" + _OF_ROWS,
    "future": "too many rows are dated in the future" + _OF_ROWS,
    "shape": "too many lines have the wrong number of columns" + _OF_ROWS,
    "keys": "too many keys come with two values" + _OF_ROWS,
    "bad_rows": "too many rows are bad" + _OF_ROWS,
    "bad_rows_more_than_usual": "more rows than usual are bad" + _OF_ROWS,
    "bad_rows_of_a_store": "too many rows of {stores} are bad ({value:.1%})",
    "volume": "rows" + _OF_LAST_YEAR,
    "mean": "mean sales" + _OF_LAST_YEAR,
    "volume_of_a_store": "rows of {stores}" + _OF_LAST_YEAR,
    "mean_of_a_store": "mean sales of {stores}" + _OF_LAST_YEAR,
    "every_day": "series without rows: {gaps}",
    "lost_days": "days without any row on which they are open: {stores}, up to {value:.0f}",
    "new_stores": "new {new_stores}",
    "vanished_stores": "no sales from {vanished_stores}",
    "new_items": "new {new_items}",
    "vanished_items": "no sales of {vanished_items}",
    "similar_stores": "stores whose codes differ only in case, form or leading zeros: {similar_stores}",
    "similar_items": "items whose codes differ only in case, form or leading zeros: {similar_items}",
    "recomposed_codes": "codes that came in another Unicode form are kept composed (NFC): {recomposed_codes}",
}
"""The sentence for each expectation that is not met; `value` is the value furthest out of range."""

MEANINGS = {
    "rows": "Rows in the batch",
    "dates": "Rows without a valid date",
    "stores": "Rows that name no store",
    "items": "Rows that name no item",
    "sales": "Rows without valid sales",
    "range": "Rows with sales or dates out of range",
    "future": "Rows dated in the future",
    "shape": "Lines with the wrong number of columns",
    "keys": "Rows whose key comes with two values",
    "bad_rows": "Bad rows",
    "bad_rows_more_than_usual": "Bad rows, compared with a usual batch",
    "bad_rows_of_a_store": "Bad rows of a single store",
    "volume": "Rows, divided by those of the same weeks last year",
    "mean": "Mean sales, divided by those of the same weeks last year",
    "volume_of_a_store": "Rows of a single store, divided by those of the same weeks last year",
    "mean_of_a_store": "Mean sales of a single store, divided by those of the same weeks last year",
    "every_day": "Days that a series lacks although its store has sales",
    "lost_days": "Days without any row of a store that is usually open",
    "new_stores": "Stores without sales in the weeks before",
    "vanished_stores": "Stores with sales in the weeks before and none now",
    "new_items": "Items without sales in the weeks before",
    "vanished_items": "Items with sales in the weeks before and none now",
    "similar_stores": "New stores whose codes differ from others only in case, form or leading zeros",
    "similar_items": "New items whose codes differ from others only in case, form or leading zeros",
    "recomposed_codes": "Codes that came in another Unicode form than the composed one (NFC)",
}
"""What each expectation looks at."""


def breaches(outcomes: Sequence[Outcome], profile: BatchProfile) -> tuple[Breach, ...]:
    """The expectations that are not met, the critical ones first."""
    unmet = sorted((outcome for outcome in outcomes if not outcome.met), key=lambda it: SEVERITIES.index(it.severity))
    return tuple(
        Breach(it.severity, _sentence(it, profile), it.expectation.name, it.stores, it.expectation.alone)
        for it in unmet
    )


def _sentence(outcome: Outcome, profile: BatchProfile) -> str:
    return BREACHES[outcome.expectation.name].format(
        value=outcome.value,
        count=_count(outcome, profile),
        rows=int(profile.batch["rows"]),
        stores=named("store", outcome.stores),
        gaps=_gaps(profile.gaps),
        new_stores=named("store", profile.new_stores),
        vanished_stores=named("store", profile.vanished_stores),
        new_items=named("item", profile.new_items),
        vanished_items=named("item", profile.vanished_items),
        similar_stores=listed([" and ".join(group) for group in profile.similar_stores]),
        similar_items=listed([" and ".join(group) for group in profile.similar_items]),
        recomposed_codes=listed(profile.recomposed_codes),
    )


def _count(outcome: Outcome, profile: BatchProfile) -> int:
    """The number of rows that a share stands for."""
    is_share = outcome.expectation.column.endswith("_share")
    return round(outcome.value * profile.batch["rows"]) if is_share else 0


def limit(expectation: Expectation) -> str:
    """The range of an expectation in words: `at most 50 %`, `0.5 to 2 times`, `at least 1`, `none`."""
    low, high, column = expectation.low, expectation.high, expectation.column
    if low is not None and high is not None:
        return f"{low:g} to {high:g} times"
    if low is not None:
        return f"at least {low:g}"
    if column.endswith("_share"):
        return f"at most {100 * (high or 0):g} %"
    return "none"


UNITS = {
    "batch_rows": "row",
    "gap_days": "day",
    "lost_days": "day",
    "batch_new_stores": "store",
    "batch_vanished_stores": "store",
    "batch_new_items": "item",
    "batch_vanished_items": "item",
    "batch_similar_stores": "group",
    "batch_similar_items": "group",
    "batch_recomposed_codes": "code",
}
"""What the columns of the profile count that are neither a share nor a ratio."""


def found(outcome: Outcome, profile: BatchProfile) -> str:
    """What was found for an expectation, in words: `66.7 % (4 of 6 rows)`, `3.00 times`, `up to 2 days`, `none`."""
    column, value = outcome.expectation.column, outcome.value
    if pd.isna(value):
        return "nothing to compare with"
    if column.endswith("_ratio"):
        return f"{value:.2f} times"
    if not value and column != "batch_rows":
        return "none"
    if column in UNITS:
        return ("up to " if outcome.expectation.of_stores else "") + plural(round(value), UNITS[column])
    rows = _OF_ROWS.format(count=_count(outcome, profile), rows=int(profile.batch["rows"]))
    return f"{100 * value:.1f} %" + ("" if outcome.expectation.of_stores else rows)


def verdict(findings: Findings) -> str:
    """What became of a batch: `ingested`, `ingested with 2 warnings; store 17 refused`, `refused: ...`."""
    if findings.refusal:
        return f"refused: {findings.refusal}"
    warnings = len([breach for breach in findings.of("warning") if not breach.alone])
    words = f"ingested with {plural(warnings, 'warning')}" if warnings else "ingested"
    stores = findings.refused_stores
    return f"{words}; {named('store', stores)} refused" if stores else words


def named(noun: str, names: Sequence[str]) -> str:
    """Names with their noun: `store 2`, `stores 2, 3`."""
    return f"{noun if len(names) == 1 else f'{noun}s'} {listed(names)}"


def _gaps(gaps: pd.DataFrame) -> str:
    first = ", ".join(_gap(row) for row in gaps.head(SHOWN).itertuples())
    return first if len(gaps) <= SHOWN else f"{first} and {len(gaps) - SHOWN:,} more"


def _gap(row: Any) -> str:
    when = f"1 day ({row.first})" if row.days == 1 else f"{row.days} days ({row.first} to {row.last})"
    return f"store {row.store} item {row.item}: {when}"
