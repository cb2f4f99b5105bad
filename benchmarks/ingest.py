"""Ingest of 913,000 rows of CSV, against pandas reading it and writing Parquet, and with a plain GX checkpoint."""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from tasks.forecasting.synthetic import Chain
from tasks.ingest.contract import suite
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Findings
from tasks.ingest.ingest import merge_batch, read_batch
from tasks.ingest.reading.feed import Feed
from tasks.ingest.sample import write_sample
from tasks.ingest.stage import Intake
from tasks.state.home import Home

os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
CHAIN = Chain(stores=10, items=50, days=1826, first_day=date(2021, 1, 1))
TIMES = 7


def main() -> None:
    """Print the median time of each step and the ratios; imports are not counted."""
    import great_expectations  # noqa: F401

    with TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        rows = write_sample(path, CHAIN)
        _ours(path)  # what is loaded and compiled at first use
        runs, plain = zip(*((_ours(path), _seconds(lambda: _to_parquet(path))) for _ in range(TIMES)), strict=True)
        checked = _seconds(lambda: _to_parquet(path, check=True))
    whole, pandas = median(sum(each.values()) for each in runs), median(plain)
    print(f"\ningest: {rows:,} rows of CSV, median of {TIMES}: {whole:.2f} s")
    print(", ".join(f"{step} {median(each[step] for each in runs):.2f} s" for step in runs[0]))
    print(f"{whole / pandas:.1f}x pandas' read_csv + to_parquet ({pandas:.2f} s), run in turns")
    print(f"{whole / checked:.2f}x the same with the rules for rows as a plain GX checkpoint ({checked:.2f} s)")


def _ours(path: Path) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        home, staging = Home(Path(folder) / "home"), Path(folder) / "staging"
        staging.mkdir()
        start = time.perf_counter()
        batch = read_batch.fn([str(path)], home, Contract(), staging, Feed(), Intake())
        read = time.perf_counter()
        assert batch.staged
        suite.check(batch.staged.profile, Contract())
        checked = time.perf_counter()
        merge_batch.fn(batch, Findings(), home, Intake())
        merged = time.perf_counter()
    return {"read, check and profile": read - start, "contract": checked - read, "land and merge": merged - checked}


def _seconds(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _to_parquet(path: Path, check: bool = False) -> None:
    frame = pd.read_csv(path, parse_dates=["date"])
    if check:
        assert _checkpoint(frame).success
    frame.to_parquet(path.with_suffix(".parquet"))


def _checkpoint(frame: pd.DataFrame) -> Any:
    """The result of a checkpoint that asks of rows what the contract does, in pandas, as the manual shows it."""
    import great_expectations as gx
    from great_expectations import expectations as expect

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("sales").add_dataframe_asset("batch")
    suite = context.suites.add(
        gx.ExpectationSuite(
            name="sales",
            expectations=[
                expect.ExpectTableRowCountToBeBetween(min_value=1),
                *(expect.ExpectColumnValuesToNotBeNull(column=name) for name in ("date", "store", "item", "sales")),
                expect.ExpectColumnValuesToBeBetween(column="sales", min_value=0, max_value=1_000_000),
                expect.ExpectColumnValuesToBeBetween(
                    column="date", min_value=pd.Timestamp(2000, 1, 1), max_value=pd.Timestamp.today()
                ),
                expect.ExpectCompoundColumnsToBeUnique(column_list=["date", "store", "item"]),
            ],
        )
    )
    definition = gx.ValidationDefinition(
        name="sales", data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
    )
    checkpoint = gx.Checkpoint(name="sales", validation_definitions=[context.validation_definitions.add(definition)])
    return context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
