"""The sales table's rows as a frame, for tests that look at single rows."""

import pandas as pd
import pyarrow as pa

from tasks.state import delta
from tasks.state.home import Home
from tasks.state.sales_table import COLUMNS


def sales_rows(home: Home, version: int | None = None) -> pd.DataFrame:
    """All rows of a version: date, store, item, sales. Defaults to the current version."""
    rows = pa.Table.from_batches(delta.batches(home.sales, COLUMNS.names, version=version)).to_pandas()
    assert not rows.duplicated(["date", "store", "item"]).any()
    return rows
