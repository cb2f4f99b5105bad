"""Every variant of the standard profile on real sales, through the command line."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import retrain


def main() -> None:
    """Ingest the sales given into an empty home and print the comparison table of a standard retrain."""
    sales = retrain.given()
    if sales is None:
        print("\naccuracy: set SHELFCAST_BENCH_SALES to a CSV of sales to measure every variant on it")
        return
    shelfcast = Path(sys.executable).with_name("shelfcast")
    with TemporaryDirectory() as home:
        for command in (["ingest", sales], ["retrain"], ["retrain", "--recipe", "level"]):
            subprocess.run([shelfcast, *command, "--quiet", "--home", home], check=True)
