"""Peak memory of a retrain's two large steps, preparing the windows and fitting a network, by the number of series."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.size import ingest_apart, peak_mb
from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample

STORES = {50: 1, 500: 10, 5000: 100}
"""Number of series, and of the stores of 50 items that have them; each series has 5 years."""
VARIANT = "lstm-16"
ONE_CORE = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
"""The cores that a worker of a retrain computes on."""


def main() -> None:
    """Print a row for each number of series; every step has a process of its own, so that its memory is its own."""
    print(f"\nmemory: a retrain's steps, each in a process of its own; training is one run of {VARIANT} on one core")
    print("peak: resident memory at most; imports: the part of it that is there before the step begins")
    steps = [name for step in ("prepare", "train") for name in (f"{step} s", "peak MB", "imports MB")]
    print("".join(f"{name:>12}" for name in ("series", "rows", "windows", *steps)))
    for series, stores in STORES.items():
        _measure(series, Chain(stores=stores, items=50, days=1826, first_day=date(2021, 1, 1)))


def _measure(series: int, chain: Chain) -> None:
    with TemporaryDirectory() as folder:
        path, home = Path(folder) / "sales.parquet", Path(folder) / "home"
        write_sample(path, chain)
        ingest_apart(home, [path])
        prepared, trained = _apart("prepare", home), _apart("train", home)
    figures = [f"{series:,}", f"{chain.rows:,}", f"{prepared['windows']:,}"]
    for step in (prepared, trained):
        figures += [f"{step['seconds']:.1f}", f"{step['peak_mb']:,.0f}", f"{step['imports_mb']:,.0f}"]
    print("".join(f"{each:>12}" for each in figures), flush=True)


def _apart(step: str, home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.memory", step, str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_CORE)
    return json.loads(done.stdout.splitlines()[-1])


def _step(step: str, home: Path) -> None:
    """Run one step and print what it took; only training needs Keras."""
    from flows.settings import Settings
    from tasks.forecasting.model.variants.plan import plan, variant
    from tasks.retrain.build import build_run
    from tasks.retrain.prepare import draft, prepare
    from tasks.state.home import Home

    spec = Settings().training_spec("quick")
    candidate = draft(Home(home), replace(spec, variants=plan((VARIANT,))))
    if step == "train":
        import keras  # noqa: F401
    imports, start = peak_mb(), time.perf_counter()
    if step == "train":
        build_run(candidate, variant(VARIANT), 0)
    else:
        prepare.fn(Home(home), candidate)
    took = {"seconds": time.perf_counter() - start, "imports_mb": imports, "peak_mb": peak_mb()}
    print(json.dumps({**took, "windows": candidate.prepared.training_windows}))


if __name__ == "__main__":
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _step(sys.argv[1], Path(sys.argv[2]))
