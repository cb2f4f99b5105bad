"""The hash of rows used: against a loop over rows, and told apart where rows differ."""

import struct
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.fingerprint import fingerprint
from tasks.forecasting.data.panel import Panel
from tests.forecasting.panels import panel_of

EPOCH = pd.Timestamp("1970-01-01")


def rows() -> pd.DataFrame:
    """Three series of 20 days, some of them missing, codes of several bytes a letter."""
    codes = [("2", "9"), ("10", "1"), ("Köln", "3")]
    blocks = [
        pd.DataFrame(
            {"date": pd.date_range("2024-01-01", periods=20), "store": store, "item": item, "sales": range(20)}
        )
        for store, item in codes
    ]
    return pd.concat(blocks).reset_index(drop=True).drop([3, 30, 31])


def by_loop(table: pd.DataFrame) -> str:
    """Row after row, as the docstring has it."""
    content = b""
    for (store, item), series in sorted(table.groupby(["store", "item"])):
        of_series = series.sort_values("date")
        content += struct.pack("<3I", len(store.encode()), len(item.encode()), len(series))
        content += store.encode() + item.encode()
        content += b"".join(struct.pack("<i", (when - EPOCH).days) for when in of_series["date"])
        content += b"".join(struct.pack("<f", sales) for sales in of_series["sales"])
    return sha256(content).hexdigest()


def test_as_documented() -> None:
    assert fingerprint(panel_of(rows())).rows_sha256 == by_loop(rows())
    assert fingerprint(panel_of(rows())).rows_used == len(rows()) == 57


def test_known_by_heart() -> None:
    """Releases are compared over years: the form of the hash must not change."""
    assert fingerprint(panel_of(rows())).rows_sha256[:16] == "b7651abaf6d9805b"


def test_the_order_of_rows_and_the_span_of_the_panel_do_not_matter() -> None:
    made = panel_of(rows())
    empty = np.full((3, 5), np.nan, np.float32)
    wider = replace(
        made, dates=made.dates[0] + np.arange(-5, 25), sales=np.hstack([empty, made.sales, empty]).astype(np.float32)
    )
    backwards = Panel(made.stores[::-1], made.items[::-1], made.dates, made.sales[::-1])
    for other in (panel_of(rows().sample(frac=1, random_state=5)), wider, backwards):
        assert fingerprint(other) == fingerprint(made)


def _one_unit_more(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(sales=np.where(table.index == 25, table["sales"] + 1, table["sales"]))


def _a_day_later(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(date=table["date"] + pd.Timedelta(days=1))


@pytest.mark.parametrize(
    "change",
    [
        _one_unit_more,
        _a_day_later,
        lambda table: table.drop([25]),
        lambda table: table.assign(store=table["store"].replace("2", "29"), item=table["item"].replace("9", "")),
        lambda table: table.replace({"store": {"2": "10", "10": "2"}}),
    ],
    ids=["one unit more", "a day later", "a row less", "a code cut elsewhere", "stores swapped"],
)
def test_other_rows_have_another_hash(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    assert fingerprint(panel_of(change(rows()))).rows_sha256 != fingerprint(panel_of(rows())).rows_sha256
