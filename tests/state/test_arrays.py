"""Arrays and panels in files."""

import io
from pathlib import Path

import numpy as np
import pytest

from tasks.forecasting.data.windows import windows
from tasks.state.arrays import SeriesRecord, golden_rows, npy, stored_panel, transfer_bytes
from tests.forecasting.panels import panel


def test_a_panel_comes_back_and_its_sales_stay_in_their_file(tmp_path: Path) -> None:
    made = panel([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]], stores=["1", "10"], items=["a", "b"])
    (tmp_path / "sales.npy").write_bytes(npy(made.sales))
    read = stored_panel(tmp_path, SeriesRecord.model_validate_json(SeriesRecord.of(made).to_bytes()))
    assert isinstance(read.sales, np.memmap)
    for name in ("stores", "items", "dates", "sales"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))


def test_an_array_comes_back() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(np.load(io.BytesIO(npy(array))), array)


@pytest.mark.parametrize(("days", "rows"), [(3, [0, 1, 2]), (100, [0, 14, 28, 42, 56, 70, 84, 99])])
def test_golden_rows_are_spread_and_never_twice(days: int, rows: list[int]) -> None:
    measured = windows(panel([[1.0] * (14 + days)]), 14, 14 + days)
    assert golden_rows(measured).tolist() == rows


def test_a_file_is_sent_compressed() -> None:
    noise = np.random.default_rng(0).bytes(5000)
    assert transfer_bytes(bytes(5000)) < 100 and transfer_bytes(noise) >= 5000
