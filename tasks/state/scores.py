"""The scores table: forecast against actual by store, item and day since a model went live. Rows are only added."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy, mean
from tasks.state import delta
from tasks.state.home import Home

KEY = ["store", "release", "variant"]

SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("actual", pa.float32()),
        ("forecast", pa.float32()),
        ("release", pa.string()),
        ("variant", pa.string()),
        ("percentage_error", pa.float32()),
        ("policy", pa.string()),
    ]
)
"""`percentage_error` is absolute, in percent, null where a day does not count under the MAPE policy of that hash."""


def read(home: Home, columns: list[str] | None = None) -> pd.DataFrame:
    """All scores, or some of their columns; without rows before the first score."""
    wanted = columns or SCHEMA.names
    if not delta.exists(home.scores):
        return SCHEMA.empty_table().select(wanted).to_pandas()
    known = [name for name in delta.columns(delta.open_table(home.scores)) if name in wanted]
    return delta.read(home.scores, SCHEMA, known).to_pandas().reindex(columns=wanted)


def append(home: Home, scores: pd.DataFrame) -> int:
    """Add days that are later than all days of the same store, release and variant; the number of rows added."""
    last = _last(read(home, ["date", *KEY]))
    known = scores.merge(last, on=KEY, how="left")["last"]
    fresh = scores[(known.isna() | (scores["date"] > known.fillna(scores["date"]))).to_numpy()]
    if len(fresh):
        delta.append(home.scores, pa.Table.from_pandas(fresh, schema=SCHEMA, preserve_index=False))
    return len(fresh)


def _last(days: pd.DataFrame) -> pd.DataFrame:
    """The last day of each store, release and variant."""
    return days.groupby(KEY)["date"].max().rename("last").reset_index()


def forget(home: Home, before: date) -> int:
    """Drop the scores of days before a day, but for the last of each store, release and variant.

    Returns:
        The number of rows dropped.
    """
    if not delta.exists(home.scores):
        return 0
    with home.writing():
        table, days = delta.open_table(home.scores), read(home, ["date", *KEY])
        last = _last(days)
        old = int(((days["date"] < before) & (days["date"] < days.merge(last, on=KEY, how="left")["last"])).sum())
        if old:
            with delta.adding(home.scores) as adding:
                adding.file(_younger(home, before, last), SCHEMA)
                adding.commit(table, SCHEMA, {}, replace_all=True)
    return old


def _younger(home: Home, before: date, last: pd.DataFrame) -> Iterator[pa.Table]:
    """The scores that stay."""
    for batch in delta.batches(home.scores, SCHEMA.names):
        rows = batch.to_pandas()
        kept = (rows["date"] >= before) | (rows["date"] == rows.merge(last, on=KEY, how="left")["last"])
        yield pa.table(batch).filter(pa.array(kept))


def days(home: Home, release: str) -> dict[Any, int]:
    """Number of days on which each store's forecasts by a release were scored."""
    scores = read(home, ["date", "store", "release"])
    return scores[scores["release"] == release].groupby("store")["date"].nunique().to_dict()


def lately(home: Home, drift: DriftPolicy, policy: MapePolicy) -> dict[tuple[Any, ...], tuple[float, int]]:
    """MAPE in percent and number of scored days of each store, release and variant, over the drift policy's days.

    Days scored under another MAPE policy are left out.
    """
    scores = read(home)
    scores = scores[scores["policy"] == policy.hash]
    if not len(scores):
        return {}
    recent = scores[pd.to_datetime(scores["date"]) > pd.Timestamp(max(scores["date"])) - pd.Timedelta(days=drift.days)]
    return {
        key: (mean(mine["percentage_error"].to_numpy(), policy.min_coverage), mine["date"].nunique())
        for key, mine in recent.groupby(KEY)
    }
