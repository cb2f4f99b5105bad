"""Ingest at 1, 10 and 91 million rows, and a night's 50,000 rows into tables of one and of five years."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample

FIRST = date(2021, 1, 1)
SIZES = {"1 million": 11, "10 million": 110, "91 million": 1000}
"""Number of stores, each of 50 items over five years."""
NIGHTS = 30
YEARS = {"1 year": 365, "5 years": 1826}


def main() -> None:
    """Print two tables; every ingest is a process of its own, so that memory is its own."""
    with TemporaryDirectory() as folder:
        print(f"\n{'rows':>12} {'seconds':>9} {'rows/s':>10} {'us/row':>7} {'peak MB':>8}   ingest of one Parquet file")
        for stores in SIZES.values():
            _ingest(Path(folder), Chain(stores=stores, items=50, days=1826, first_day=FIRST))
        print(f"\n{'table':>12} {'first 5':>9} {'last 5':>9} {'peak MB':>8}   seconds for a night of 50,000 rows")
        for age, days in YEARS.items():
            _nights(Path(folder), age, Chain(stores=1000, items=50, days=days, first_day=FIRST))


def _ingest(folder: Path, chain: Chain) -> None:
    path = folder / f"{chain.stores}-{chain.days}.parquet"
    write_sample(path, chain)
    (took,) = ingest_apart(folder / f"home-{chain.stores}-{chain.days}", [path])
    rows, seconds = chain.rows, took["seconds"]
    print(f"{rows:12,} {seconds:9.1f} {rows / seconds:10,.0f} {1e6 * seconds / rows:7.2f} {took['peak_mb']:8,.0f}")
    path.unlink()


def _nights(folder: Path, age: str, chain: Chain) -> None:
    home = folder / f"home-{chain.stores}-{chain.days}"
    if not home.exists():
        path = folder / "year.parquet"
        write_sample(path, chain)
        ingest_apart(home, [path])
    nights = [_night(folder, chain, number) for number in range(NIGHTS)]
    took = ingest_apart(home, nights)
    first, last = (median(each["seconds"] for each in some) for some in (took[:5], took[-5:]))
    print(f"{age:>12} {first:9.2f} {last:9.2f} {took[-1]['peak_mb']:8,.0f}")


def _night(folder: Path, chain: Chain, number: int) -> Path:
    path = folder / f"night-{number}.csv"
    day = chain.first_day + timedelta(chain.days + number)
    rows = (f"{day},{store},{item},{store * item % 97}\n" for store in range(1, 1001) for item in range(1, 51))
    path.write_text("date,store,item,sales\n" + "".join(rows))
    return path


def ingest_apart(home: Path, paths: list[Path]) -> list[dict[str, Any]]:
    """Ingest one file after the other in a process of its own; the seconds of each, and the peak MB until then."""
    command = [sys.executable, "-m", "benchmarks.size", str(home), *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _ingest_all(home: str, paths: list[str]) -> None:
    import great_expectations  # noqa: F401

    from tasks.ingest.contract.expectations import Contract
    from tasks.ingest.ingest import merge_batch, read_batch, refuse_batch
    from tasks.ingest.reading.feed import Feed
    from tasks.ingest.stage import Intake
    from tasks.ingest.validate import validate
    from tasks.state.home import Home

    for path in paths:
        with TemporaryDirectory() as staging:
            start = time.perf_counter()
            batch = read_batch.fn([path], Home(Path(home)), Contract(), Path(staging), Feed(), Intake())
            findings = validate.fn(batch, Contract(), Home(Path(home)))
            if findings.refusal:
                raise SystemExit(str(refuse_batch.fn(batch, findings, Home(Path(home)))))
            merge_batch.fn(batch, findings, Home(Path(home)), Intake())
            seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}), flush=True)


def peak_mb() -> float:
    """Greatest resident memory of this program so far, in MB, on Linux; `ru_maxrss` would begin with the parent's."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


if __name__ == "__main__":
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    _ingest_all(sys.argv[1], sys.argv[2:])
