"""Sales to measure on, and a retrain of them by command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample

CHAIN = Chain(stores=5, items=10, days=1826)
"""The made-up chain where no sales are given; it has as many sales as the published benchmark."""


def given() -> str | None:
    """The CSV (Kaggle's columns) that `SHELFCAST_BENCH_SALES` names, if any."""
    return os.environ.get("SHELFCAST_BENCH_SALES") or None


def sales(folder: Path) -> str:
    """The sales given, else those of `CHAIN`, written to `folder`."""
    made_up = folder / "sales.csv"
    if not given():
        write_sample(made_up, CHAIN)
    return given() or str(made_up)


def retrain(path: str, home: Path, profile: str = "standard", **environment: str) -> dict[str, Any]:
    """Ingest and retrain in a new home.

    Args:
        path: File of sales.
        home: Folder of the home, which must not be there yet.
        profile: Name of a profile of the settings. Defaults to `standard`.
        environment: Environment variables in addition to the present ones.

    Returns:
        The JSON of `shelfcast retrain`, with the seconds of both commands together as `wall`, and what the retrain
        logged as `log`.
    """
    start = time.perf_counter()
    _command(["ingest", path, "--home", str(home)], environment)
    done = _command(["retrain", "--profile", profile, "--home", str(home)], environment)
    return {**json.loads(done.stdout), "wall": time.perf_counter() - start, "log": done.stderr}


def _command(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    shelfcast = Path(sys.executable).with_name("shelfcast")
    done = subprocess.run(
        [shelfcast, *arguments, "--json"], check=False, capture_output=True, text=True, env=os.environ | environment
    )
    if done.returncode not in (0, 3):  # a candidate that the gate refuses is measured all the same
        raise SystemExit(f"shelfcast {arguments[0]} failed with exit code {done.returncode}:\n{done.stderr}")
    return done
