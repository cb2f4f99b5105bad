"""Ingest of 913,000 rows, against pandas reading the CSV and writing Parquet."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from tasks import contract
from tasks.contract import Contract
from tasks.forecasting.synthetic import Chain
from tasks.home import Home
from tasks.ingest import merge_batch, read_batch
from tasks.sample import write_sample

CHAIN = Chain(stores=10, items=50, days=1826)


def main() -> None:
    """Print the time of each step and the ratio; imports are not counted."""
    import great_expectations  # noqa: F401

    with TemporaryDirectory() as folder:
        root = Path(folder)
        rows = write_sample(root / "sales.csv", CHAIN)
        start = time.perf_counter()
        pd.read_csv(root / "sales.csv", parse_dates=["date"]).to_parquet(root / "sales.parquet")
        plain = time.perf_counter() - start
        (root / "staging").mkdir()
        times = {}
        start = time.perf_counter()
        batch = read_batch.fn([str(root / "sales.csv")], Home(root / "home"), Contract(), root / "staging")
        times["read and sift"] = time.perf_counter() - start
        contract.check(batch.checked, Contract())
        times["contract"] = time.perf_counter() - start - sum(times.values())
        merge_batch.fn(batch, Home(root / "home"))
        times["land and merge"] = time.perf_counter() - start - sum(times.values())
        whole = time.perf_counter() - start
    ratio = f"{whole / plain:.1f}x pandas' read_csv + to_parquet ({plain:.2f} s)"
    print(f"\ningest: {rows:,} rows of CSV in {whole:.2f} s, {ratio}")
    print(", ".join(f"{step} {seconds:.2f} s" for step, seconds in times.items()))
